//! A user as the platform sends and sees them.

use calsync_core::item::{FieldError, NOT_A_ZONE, check_id};
use calsync_core::zone;
use calsync_store::users::User;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::input::unknown_keys;

/// The longest mail address, in characters: what mail can carry.
const EMAIL_LENGTH_MAX: usize = 254;
/// The longest name, in characters.
const NAME_LENGTH_MAX: usize = 256;
/// The longest language tag, in characters.
const LOCALE_LENGTH_MAX: usize = 35;

/// A user.
#[derive(Serialize)]
pub struct UserView {
    user_id: String,
    email: Option<String>,
    name: Option<String>,
    time_zone: Option<String>,
    locale: Option<String>,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            user_id: user.user_id,
            email: user.email,
            name: user.name,
            time_zone: user.time_zone,
            locale: user.locale,
        }
    }
}

/// Reads the body of a user. All bad fields are told at once.
pub fn parse(user_id: String, body: &Map<String, Value>) -> Result<User, Vec<FieldError>> {
    let mut errors: Vec<FieldError> = check_id("user_id", &user_id).err().into_iter().collect();
    unknown_keys(body, &["email", "name", "time_zone", "locale"], &mut errors);
    let email = text(body, "email", "must be a mail address", is_email, &mut errors);
    if body.get("email").is_none_or(Value::is_null) {
        errors.push(FieldError::new("email", "is required"));
    }
    let is_name = |name: &str| name.chars().count() <= NAME_LENGTH_MAX && !name.chars().any(char::is_control);
    let name = text(
        body,
        "name",
        "must have at most 256 characters, none a control character",
        is_name,
        &mut errors,
    );
    let is_zone = |name: &str| zone::primary(name).is_some();
    let time_zone = text(body, "time_zone", NOT_A_ZONE, is_zone, &mut errors);
    let time_zone = time_zone.and_then(|name| zone::primary(&name));
    let locale = text(body, "locale", "must be a language tag, such as pt-BR", is_locale, &mut errors);
    if errors.is_empty() { Ok(User { user_id, email, name, time_zone, locale }) } else { Err(errors) }
}

/// The text of `field`, if it is there; null is absent.
fn text(
    body: &Map<String, Value>,
    field: &str,
    allowed: &str,
    is_good: impl FnOnce(&str) -> bool,
    errors: &mut Vec<FieldError>,
) -> Option<String> {
    let value = body.get(field).filter(|value| !value.is_null())?;
    let text = value.as_str().filter(|text| is_good(text));
    if text.is_none() {
        errors.push(FieldError::new(field, allowed));
    }
    text.map(str::to_owned)
}

/// What could be an address: one `@` with something before it and a name after it. Whether mail
/// arrives there is not ours to know.
fn is_email(text: &str) -> bool {
    let sanitize = !text.chars().any(|c| c.is_whitespace() || c.is_control());
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_name = !domain.is_empty() && !domain.starts_with('.') && !domain.ends_with('.');
    sanitize
        && is_name
        && !local.is_empty()
        && !local.contains('@')
        && text.chars().count() <= EMAIL_LENGTH_MAX
}

fn is_locale(text: &str) -> bool {
    let mut parts = text.split('-');
    let language = parts.next().unwrap_or_default();
    let is_language = (2..=8).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_alphabetic());
    let is_part =
        |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    is_language && parts.all(is_part) && text.len() <= LOCALE_LENGTH_MAX
}
