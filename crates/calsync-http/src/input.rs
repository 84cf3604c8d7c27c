//! Reads what callers send, strictly: names that we don't know are bad fields, in bodies and in
//! queries alike.

use std::collections::HashMap;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use calsync_core::cursor;
use calsync_core::disconnect::RemoteItems;
use calsync_core::item::{FieldError, ItemKey, ItemKind, check_id};
use calsync_core::language::Language;
use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;
use http::request::Parts;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::app_state::AppState;
use crate::problem::{Kind, Problem, sanitize};

/// Entries of a list unless asked otherwise.
const LIMIT_DEFAULT: i64 = 50;
/// The most entries of a list.
const LIMIT_MAX: i64 = 200;
/// Languages that a browser lists beyond this are not looked at.
const ACCEPTED_MAX: usize = 20;
/// The length of a note, in characters.
const NOTE_LENGTHS: std::ops::RangeInclusive<usize> = 3..=500;

/// A JSON object.
pub fn object(body: &[u8]) -> Result<Map<String, Value>, Problem> {
    serde_json::from_slice(body).map_err(|error| Problem::new(Kind::BadJson).detail(error.to_string()))
}

/// A JSON object, or nothing at all, which is an empty one.
pub fn object_or_nothing(body: &[u8]) -> Result<Map<String, Value>, Problem> {
    if body.is_empty() { Ok(Map::new()) } else { object(body) }
}

/// Nothing at all, or an object without fields.
pub fn no_fields(body: &[u8]) -> Result<(), Problem> {
    let mut errors = Vec::new();
    unknown_keys(&object_or_nothing(body)?, &[], &mut errors);
    if errors.is_empty() { Ok(()) } else { Err(Problem::fields(errors)) }
}

/// Names every key of `body` that is not `known`.
pub fn unknown_keys(body: &Map<String, Value>, known: &[&str], errors: &mut Vec<FieldError>) {
    let unknown = body.keys().filter(|key| !known.contains(&key.as_str()));
    errors.extend(unknown.map(|key| FieldError::new(key, "unknown field")));
}

/// An item's name, from its address or a batch's line.
pub fn item_key(kind: &str, item_id: String) -> Result<ItemKey, Vec<FieldError>> {
    let known = ItemKind::from_name(kind);
    let mut errors: Vec<FieldError> = check_id("item_id", &item_id).err().into_iter().collect();
    match known {
        Some(kind) if errors.is_empty() => return Ok(ItemKey { kind, id: item_id }),
        Some(_) => {}
        None => errors.insert(0, FieldError::new("kind", "must be session, task or deadline")),
    }
    Err(errors)
}

/// A note, in which an admin says why.
pub fn note(text: &str) -> Result<String, FieldError> {
    let text = text.trim().replace("\r\n", "\n");
    let is_plain = text.chars().all(|c| c == '\n' || !c.is_control());
    if NOTE_LENGTHS.contains(&text.chars().count()) && is_plain {
        return Ok(text);
    }
    Err(FieldError::new("note", "must have 3 to 500 characters and no control characters"))
}

/// The note of a body, in which an admin has to say why.
pub fn required_note(body: &Map<String, Value>, errors: &mut Vec<FieldError>) -> Option<String> {
    let given = body.get("note").filter(|given| !given.is_null());
    let read = given.map_or_else(
        || Err(FieldError::new("note", "is required")),
        |given| note(given.as_str().unwrap_or_default()),
    );
    read.map_err(|error| errors.push(error)).ok()
}

/// The note of a body that has nothing else.
pub fn only_note(body: &[u8]) -> Result<String, Problem> {
    let (body, mut errors) = (object(body)?, Vec::new());
    unknown_keys(&body, &["note"], &mut errors);
    let note = required_note(&body, &mut errors);
    note.filter(|_| errors.is_empty()).ok_or_else(|| Problem::fields(errors))
}

/// What becomes of synced events at a disconnect: they are removed, unless it is said otherwise.
pub fn remote_items(given: Option<&str>) -> Result<RemoteItems, FieldError> {
    given
        .map_or(Some(RemoteItems::Remove), RemoteItems::from_name)
        .ok_or_else(|| FieldError::new("remote_items", "must be remove or keep"))
}

/// The language that a browser prefers among ours.
pub fn preferred_language(headers: &HeaderMap) -> Language {
    let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let weighed = accepted.split(',').take(ACCEPTED_MAX).filter_map(|one| {
        let mut parts = one.split(';').map(str::trim);
        let language = Language::of_tag(parts.next()?)?;
        let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
        Some((language, weight.unwrap_or(1.0))).filter(|(_, weight)| *weight > 0.0)
    });
    // Of equals the first; browsers list the preferred one first.
    let best = weighed.reduce(|best, one| if one.1 > best.1 { one } else { best });
    best.map_or(Language::English, |(language, _)| language)
}

/// The parts of an address's path.
pub struct PathParams<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<AppState> for PathParams<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        let path = Path::<T>::from_request_parts(parts, app).await;
        path.map(|Path(path)| Self(path))
            .map_err(|_| Problem::field("path", "must be UTF-8, percent-encoded"))
    }
}

