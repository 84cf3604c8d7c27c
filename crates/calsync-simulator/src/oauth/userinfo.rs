//! `GET /oauth2/v3/userinfo`: who the token's user is, as far as its scopes tell.

use axum::body::Body;
use axum::extract::State;
use http::{HeaderMap, Response, StatusCode, header};
use serde_json::json;

use super::scopes::canonical;
use super::{error, through_faults};
use crate::answer::Answer;
use crate::app_state::AppState;
use crate::delivery::{Delivery, deliver};
use crate::world::Account;
use crate::world::grants::Caller;

pub(crate) async fn endpoint(State(state): State<AppState>, headers: HeaderMap) -> Response<Body> {
    let delivery = perform(&state, &headers);
    deliver(&state, delivery, false).await
}

fn perform(state: &AppState, headers: &HeaderMap) -> Delivery {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = bearer.and_then(|value| value.strip_prefix("Bearer "));
    let mut world = state.world();
    let caller = world.grants.caller(token, state.now()).ok();
    let email = caller.as_ref().map(|caller| caller.email.clone());
    through_faults(&mut world, "userinfo", email.as_deref(), |world, _| {
        let account = caller.as_ref().and_then(|caller| world.accounts.get(&caller.email));
        match (&caller, account) {
            (Some(caller), Some(account)) => about(account, caller),
            _ => error(StatusCode::UNAUTHORIZED, "invalid_request", "Invalid Credentials"),
        }
    })
}

fn about(account: &Account, caller: &Caller) -> Answer {
    let may = |scope: &str| caller.scopes.contains(&canonical(scope));
    let mut body = json!({"sub": account.sub});
    if may("email") {
        body["email"] = json!(account.email);
        body["email_verified"] = json!(true);
    }
    if may("profile") {
        body["name"] = json!(account.name);
        body["given_name"] = json!(account.name.split(' ').next());
    }
    if let Some(hd) = &account.hd {
        body["hd"] = json!(hd);
    }
    Answer::json(StatusCode::OK, &body)
}
