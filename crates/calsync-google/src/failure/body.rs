//! Google's two forms of an error body: the APIs' `{"error": {…}}` and OAuth's `{"error": "…"}`.
//!
//! Every word that can name the cause is collected; which of them decides is the table's.

use serde::Deserialize;
use serde_json::Value;

/// How Google names the limit of a minute and user in its details.
pub(super) const USER_LIMIT: &str = "defaultPerMinutePerUser";
/// How it does so where it sends no details: "… and limit 'Queries per minute per user' of service …".
const PER_USER: &str = "per user' of service";

/// What an error body says.
#[derive(Debug)]
pub(super) struct GoogleError {
    /// Google's names for the cause: the list of errors first, then the details, then the limit.
    /// The canonical status (`NOT_FOUND`) stands in only where there is nothing else.
    pub(super) names: Vec<String>,
    /// The parameter or field that the first error is about.
    pub(super) location: Option<String>,
    /// Google's sentence.
    pub(super) message: Option<String>,
}

#[derive(Deserialize)]
struct Outer {
    error: Value,
    error_description: Option<String>,
    error_subtype: Option<String>,
}

impl GoogleError {
    /// Reads a body; none if it holds no error of Google's.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let outer: Outer = serde_json::from_slice(body).ok()?;
        match &outer.error {
            Value::String(name) => Some(Self {
                names: [Some(name.clone()), outer.error_subtype].into_iter().flatten().collect(),
                location: None,
                message: outer.error_description,
            }),
            Value::Object(error) => {
                let mut names = Vec::new();
                let listed = |key| error.get(key).and_then(Value::as_array).into_iter().flatten();
                names.extend(listed("errors").filter_map(|entry| text(entry, "reason")));
                for detail in listed("details") {
                    names.extend(text(detail, "reason"));
                    let metadata = detail.get("metadata").unwrap_or(&Value::Null);
                    names.extend(text(metadata, "quota_limit"));
                }
                if names.is_empty() {
                    names.extend(error.get("status").and_then(Value::as_str).map(str::to_owned));
                }
                let message = error.get("message").and_then(Value::as_str).map(str::to_owned);
                if message.as_deref().is_some_and(|message| message.contains(PER_USER)) {
                    names.push(USER_LIMIT.into());
                }
                let location = listed("errors").next().and_then(|entry| text(entry, "location"));
                Some(Self { names, location, message })
            }
            _ => None,
        }
    }
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().map(str::to_owned)
}
