//! `POST /api/v1/users/{user_id}/connect-link`: an address on which the user connects. Whoever has
//! it can connect as them; it is used up when its form is sent.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use calsync_core::item::FieldError;
use calsync_engine::consent::{self, LINK_LIFETIME_DEFAULT, LINK_LIFETIME_MAX, NewLink};
use calsync_http::app_state::AppState;
use calsync_http::input::{self, NoQuery, UserIdParam};
use calsync_http::problem::{Kind, Problem};
use calsync_http::return_url;
use calsync_store::users;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};

#[derive(Serialize)]
pub(crate) struct ConnectLinkView {
    url: String,
    expires_at: Timestamp,
}

impl From<NewLink> for ConnectLinkView {
    fn from(link: NewLink) -> Self {
        Self { url: link.url, expires_at: link.expires_at }
    }
}

struct Wish {
    return_url: Option<String>,
    lifetime: SignedDuration,
}

pub(crate) async fn handler(
    State(app): State<AppState>,
    UserIdParam(user_id): UserIdParam,
    _: NoQuery,
    body: Bytes,
) -> Result<Json<ConnectLinkView>, Problem> {
    let wish = parse(&input::object_or_nothing(&body)?, &app.engine.settings().return_urls);
    let wish = wish.map_err(Problem::fields)?;
    let made = consent::create_link(&app.engine, &user_id, wish.return_url, wish.lifetime).await?;
    if let Some(link) = made {
        return Ok(Json(link.into()));
    }
    let mut tx = app.engine.store().read().await?;
    let is_there = users::is_being_deleted(&mut tx, &user_id).await?;
    Err(if is_there { Problem::being_deleted(&user_id) } else { Problem::new(Kind::NotFound) })
}

fn parse(body: &Map<String, Value>, allowed: &[String]) -> Result<Wish, Vec<FieldError>> {
    let mut errors = Vec::new();
    input::unknown_keys(body, &["return_url", "expires_in"], &mut errors);
    let given = |field| body.get(field).filter(|value: &&Value| !value.is_null());
    let return_url = given("return_url").and_then(|value| {
        let checked = match value.as_str() {
            Some(url) => return_url::check(url, allowed).map(|()| url.to_owned()),
            None => Err(FieldError::new("return_url", "must be a string")),
        };
        checked.map_err(|error| errors.push(error)).ok()
    });
    let lifetime = lifetime(body, &mut errors);
    if errors.is_empty() { Ok(Wish { return_url, lifetime }) } else { Err(errors) }
}

/// How long a link is to be good, from `expires_in`.
pub(super) fn lifetime(body: &Map<String, Value>, errors: &mut Vec<FieldError>) -> SignedDuration {
    let most = LINK_LIFETIME_MAX.as_secs();
    let given = body.get("expires_in").filter(|value| !value.is_null());
    let lifetime = given.map_or(Some(LINK_LIFETIME_DEFAULT), |value| {
        value.as_i64().filter(|secs| (1..=most).contains(secs)).map(SignedDuration::from_secs)
    });
    lifetime.unwrap_or_else(|| {
        let message = format!("must be a whole number of seconds from 1 to {most}");
        errors.push(FieldError::new("expires_in", message));
        LINK_LIFETIME_DEFAULT
    })
}
