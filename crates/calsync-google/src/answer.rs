//! A success of Google's, before it is believed.
//!
//! A status of 200 is not enough: the body must be JSON, whole, and hold what the method promises.
//! Anything else is `answer_garbled` with an unknown outcome, since the call may have worked.

use http::Response;
use http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::transport::Body;

/// An answer with a status of success.
pub(crate) struct Answer(pub(crate) Response<Body>);

impl Answer {
    /// Its JSON, parsed once, if `sound` finds in it what was promised.
    pub(crate) fn json<T: DeserializeOwned>(&self, sound: impl FnOnce(&T) -> bool) -> Result<T, Failure> {
        if !self.is_json() {
            return Err(self.garbled());
        }
        match serde_json::from_slice(self.0.body()) {
            Ok(value) if sound(&value) => Ok(value),
            _ => Err(self.garbled()),
        }
    }

    /// Checks that it has no body, as an answer to a removal.
    pub(crate) fn empty(&self) -> Result<(), Failure> {
        match self.0.body().is_empty() {
            true => Ok(()),
            false => Err(self.garbled()),
        }
    }

    /// Checks that it has no body, or an object that speaks of no error.
    pub(crate) fn nothing_but_success(&self) -> Result<(), Failure> {
        match self.0.body().is_empty() {
            true => Ok(()),
            false => self.json(|body: &Map<String, Value>| !body.contains_key("error")).map(drop),
        }
    }

    /// The failure that it is after all.
    fn garbled(&self) -> Failure {
        Failure::garbled(&self.0)
    }

    fn is_json(&self) -> bool {
        let Some(Ok(kind)) = self.0.headers().get(CONTENT_TYPE).map(|value| value.to_str()) else {
            return false;
        };
        kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
    }
}
