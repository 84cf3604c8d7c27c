//! Who calls: an API key in `Authorization: Bearer`.

use axum::extract::FromRequestParts;
use calsync_store::api_keys::{self, ApiKey, Scope};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;

use crate::app_state::AppState;
use crate::problem::{Kind, Problem};

/// Longer values are no keys of ours; they are not hashed.
const KEY_LENGTH_MAX: usize = 256;

/// The key that a request came with; the guard put it there.
#[derive(Clone, Debug)]
pub struct ApiClient(pub ApiKey);

/// Finds the key of a request and checks its scope.
pub async fn authorise(app: &AppState, headers: &HeaderMap, scope: Scope) -> Result<ApiClient, Problem> {
    let key = bearer(headers).ok_or_else(|| Problem::new(Kind::Unauthorized))?;
    let mut tx = app.engine.store().read().await?;
    let found = api_keys::find(&mut tx, key).await?;
    let found = found.ok_or_else(|| Problem::new(Kind::Unauthorized))?;
    if found.scope != scope {
        let detail = format!("this needs an API key with scope {}", scope.name());
        return Err(Problem::new(Kind::Forbidden).detail(detail));
    }
    Ok(ApiClient(found))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (value, None) = (values.next()?.to_str().ok()?, values.next()) else { return None };
    let (scheme, key) = value.split_once(' ')?;
    let key = key.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !key.is_empty() && key.len() <= KEY_LENGTH_MAX).then_some(key)
}

impl FromRequestParts<AppState> for ApiClient {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Problem::new(Kind::Unauthorized))
    }
}
