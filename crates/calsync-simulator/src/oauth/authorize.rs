//! `/o/oauth2/v2/auth`: asks the user, and sends the browser back with a code or a refusal.
//!
//! GET shows the consent page, or approves at once with `auto_consent`; POST is that page's form. A request
//! that can't be trusted to come back to its client is answered with a page, never with a redirect.

use std::collections::BTreeSet;

use axum::body::{Body, to_bytes};
use axum::extract::State;
use http::{Method, Request, Response, StatusCode};
use jiff::Timestamp;

use super::authorization_request::AuthorizationRequest;
use super::scopes::is_identity;
use super::{FORM_BYTES_MAX, consent, through_faults};
use crate::answer::Answer;
use crate::app_state::AppState;
use crate::delivery::{Delivery, deliver};
use crate::query::Query;
use crate::world::grants::Consent;
use crate::world::{NewAccount, World};

pub(crate) async fn endpoint(State(state): State<AppState>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let in_query = Query::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let delivery = match (&parts.method, to_bytes(body, FORM_BYTES_MAX).await) {
        (_, Err(_)) => Answer::empty(StatusCode::PAYLOAD_TOO_LARGE).into(),
        (&Method::POST, Ok(form)) => perform(&state, &Query::parse(&form), true),
        _ => perform(&state, &in_query, false),
    };
    deliver(&state, delivery, false).await
}

fn perform(state: &AppState, query: &Query, decided: bool) -> Delivery {
    let now = state.now();
    let options = state.options();
    let mut world = state.world();
    let email = query.get("account").or(query.get("login_hint")).map(str::to_lowercase);
    through_faults(&mut world, "auth", email.as_deref(), |world, _| {
        let request = match AuthorizationRequest::read(query, options) {
            Ok(request) => request,
            Err((error, detail)) => return consent::refusal(error, &detail),
        };
        if decided {
            return decide(world, &request, query, now);
        }
        if request.prompt.as_deref() == Some("none") {
            return silently(world, &request, now);
        }
        if options.auto_consent {
            return automatically(world, &request, now);
        }
        consent::page(world, &request, query)
    })
}

/// The decision made on the consent page.
fn decide(world: &mut World, request: &AuthorizationRequest, form: &Query, now: Timestamp) -> Answer {
    if form.get("decision") != Some("allow") {
        return request.refused("access_denied");
    }
    let Some(email) = form.get("account").map(|email| email.trim().to_lowercase()) else {
        return consent::refusal("invalid_request", "Choose an account.");
    };
    let boxes: BTreeSet<String> = form.all("granted").map(str::to_owned).collect();
    let chosen =
        request.scopes.iter().filter(|scope| is_identity(scope) || boxes.contains(*scope)).cloned().collect();
    approve(world, request, &email, chosen, now)
}

/// `prompt=none`: only what was consented to before, and without a word.
fn silently(world: &mut World, request: &AuthorizationRequest, now: Timestamp) -> Answer {
    let Some(email) = request.login_hint.clone() else { return request.refused("interaction_required") };
    let granted = world.grants.grant(&email, &request.client_id).map(|grant| grant.scopes.clone());
    match granted {
        Some(granted) if request.scopes.is_subset(&granted) => {
            approve(world, request, &email, request.scopes.clone(), now)
        }
        _ => request.refused("interaction_required"),
    }
}

fn automatically(world: &mut World, request: &AuthorizationRequest, now: Timestamp) -> Answer {
    let email = request.login_hint.clone().or_else(|| world.accounts.keys().next().cloned());
    match email {
        Some(email) => approve(world, request, &email, request.scopes.clone(), now),
        None => {
            consent::refusal("invalid_request", "There is no account yet: add one, or send a login_hint.")
        }
    }
}

fn approve(
    world: &mut World,
    request: &AuthorizationRequest,
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
    let grant = world.grants.grant(email, &request.client_id);
    let has_refresh_token = grant.is_some_and(|grant| !grant.refresh_tokens.is_empty());
    if request.include_granted {
        scopes.extend(grant.into_iter().flat_map(|grant| grant.scopes.iter().cloned()));
    }
    let scope = scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    let consent = Consent {
        email: email.to_owned(),
        client_id: request.client_id.clone(),
        redirect_uri: request.redirect_uri.clone(),
        scopes,
        challenge: request.challenge.clone(),
        nonce: request.nonce.clone(),
        // Only the first consent gives one, unless the client insists.
        refresh_token: request.offline
            && (!has_refresh_token || request.prompt.as_deref() == Some("consent")),
    };
    let code = world.grants.code_for(consent, now, &mut world.random);
    let hd = world.accounts.get(email).and_then(|account| account.hd.clone());
    let mut answer = vec![("code", &*code), ("scope", &scope), ("authuser", "0"), ("prompt", "consent")];
    answer.extend(hd.as_deref().map(|hd| ("hd", hd)));
    request.back(&answer)
}
