//! `/o/oauth2/v2/auth`: asks the user, and sends the browser back with a code or a refusal.
//!
//! GET shows the consent page, or approves at once with `auto_consent`; POST is that page's form. A request
//! that can't be trusted to come back to its client is answered with a page, never with a redirect.

use std::collections::BTreeSet;

use axum::body::{Body, to_bytes};
use axum::extract::State;
use http::{Method, Request, Response, StatusCode, Uri};
use jiff::Timestamp;

use super::grants::Consent;
use super::scopes::{self, is_identity};
use super::{FORM_BYTES_MAX, clients, through_faults};
use crate::Simulator;
use crate::answer::{Answer, Delivery, deliver};
use crate::options::SimulatorOptions;
use crate::pages::consent;
use crate::query::Query;
use crate::world::{NewAccount, World};

/// Google names itself in the answer (RFC 9207).
const ISSUER: &str = "https://accounts.google.com";

/// What a client asks for.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) client_id: String,
    redirect_uri: String,
    pub(crate) scopes: BTreeSet<String>,
    state: Option<String>,
    pub(crate) login_hint: Option<String>,
    offline: bool,
    prompt: Option<String>,
    include_granted: bool,
    challenge: Option<String>,
    nonce: Option<String>,
}

pub(crate) async fn endpoint(State(simulator): State<Simulator>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let in_query = Query::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let delivery = match (&parts.method, to_bytes(body, FORM_BYTES_MAX).await) {
        (_, Err(_)) => Answer::empty(StatusCode::PAYLOAD_TOO_LARGE).into(),
        (&Method::POST, Ok(form)) => perform(&simulator, &Query::parse(&form), true),
        _ => perform(&simulator, &in_query, false),
    };
    deliver(&simulator, delivery, false).await
}

fn perform(simulator: &Simulator, query: &Query, decided: bool) -> Delivery {
    let now = simulator.now();
    let options = simulator.options();
    let mut world = simulator.world();
    let email = query.get("account").or(query.get("login_hint")).map(str::to_lowercase);
    through_faults(&mut world, "auth", email.as_deref(), |world, _| {
        let ask = match Ask::read(query, options) {
            Ok(ask) => ask,
            Err((error, detail)) => return consent::refusal(error, &detail),
        };
        if decided {
            return decide(world, &ask, query, now);
        }
        if ask.prompt.as_deref() == Some("none") {
            return silently(world, &ask, now);
        }
        if options.auto_consent {
            return automatically(world, &ask, now);
        }
        consent::page(world, &ask, query)
    })
}

/// The decision made on the consent page.
fn decide(world: &mut World, ask: &Ask, form: &Query, now: Timestamp) -> Answer {
    if form.get("decision") != Some("allow") {
        return ask.refused("access_denied");
    }
    let Some(email) = form.get("account").map(|email| email.trim().to_lowercase()) else {
        return consent::refusal("invalid_request", "Choose an account.");
    };
    let boxes: BTreeSet<String> = form.all("granted").map(str::to_owned).collect();
    let chosen =
        ask.scopes.iter().filter(|scope| is_identity(scope) || boxes.contains(*scope)).cloned().collect();
    approve(world, ask, &email, chosen, now)
}

/// `prompt=none`: only what was consented to before, and without a word.
fn silently(world: &mut World, ask: &Ask, now: Timestamp) -> Answer {
    let Some(email) = ask.login_hint.clone() else { return ask.refused("interaction_required") };
    let granted = world.grants.grant(&email, &ask.client_id).map(|grant| grant.scopes.clone());
    match granted {
        Some(granted) if ask.scopes.is_subset(&granted) => {
            approve(world, ask, &email, ask.scopes.clone(), now)
        }
        _ => ask.refused("interaction_required"),
    }
}

fn automatically(world: &mut World, ask: &Ask, now: Timestamp) -> Answer {
    let email = ask.login_hint.clone().or_else(|| world.accounts.keys().next().cloned());
    match email {
        Some(email) => approve(world, ask, &email, ask.scopes.clone(), now),
        None => {
            consent::refusal("invalid_request", "There is no account yet: add one, or send a login_hint.")
        }
    }
}

