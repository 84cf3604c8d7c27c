//! Who may ask for tokens: client authentication at the token endpoint.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, StatusCode, header};
use percent_encoding::percent_decode_str;

use super::error;
use crate::answer::Answer;
use crate::options::SimulatorOptions;
use crate::query::Query;

/// The client's id, from a `Basic` header or the form, when its secret is good.
pub(super) fn authenticate(
    options: &SimulatorOptions,
    headers: &HeaderMap,
    form: &Query,
) -> Result<String, Answer> {
    let (id, secret) = match basic(headers) {
        Some((id, secret)) => (id, Some(secret)),
        None => (
            form.get("client_id").unwrap_or_default().to_owned(),
            form.get("client_secret").map(str::to_owned),
        ),
    };
    if id.is_empty() {
        return Err(error(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "Could not determine client ID from request.",
        ));
    }
    if options.clients.is_empty() {
        return Ok(id);
    }
    match options.clients.iter().find(|(known, _)| *known == id) {
        None => Err(error(StatusCode::UNAUTHORIZED, "invalid_client", "The OAuth client was not found.")),
        Some((_, right)) if secret.as_ref() == Some(right) => Ok(id),
        Some(_) => Err(error(StatusCode::UNAUTHORIZED, "invalid_client", "Unauthorized")),
    }
}

/// Whether consent may be asked for in this client's name.
pub(super) fn exists(options: &SimulatorOptions, id: &str) -> bool {
    options.clients.is_empty() || options.clients.iter().any(|(known, _)| known == id)
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let encoded = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let plain = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = plain.split_once(':')?;
    // RFC 6749, section 2.3.1: both are form-encoded before.
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    Some((decode(id), decode(secret)))
}
