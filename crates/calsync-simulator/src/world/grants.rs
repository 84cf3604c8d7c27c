//! Codes, tokens and grants.
//!
//! A grant is one account's consent to one client; all its tokens live and die with it. Tokens are never removed
//! but marked by their grant, so that a late one is refused as Google refuses it.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::api_error::ApiError;
use crate::random::Random;

pub(crate) const ACCESS_TOKEN_LIFE: SignedDuration = SignedDuration::from_hours(1);
const CODE_LIFE: SignedDuration = SignedDuration::from_mins(10);
/// A refresh token that isn't used for six months dies.
const REFRESH_TOKEN_IDLE: SignedDuration = SignedDuration::from_hours(183 * 24);
/// Above this many for one account and client, the oldest dies silently.
pub(crate) const REFRESH_TOKENS_MAX: usize = 100;

#[derive(Debug, Default)]
pub(crate) struct Grants {
    codes: HashMap<String, Code>,
    access: HashMap<String, Arc<AccessToken>>,
    refresh: HashMap<String, RefreshToken>,
    /// Live grants by account and client.
    live: BTreeMap<(String, String), Grant>,
    /// Grants that were ended, oldest first.
    pub(crate) ended: Vec<EndedGrant>,
}

/// What was consented to.
#[derive(Debug, Clone)]
pub(crate) struct Consent {
    pub(crate) email: String,
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) scopes: BTreeSet<String>,
    /// The S256 challenge of PKCE.
    pub(crate) challenge: Option<String>,
    pub(crate) nonce: Option<String>,
    /// Whether a refresh token is to be given.
    pub(crate) refresh_token: bool,
}

#[derive(Debug)]
struct Code {
    consent: Consent,
    expires_at: Timestamp,
    used: bool,
}

#[derive(Debug)]
struct AccessToken {
    caller: Caller,
    /// `None`: a control token, which never dies.
    expires_at: Option<Timestamp>,
}

/// Who calls, by an access token.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) email: String,
    pub(crate) client_id: String,
    pub(crate) scopes: Arc<BTreeSet<String>>,
}

#[derive(Debug, Clone)]
struct RefreshToken {
    email: String,
    client_id: String,
    last_used: Timestamp,
    /// The one that ends when this one is first used.
    replaces: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Grant {
    pub(crate) scopes: BTreeSet<String>,
    pub(crate) access_token: Option<String>,
    /// Live ones, oldest first.
    pub(crate) refresh_tokens: VecDeque<String>,
    pub(crate) issued_at: Timestamp,
    pub(crate) last_used_at: Timestamp,
    /// When it ends by itself, if it was given for a limited time.
    pub(crate) ends_at: Option<Timestamp>,
}

/// A grant that is no more, with what Google would leave to see of it.
#[derive(Debug, Clone)]
pub(crate) struct EndedGrant {
    pub(crate) email: String,
    pub(crate) client_id: String,
    pub(crate) cause: &'static str,
    pub(crate) ended_at: Timestamp,
    pub(crate) issued_at: Timestamp,
    pub(crate) last_used_at: Timestamp,
    /// Refresh tokens that were issued for the same account and client by then.
    pub(crate) refresh_tokens: usize,
}

/// Why a code isn't worth a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeRefusal {
    Malformed,
    UsedOrExpired,
}

/// Fresh tokens of a grant.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) access_token: String,
    pub(crate) refresh_token: Option<String>,
    /// How much longer the grant lasts, if it was given for a limited time.
    pub(crate) access_for: Option<SignedDuration>,
    pub(crate) email: String,
    pub(crate) scopes: BTreeSet<String>,
}

impl Caller {
    /// The user itself, at Google's own pages.
    pub(crate) fn user(email: &str) -> Self {
        Self { email: email.to_owned(), client_id: "google".to_owned(), scopes: Arc::default() }
    }

    /// The Google Cloud project of the client: the number that its id begins with.
    pub(crate) fn project(&self) -> &str {
        self.client_id.split('-').next().unwrap_or_default()
    }
}

