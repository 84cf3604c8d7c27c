//! Google's OAuth 2: consent, tokens, revocation and who the user is.
//!
//! Handlers here are synchronous like those of the Calendar API; [`through_faults`] puts the fault rules before them.

mod authorization_request;
pub(crate) mod authorize;
mod clients;
mod consent;
mod id_token;
pub(crate) mod revoke;
pub(crate) mod scopes;
pub(crate) mod token;
pub(crate) mod userinfo;

use http::StatusCode;
use serde_json::json;

use crate::answer::Answer;
use crate::delivery::Delivery;
use crate::faults::{FaultEffect, Target};
use crate::world::{Account, World, domain_of};

/// The largest form that is read.
pub(crate) const FORM_BYTES_MAX: usize = 256 * 1024;

/// Counts the call, lets a fault rule take it, else does it.
fn through_faults(
    world: &mut World,
    method: &str,
    email: Option<&str>,
    act: impl FnOnce(&mut World, &FaultEffect) -> Answer,
) -> Delivery {
    world.quota.count_request(method);
    let hd = email.and_then(|email| world.accounts.get(email)).map(Account::domain);
    let target =
        Target { api: "oauth", method, account: email, domain: hd.or(email.map(domain_of)), calendar: None };
    let effect = world.faults.apply(&target, &mut world.random);
    let answer = match effect.refusal("oauth") {
        Some(refusal) => refusal,
        None => act(world, &effect),
    };
    Delivery { answer, effect }
}

/// An error of the token and revocation endpoints (RFC 6749, section 5.2).
fn error(status: StatusCode, error: &str, description: &str) -> Answer {
    Answer::json(status, &json!({"error": error, "error_description": description}))
}

fn bad_request(name: &str, description: &str) -> Answer {
    error(StatusCode::BAD_REQUEST, name, description)
}