fn approve(
    world: &mut World,
    ask: &Ask,
    email: &str,
    mut scopes: BTreeSet<String>,
    now: Timestamp,
) -> Answer {
    if !email.contains('@') {
        return consent::refusal("invalid_request", "That is not the address of an account.");
    }
    if !world.accounts.contains_key(email) {
        world.add_account(NewAccount::of(email), now);
    }
    let grant = world.grants.grant(email, &ask.client_id);
    let has_refresh_token = grant.is_some_and(|grant| !grant.refresh_tokens.is_empty());
    if ask.include_granted {
        scopes.extend(grant.into_iter().flat_map(|grant| grant.scopes.iter().cloned()));
    }
    let scope = scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    let consent = Consent {
        email: email.to_owned(),
        client_id: ask.client_id.clone(),
        redirect_uri: ask.redirect_uri.clone(),
        scopes,
        challenge: ask.challenge.clone(),
        nonce: ask.nonce.clone(),
        // Only the first consent gives one, unless the client insists.
        refresh_token: ask.offline && (!has_refresh_token || ask.prompt.as_deref() == Some("consent")),
    };
    let code = world.grants.code_for(consent, now, &mut world.random);
    let hd = world.accounts.get(email).and_then(|account| account.hd.clone());
    let mut answer =
        vec![("iss", ISSUER), ("code", &code), ("scope", &scope), ("authuser", "0"), ("prompt", "consent")];
    answer.extend(hd.as_deref().map(|hd| ("hd", hd)));
    ask.back(&answer)
}

impl Ask {
    /// `Err` is Google's error name with its detail, to be shown and not sent back.
    fn read(query: &Query, options: &SimulatorOptions) -> Result<Self, (&'static str, String)> {
        let required = |name: &'static str| {
            query.get(name).ok_or(("invalid_request", format!("Missing required parameter: {name}")))
        };
        let client_id = required("client_id")?;
        if !clients::exists(options, client_id) {
            return Err(("invalid_client", "The OAuth client was not found.".to_owned()));
        }
        let redirect_uri = required("redirect_uri")?;
        let scheme = redirect_uri.parse::<Uri>().ok().and_then(|uri| uri.scheme_str().map(str::to_owned));
        if !matches!(scheme.as_deref(), Some("http" | "https")) || redirect_uri.contains('#') {
            return Err((
                "redirect_uri_mismatch",
                "The redirect_uri is not an address of a web server.".to_owned(),
            ));
        }
        if required("response_type")? != "code" {
            return Err(("unsupported_response_type", "Only response_type=code is served.".to_owned()));
        }
        let scopes = scopes::parse(required("scope")?)
            .map_err(|scope| ("invalid_scope", format!("Some requested scopes were invalid: {scope}")))?;
        let challenge = query.get("code_challenge").map(str::to_owned);
        if challenge.is_some() && query.get("code_challenge_method") != Some("S256") {
            return Err(("invalid_request", "Only code_challenge_method=S256 is served.".to_owned()));
        }
        let text = |name: &str| query.get(name).map(str::to_owned);
        Ok(Self {
            client_id: client_id.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            scopes,
            state: text("state"),
            login_hint: text("login_hint").map(|hint| hint.to_lowercase()),
            offline: query.get("access_type") == Some("offline"),
            prompt: text("prompt"),
            include_granted: query.get("include_granted_scopes") == Some("true"),
            challenge,
            nonce: text("nonce"),
        })
    }

    fn refused(&self, error: &str) -> Answer {
        self.back(&[("iss", ISSUER), ("error", error)])
    }

    /// Sends the browser back to the client.
    fn back(&self, answer: &[(&str, &str)]) -> Answer {
        let state = self.state.as_deref().map(|state| ("state", state));
        let mut encoded = form_urlencoded::Serializer::new(String::new());
        encoded.extend_pairs(state).extend_pairs(answer);
        let separator = if self.redirect_uri.contains('?') { '&' } else { '?' };
        Answer::redirect(StatusCode::FOUND, &format!("{}{separator}{}", self.redirect_uri, encoded.finish()))
    }
}
