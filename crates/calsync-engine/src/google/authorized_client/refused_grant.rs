//! Google refuses a grant. It may be over; or Google refuses everybody's for a while, or all of one domain, and then
//! nobody is to be told that they have to connect again. Others' grants are tried at the same moment, and
//! [`calsync_core::grant`] says what their answers mean.

use calsync_core::env::bytes;
use calsync_core::grant::{DOUBT_MAX, OTHERS_ASKED, Sample, SampleResult};
use calsync_core::outcome::Operation;
use calsync_core::pause::{PROBE_EVERY, PauseScope};
use calsync_core::reason::Reason;
use calsync_google::Failure;
use calsync_store::integrations::{self, IntegrationWithTokens, OtherGrant};
use calsync_store::pauses::{self, NewPause};
use futures_util::future::join_all;

use super::tokens::is_over;
use super::{AuthorizedClient, Lane};
use crate::EngineError;
use crate::google::CallError;
use crate::transaction::retrying_tx;

/// Connections of which those to ask are chosen, by chance: a few of them may be over without anybody's knowledge.
const CHOSEN_FROM: i64 = 50;

/// Whose grants may be tried, each of another account.
struct Candidates {
    of_domain: Vec<OtherGrant>,
    anywhere: Vec<OtherGrant>,
}

impl AuthorizedClient {
    /// What it means that Google refused the grant, as `refused` says: the likely cause of its end, or that it is in
    /// doubt.
    pub(super) async fn judge(&self, refused: Failure) -> Result<Failure, EngineError> {
        if matches!(self.lane, Lane::CleanUp(_)) {
            return Ok(refused);
        }
        let (google, now) = (&self.google, self.google.now());
        let mut tx = google.store().read().await?;
        let client_id = google.client().client_id();
        let cause = integrations::dead_grant(&mut tx, &self.integration_id, client_id, now).await?.cause();
        let pauses = pauses::of_grants(&mut tx, self.domain.as_deref()).await?;
        drop(tx);
        let in_doubt = Failure { reason: Reason::GrantInDoubt, ..refused.clone() };
        // Google names no cause. Our own dates and counts may show one.
        let reason = if refused.reason == Reason::GrantUnknown { cause.reason() } else { refused.reason };
        let ended = Failure { reason, ..refused };
        let mut doubts = pauses.iter().filter(|pause| pause.reason == Reason::GrantInDoubt);
        if cause.is_proven() {
            return Ok(ended);
        }
        if doubts.clone().any(|doubt| doubt.stands(now)) {
            return Ok(in_doubt);
        }
        // It lasts for too long to be Google's mistake.
        if doubts.next().is_some() {
            return Ok(ended);
        }
        Ok(match self.result().await? {
            SampleResult::Ended => ended,
            SampleResult::Wave | SampleResult::Unclear => in_doubt,
        })
    }

    /// What others are answered at this moment: those of the domain first, if there are enough. Where many are refused,
    /// a pause begins; a deployment of fewer accounts knows no wave.
    async fn result(&self) -> Result<SampleResult, EngineError> {
        let Candidates { of_domain, anywhere } = self.candidates().await?;
        let (scope, key) = match &self.domain {
            Some(domain) if of_domain.len() >= OTHERS_ASKED => {
                let result = self.ask(of_domain).await?.result();
                if result != SampleResult::Wave {
                    return Ok(result);
                }
                let mut elsewhere = anywhere;
                elsewhere.retain(|other| other.account_domain.as_ref() != Some(domain));
                let is_of_domain = elsewhere.len() < OTHERS_ASKED
                    || match self.ask(elsewhere).await?.result() {
                        SampleResult::Unclear => return Ok(SampleResult::Unclear),
                        result => result == SampleResult::Ended,
                    };
                if is_of_domain { (PauseScope::Domain, domain.as_str()) } else { (PauseScope::Client, "") }
            }
            _ if anywhere.len() < OTHERS_ASKED => return Ok(SampleResult::Ended),
            _ => match self.ask(anywhere).await?.result() {
                SampleResult::Wave => (PauseScope::Client, ""),
                result => return Ok(result),
            },
        };
        self.begin_doubt(scope, key).await?;
        Ok(SampleResult::Wave)
    }

    async fn candidates(&self) -> Result<Candidates, EngineError> {
        let mut tx = self.google.store().read().await?;
        let mut of_domain = Vec::new();
        if let Some(domain) = &self.domain {
            of_domain = integrations::others(&mut tx, &self.account.key, Some(domain), CHOSEN_FROM).await?;
        }
        let mut anywhere = integrations::others(&mut tx, &self.account.key, None, CHOSEN_FROM).await?;
        for others in [&mut of_domain, &mut anywhere] {
            others.sort_unstable_by(|one, other| one.account_sub.cmp(&other.account_sub));
            others.dedup_by(|one, other| one.account_sub == other.account_sub);
        }
        Ok(Candidates { of_domain, anywhere })
    }

    /// Tries the grants of some of `others`, at once.
    async fn ask(&self, mut others: Vec<OtherGrant>) -> Result<Sample, EngineError> {
        let chance: [u8; OTHERS_ASKED] = bytes(self.google.entropy());
        let mut chosen = Vec::new();
        for byte in chance {
            if others.is_empty() || !self.may_send() {
                break;
            }
            chosen.push(others.swap_remove(usize::from(byte) % others.len()));
        }
        let mut sample = Sample::default();
        // Each goes to its end, also where another fails: Google may have answered with a new refresh token.
        for answer in join_all(chosen.iter().map(|other| self.is_accepted(&other.id))).await {
            match answer? {
                Some(true) => sample.accepted += 1,
                Some(false) => sample.refused += 1,
                None => {}
            }
        }
        Ok(sample)
    }

    /// Whether Google takes the grant of another connection, by renewing its token; `None`: it can't be told now.
    async fn is_accepted(&self, id: &str) -> Result<Option<bool>, EngineError> {
        let (google, store) = (&self.google, self.google.store());
        let mut tx = store.read().await?;
        let loaded = integrations::load(&mut tx, store.keyring(), id).await?;
        drop(tx);
        let Some(IntegrationWithTokens { integration, tokens, .. }) = loaded else { return Ok(None) };
        let Some(Ok(refresh_token)) = tokens.refresh else { return Ok(None) };
        let other = Self::new(google, &integration, Lane::Pass, || true);
        let answer = match other.refresh_by_claim(tokens.version, &refresh_token).await {
            Ok(_) => Some(true),
            Err(CallError::Unauthorized(failure)) => {
                other.journal.note(None, Operation::Refresh, Err(&failure));
                is_over(failure.reason).then_some(false)
            }
            Err(CallError::Engine(error)) => return Err(error),
            Err(CallError::PutOff { .. } | CallError::Failed(_)) => None,
        };
        let noted = other.journal.take();
        if !noted.is_empty() {
            retrying_tx!(google, |tx| other.journal.store(tx, &noted).await?)?;
        }
        Ok(answer)
    }

    async fn begin_doubt(&self, scope: PauseScope, key: &str) -> Result<(), EngineError> {
        let (google, now) = (&self.google, self.google.now());
        let later = |wait| now.saturating_add(wait).unwrap_or(now);
        let (probe_at, until) = (later(PROBE_EVERY), Some(later(DOUBT_MAX)));
        let doubt = NewPause { scope, key, reason: Reason::GrantInDoubt, probe_at, until };
        tracing::error!(scope = scope.name(), key, "paused: Google refuses the grants of many at once");
        retrying_tx!(google, |tx| pauses::begin(tx, &google.new_id(), doubt, now).await?)
    }
}
