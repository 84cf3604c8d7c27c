//! `POST /token`: a code or a refresh token for an access token.
//!
//! Source: RFC 6749 and 7636; the descriptions are Google's.

use axum::body::{Body, to_bytes};
use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, Request, Response, StatusCode, header};
use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{FORM_BYTES_MAX, bad_request, clients, through_faults};
use crate::answer::Answer;
use crate::app_state::AppState;
use crate::delivery::{Delivery, deliver};
use crate::oauth::id_token::id_token;
use crate::options::SimulatorOptions;
use crate::query::Query;
use crate::world::World;
use crate::world::grants::{ACCESS_TOKEN_LIFE, CodeRefusal, Consent, Issued};

pub(crate) async fn endpoint(State(state): State<AppState>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let delivery = match to_bytes(body, FORM_BYTES_MAX).await {
        Ok(form) => perform(&state, &parts.headers, &Query::parse(&form)),
        Err(_) => Answer::empty(StatusCode::PAYLOAD_TOO_LARGE).into(),
    };
    deliver(&state, delivery, false).await
}

fn perform(state: &AppState, headers: &HeaderMap, form: &Query) -> Delivery {
    let now = state.now();
    let mut world = state.world();
    let of_code = form.get("code").and_then(|code| world.grants.account_of_code(code));
    let of_token = form.get("refresh_token").and_then(|token| world.grants.account_of_refresh_token(token));
    let email = of_code.or(of_token).map(str::to_owned);
    through_faults(&mut world, "token", email.as_deref(), |world, effect| {
        exchange(world, state.options(), headers, form, effect.rotate, now).unwrap_or_else(|refusal| refusal)
    })
}

fn exchange(
    world: &mut World,
    options: &SimulatorOptions,
    headers: &HeaderMap,
    form: &Query,
    rotate: bool,
    now: Timestamp,
) -> Result<Answer, Answer> {
    let client_id = clients::authenticate(options, headers, form)?;
    match form.get("grant_type") {
        Some("authorization_code") => {
            let consent = redeem(world, form, &client_id, now)?;
            let nonce = consent.nonce.clone();
            let access_for = world.accounts.get(&consent.email).and_then(|account| account.access_for);
            let issued = world.grants.open(consent, access_for, now, &mut world.random);
            Ok(answer(world, &client_id, &issued, nonce.as_deref(), now))
        }
        Some("refresh_token") => {
            let token = form
                .get("refresh_token")
                .ok_or_else(|| bad_request("invalid_request", "Missing required parameter: refresh_token"))?;
            let issued = world
                .grants
                .refresh(token, &client_id, rotate, now, &mut world.random)
                .ok_or_else(|| bad_request("invalid_grant", "Token has been expired or revoked."))?;
            Ok(answer(world, &client_id, &issued, None, now))
        }
        Some(other) => Err(bad_request("unsupported_grant_type", &format!("Invalid grant_type: {other}"))),
        None => Err(bad_request("invalid_request", "Missing required parameter: grant_type")),
    }
}

/// A code is used up even by a try that fails after it was found.
fn redeem(world: &mut World, form: &Query, client_id: &str, now: Timestamp) -> Result<Consent, Answer> {
    let code =
        form.get("code").ok_or_else(|| bad_request("invalid_request", "Missing required parameter: code"))?;
    let consent = world.grants.redeem(code, now).map_err(|refusal| match refusal {
        CodeRefusal::Malformed => bad_request("invalid_grant", "Malformed auth code."),
        CodeRefusal::UsedOrExpired => bad_request("invalid_grant", "Bad Request"),
    })?;
    if consent.client_id != client_id {
        return Err(bad_request("invalid_grant", "Bad Request"));
    }
    if form.get("redirect_uri") != Some(&consent.redirect_uri) {
        return Err(bad_request("redirect_uri_mismatch", "Bad Request"));
    }
    match (&consent.challenge, form.get("code_verifier")) {
        (None, None) => {}
        (Some(challenge), Some(verifier)) if *challenge == s256(verifier) => {}
        (Some(_), None) => return Err(bad_request("invalid_grant", "Missing code verifier.")),
        _ => return Err(bad_request("invalid_grant", "Invalid code verifier.")),
    }
    Ok(consent)
}

fn s256(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

fn answer(world: &World, client_id: &str, issued: &Issued, nonce: Option<&str>, now: Timestamp) -> Answer {
    let scope = issued.scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    let mut body = json!({
        "access_token": issued.access_token,
        "expires_in": ACCESS_TOKEN_LIFE.as_secs() - 1,
        "scope": scope,
        "token_type": "Bearer",
    });
    if let Some(access_for) = issued.access_for {
        body["refresh_token_expires_in"] = json!(access_for.as_secs());
    }
    if let Some(refresh_token) = &issued.refresh_token {
        body["refresh_token"] = json!(refresh_token);
    }
    if issued.scopes.contains("openid")
        && let Some(account) = world.accounts.get(&issued.email)
    {
        body["id_token"] = json!(id_token(account, client_id, nonce, now));
    }
    let no_store = http::HeaderValue::from_static("no-cache, no-store, max-age=0, must-revalidate");
    Answer::json(StatusCode::OK, &body).with(header::CACHE_CONTROL, no_store)
}