impl Grants {
    pub(crate) fn code_for(&mut self, consent: Consent, now: Timestamp, random: &mut Random) -> String {
        let code = random.token("4/0A", 68);
        let expires_at = now + CODE_LIFE;
        self.codes.insert(code.clone(), Code { consent, expires_at, used: false });
        code
    }

    /// What a code stands for, for fault rules; doesn't use it up.
    pub(crate) fn account_of_code(&self, code: &str) -> Option<&str> {
        self.codes.get(code).map(|code| code.consent.email.as_str())
    }

    /// Uses a code up. A code that comes twice ends what it was good for the first time.
    pub(crate) fn redeem(&mut self, code: &str, now: Timestamp) -> Result<Consent, CodeRefusal> {
        let known = self.codes.get_mut(code).ok_or(CodeRefusal::Malformed)?;
        if std::mem::replace(&mut known.used, true) || known.expires_at <= now {
            return Err(CodeRefusal::UsedOrExpired);
        }
        Ok(known.consent.clone())
    }

    /// Opens or widens the grant, `access_for` a limited time or without an end, and gives its tokens.
    pub(crate) fn open(
        &mut self,
        consent: Consent,
        access_for: Option<SignedDuration>,
        now: Timestamp,
        random: &mut Random,
    ) -> Issued {
        let key = (consent.email.clone(), consent.client_id.clone());
        let grant = self.live.entry(key).or_insert_with(|| Grant {
            scopes: BTreeSet::new(),
            access_token: None,
            refresh_tokens: VecDeque::new(),
            issued_at: now,
            last_used_at: now,
            ends_at: None,
        });
        grant.ends_at = access_for.map(|access_for| now + access_for);
        grant.scopes.extend(consent.scopes.iter().cloned());
        let refresh_token = consent.refresh_token.then(|| random.token("1//0", 96));
        if let Some(token) = &refresh_token {
            grant.refresh_tokens.push_back(token.clone());
            let too_many = grant.refresh_tokens.len() > REFRESH_TOKENS_MAX;
            if too_many && let Some(oldest) = grant.refresh_tokens.pop_front() {
                self.refresh.remove(&oldest);
            }
            let (email, client_id) = (consent.email.clone(), consent.client_id.clone());
            self.refresh
                .insert(token.clone(), RefreshToken { email, client_id, last_used: now, replaces: None });
        }
        let access_token =
            self.mint(&consent.email, &consent.client_id, consent.scopes.clone(), Some(now), random);
        Issued { access_token, refresh_token, access_for, email: consent.email, scopes: consent.scopes }
    }

    pub(crate) fn account_of_refresh_token(&self, token: &str) -> Option<&str> {
        self.refresh.get(token).map(|token| token.email.as_str())
    }

    /// A new access token for a refresh token of this client, and, if they rotate, another refresh token;
    /// `None` is `invalid_grant`.
    pub(crate) fn refresh(
        &mut self,
        token: &str,
        client_id: &str,
        rotate: bool,
        now: Timestamp,
        random: &mut Random,
    ) -> Option<Issued> {
        let known = self.refresh.get_mut(token).filter(|known| known.client_id == client_id)?;
        if now.duration_since(known.last_used) > REFRESH_TOKEN_IDLE {
            return None;
        }
        let email = known.email.clone();
        let grant = self.live.get_mut(&(email.clone(), client_id.to_owned()))?;
        let access_for = grant.ends_at.map(|end| end.duration_since(now));
        if access_for.is_some_and(|left| !left.is_positive()) {
            self.end(&email, client_id, "time_based", now);
            return None;
        }
        (known.last_used, grant.last_used_at) = (now, now);
        let scopes = grant.scopes.clone();
        let replaced = known.replaces.take();
        let refresh_token = rotate.then(|| random.token("1//0", 96));
        grant.refresh_tokens.retain(|one| Some(one) != replaced.as_ref());
        grant.refresh_tokens.extend(refresh_token.clone());
        if let Some(replaced) = replaced {
            self.refresh.remove(&replaced);
        }
        if let Some(fresh) = &refresh_token {
            let (email, client_id) = (email.clone(), client_id.to_owned());
            let replaces = Some(token.to_owned());
            self.refresh.insert(fresh.clone(), RefreshToken { email, client_id, last_used: now, replaces });
        }
        let access_token = self.mint(&email, client_id, scopes.clone(), Some(now), random);
        Some(Issued { access_token, refresh_token, access_for, email, scopes })
    }

