//! Events as they stand at Google, for checks and to be sent again by others.

use jiff::Timestamp;
use serde_json::{Map, Value};

/// What a client sends; the rest of an event is Google's.
const SENT: [&str; 8] =
    ["id", "summary", "description", "location", "start", "end", "source", "extendedProperties"];

/// An event of one of the platform's items.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// The item, as `kind:id`.
    pub(crate) item: String,
    /// Whose calendar it is in.
    pub(crate) account: String,
    /// When Google stored it last.
    pub(crate) updated: Timestamp,
    /// As a client sends it.
    pub(crate) body: Value,
}

impl Event {
    /// Reads one from the simulator's state; none if calsync didn't make it.
    pub(crate) fn read(event: &Value) -> Option<Self> {
        let item = event["extendedProperties"]["private"]["calsync_item"].as_str()?.to_owned();
        let sent = |name: &&str| Some(((*name).to_owned(), event.get(*name)?.clone()));
        Some(Self {
            item,
            account: event["account"].as_str()?.to_owned(),
            updated: event["updated"].as_str()?.parse().ok()?,
            body: Value::Object(SENT.iter().filter_map(sent).collect::<Map<_, _>>()),
        })
    }
}
