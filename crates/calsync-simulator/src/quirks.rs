//! What Google makes of what it is sent. A simulator that keeps it to the byte proves little.
//!
//! Seen in the bug reports of other projects that write to Google Calendar; each quirk has its name there.

use serde_json::{Map, Value, json};
use unicode_normalization::UnicodeNormalization;

/// Which quirks there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quirks {
    /// Of a description so many characters are kept, and the rest is dropped in silence.
    pub description_limit: bool,
    /// Some zones are answered by a name that IANA gave up.
    pub zone_aliases: bool,
    /// Texts are evened out: titles trimmed, line feeds alone for line breaks, NFC, no control characters; a text
    /// of which nothing is left is absent.
    pub text_normalised: bool,
}

impl Quirks {
    /// Everything that Google always does.
    pub const SHAPE: Self = Self { description_limit: true, zone_aliases: true, text_normalised: true };
    /// None: what is sent is kept to the byte.
    pub const NONE: Self = Self { description_limit: false, zone_aliases: false, text_normalised: false };

    /// Makes of an event's fields what Google would.
    pub(crate) fn shape(self, fields: &mut Map<String, Value>) {
        if self.text_normalised {
            for name in ["summary", "location", "description"] {
                if let Some(Value::String(text)) = fields.get_mut(name) {
                    *text = normalised(text);
                    if name == "summary" {
                        *text = text.trim().to_owned();
                    }
                }
            }
            fields.retain(|_, value| value.as_str() != Some(""));
        }
        if self.description_limit
            && let Some(Value::String(text)) = fields.get_mut("description")
            && let Some((end, _)) = text.char_indices().nth(DESCRIPTION_CHARACTERS_MAX)
        {
            text.truncate(end);
        }
        if self.zone_aliases {
            for name in ["start", "end", "originalStartTime"] {
                let Some(zone) = fields.get_mut(name).and_then(|moment| moment.get_mut("timeZone")) else {
                    continue;
                };
                let alias = ALIASES.iter().find(|(primary, _)| zone.as_str() == Some(primary));
                if let Some((_, alias)) = alias {
                    *zone = json!(alias);
                }
            }
        }
    }
}

const DESCRIPTION_CHARACTERS_MAX: usize = 8_190;

/// Zones with the names by which Google answers them.
const ALIASES: [(&str, &str); 8] = [
    ("America/Argentina/Buenos_Aires", "America/Buenos_Aires"),
    ("Asia/Ho_Chi_Minh", "Asia/Saigon"),
    ("Asia/Kathmandu", "Asia/Katmandu"),
    ("Asia/Kolkata", "Asia/Calcutta"),
    ("Asia/Yangon", "Asia/Rangoon"),
    ("Atlantic/Faroe", "Atlantic/Faeroe"),
    ("Europe/Kyiv", "Europe/Kiev"),
    ("Etc/UTC", "UTC"),
];

fn normalised(text: &str) -> String {
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    lines.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shaped(quirks: Quirks, fields: Value) -> Value {
        let mut fields = fields.as_object().cloned().unwrap();
        quirks.shape(&mut fields);
        Value::Object(fields)
    }

    #[test]
    fn an_event_is_kept_as_google_keeps_it() {
        let sent = json!({"summary": " a\u{7}\r\n ", "location": "", "description": "e\u{301}\r\n".to_owned() + &"x".repeat(9_000),
            "start": {"dateTime": "2031-03-10T09:00:00+05:30", "timeZone": "Asia/Kolkata"}});
        let kept = shaped(Quirks::SHAPE, sent.clone());
        assert_eq!(kept["summary"], "a");
        assert!(kept.get("location").is_none());
        assert_eq!(kept["description"], "é\n".to_owned() + &"x".repeat(8_188));
        assert_eq!(kept["start"]["timeZone"], "Asia/Calcutta");
        assert_eq!(shaped(Quirks::NONE, sent.clone()), sent);
    }
}