    /// An access token; without a time of issue it never expires and belongs to no grant.
    pub(crate) fn mint(
        &mut self,
        email: &str,
        client_id: &str,
        scopes: BTreeSet<String>,
        issued_at: Option<Timestamp>,
        random: &mut Random,
    ) -> String {
        let token = random.token("ya29.a0", 120);
        let caller =
            Caller { email: email.to_owned(), client_id: client_id.to_owned(), scopes: Arc::new(scopes) };
        let expires_at = issued_at.map(|at| at + ACCESS_TOKEN_LIFE);
        self.access.insert(token.clone(), Arc::new(AccessToken { caller, expires_at }));
        if let Some(grant) = self.live.get_mut(&(email.to_owned(), client_id.to_owned())) {
            grant.access_token = Some(token.clone());
        }
        token
    }

    /// Who calls with this access token.
    pub(crate) fn caller(&self, token: Option<&str>, now: Timestamp) -> Result<Caller, ApiError> {
        let token = token.ok_or_else(ApiError::login_required)?;
        let known = self.access.get(token).ok_or_else(ApiError::unauthenticated)?;
        if known.expires_at.is_some_and(|at| at <= now) {
            return Err(ApiError::unauthenticated());
        }
        Ok(known.caller.clone())
    }

    /// Whose a token of either kind is, when it is alive.
    pub(crate) fn owner_of(&self, token: &str, now: Timestamp) -> Option<(String, String)> {
        if let Some(refresh) = self.refresh.get(token) {
            return Some((refresh.email.clone(), refresh.client_id.clone()));
        }
        let access = self.access.get(token).filter(|access| access.expires_at.is_some_and(|at| at > now))?;
        Some((access.caller.email.clone(), access.caller.client_id.clone()))
    }

    pub(crate) fn live(&self) -> impl Iterator<Item = (&(String, String), &Grant)> {
        self.live.iter()
    }

    pub(crate) fn grant(&self, email: &str, client_id: &str) -> Option<&Grant> {
        self.live.get(&(email.to_owned(), client_id.to_owned()))
    }

    /// Ends a grant: every token and every scope of it. The record gets the dates that the cause implies.
    pub(crate) fn end(&mut self, email: &str, client_id: &str, cause: &'static str, now: Timestamp) -> bool {
        let Some(grant) = self.live.remove(&(email.to_owned(), client_id.to_owned())) else { return false };
        for token in &grant.refresh_tokens {
            self.refresh.remove(token);
        }
        self.access.retain(|_, access| {
            let caller = &access.caller;
            access.expires_at.is_none() || caller.email != email || caller.client_id != client_id
        });
        let mut record = EndedGrant {
            email: email.to_owned(),
            client_id: client_id.to_owned(),
            cause,
            ended_at: now,
            issued_at: grant.issued_at,
            last_used_at: grant.last_used_at,
            refresh_tokens: grant.refresh_tokens.len(),
        };
        match cause {
            "unused" => {
                record.last_used_at = record.last_used_at.min(now - REFRESH_TOKEN_IDLE);
                record.issued_at = record.issued_at.min(record.last_used_at);
            }
            "testing" => record.issued_at = record.issued_at.min(now - SignedDuration::from_hours(7 * 24)),
            "too_many" => record.refresh_tokens = REFRESH_TOKENS_MAX + 1,
            _ => {}
        }
        self.ended.push(record);
        true
    }

    /// The clients that an account has granted something to.
    pub(crate) fn clients_of(&self, email: &str) -> Vec<String> {
        self.live.keys().filter(|(owner, _)| owner == email).map(|(_, client)| client.clone()).collect()
    }
}