/// The `user_id` of an address's path.
pub struct UserIdParam(pub String);

impl FromRequestParts<AppState> for UserIdParam {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        let params = PathParams::<HashMap<String, String>>::from_request_parts(parts, app).await?;
        let user_id = params.0.get("user_id").cloned().unwrap_or_default();
        check_id("user_id", &user_id)?;
        Ok(Self(user_id))
    }
}

/// The `user_id` and the `provider` of an address's path; a provider may be one that we don't know.
pub struct IntegrationParams {
    /// A user's id.
    pub user_id: String,
    /// A provider's name, fit to be stored and logged.
    pub provider: String,
}

impl FromRequestParts<AppState> for IntegrationParams {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        let UserIdParam(user_id) = UserIdParam::from_request_parts(parts, app).await?;
        let params = PathParams::<HashMap<String, String>>::from_request_parts(parts, app).await?;
        let provider = params.0.get("provider").map(|provider| sanitize(provider)).unwrap_or_default();
        Ok(Self { user_id, provider })
    }
}

/// The fields of a form; whatever else it holds is passed over.
pub struct Form<T>(pub T);

impl<T: DeserializeOwned> FromRequest<AppState> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, Problem> {
        // The guard has read it.
        let body = Bytes::from_request(request, app).await.map_err(|_| Problem::new(Kind::Internal))?;
        let fields = serde_html_form::from_bytes(&body);
        fields.map(Self).map_err(|_| Problem::field("form", "must have each field once, in UTF-8"))
    }
}

/// The parameters of an address, each of which must be asked for by its name.
#[derive(Debug)]
pub struct Query {
    pairs: Vec<(String, String)>,
    errors: Vec<FieldError>,
}

impl Query {
    /// Whether `name` stands there, with a value or without.
    pub fn has(&self, name: &str) -> bool {
        self.pairs.iter().any(|(key, _)| key == name)
    }

    /// The value of `name`, left where it is; an empty one is absent.
    pub fn peek(&self, name: &str) -> Option<String> {
        let found = self.pairs.iter().find(|(key, value)| key == name && !value.is_empty());
        found.map(|(_, value)| value.clone())
    }

    /// The value of `name`; an empty one is absent.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let mut values = Vec::new();
        self.pairs.retain(|(key, value)| {
            let wanted = key == name;
            if wanted {
                values.push(value.clone());
            }
            !wanted
        });
        if values.len() > 1 {
            self.refuse(name, "must be given only once");
        }
        values.into_iter().next().filter(|value| !value.is_empty())
    }

    /// The value of `name`, read by `read`.
    pub fn take_as<T>(
        &mut self,
        name: &str,
        allowed: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.take(name)?;
        let value = read(&text);
        if value.is_none() {
            self.refuse(name, allowed);
        }
        value
    }

    /// How many entries are wanted.
    pub fn limit(&mut self) -> i64 {
        let limit = self.take_as("limit", "must be a whole number from 1 to 200", |text| {
            text.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit))
        });
        limit.unwrap_or(LIMIT_DEFAULT)
    }

    /// Where the list `of` goes on.
    pub fn cursor<P: DeserializeOwned>(&mut self, of: &str) -> Option<P> {
        self.take_as("cursor", "is not a cursor of this list", |text| cursor::read(of, text))
    }

    /// A moment.
    pub fn time(&mut self, name: &str) -> Option<Timestamp> {
        self.take_as(name, "must be an RFC 3339 time with offset", |text| text.parse().ok())
    }

    /// Says that `name` can't be taken.
    pub fn refuse(&mut self, name: &str, message: &str) {
        self.errors.push(FieldError::new(name, message));
    }

    /// Done: whatever was not asked for is unknown.
    pub fn end(mut self) -> Result<(), Problem> {
        for (name, _) in std::mem::take(&mut self.pairs) {
            self.refuse(&name, "unknown parameter");
        }
        if self.errors.is_empty() { Ok(()) } else { Err(Problem::fields(self.errors)) }
    }
}

impl FromRequestParts<AppState> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Ok(Self { pairs, errors: Vec::new() })
    }
}

/// No parameters at all.
pub struct NoQuery;

impl FromRequestParts<AppState> for NoQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        Query::from_request_parts(parts, app).await?.end()?;
        Ok(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_tells_what_its_user_reads() {
        for (accepted, expected) in [
            ("", Language::English),
            ("ja", Language::Japanese),
            ("de-DE, ko-KR;q=0.8, en;q=0.5", Language::Korean),
            ("en;q=0.5, ja;q=0.9", Language::Japanese),
            ("ko;q=0, fr", Language::English),
            ("ko, ja", Language::Korean),
            ("*, x;q=y", Language::English),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT_LANGUAGE, accepted.parse().expect("a header"))]);
            assert_eq!(preferred_language(&headers), expected, "{accepted:?}");
        }
    }
}
