//! What a method gives back, until it is written as JSON outside the lock.

use std::sync::Arc;

use http::StatusCode;
use http::header::{self, HeaderValue};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use super::call::names;
use super::{Call, partial};
use crate::answer::Answer;
use crate::api_error::ApiError;
use crate::world::calendar::Event;

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) etag: Option<String>,
    pub(crate) payload: Payload,
}

#[derive(Debug)]
pub(crate) enum Payload {
    /// 204.
    Nothing,
    Json(Value),
    /// An event as it is stored.
    Stored(Arc<Event>),
    /// A page: its head, and its items.
    Page(Map<String, Value>, Vec<Item>),
}

/// An event in a page: as it is stored, or in another form.
#[derive(Debug)]
pub(crate) enum Item {
    Stored(Arc<Event>),
    Shaped(Map<String, Value>),
}

impl Reply {
    pub(crate) fn nothing() -> Self {
        Self { etag: None, payload: Payload::Nothing }
    }

    pub(crate) fn json(body: Value) -> Self {
        let etag = body.get("etag").and_then(Value::as_str).map(str::to_owned);
        Self { etag, payload: Payload::Json(body) }
    }

    pub(crate) fn item(item: Item) -> Self {
        match item {
            Item::Stored(event) => {
                Self { etag: Some(event.etag().to_owned()), payload: Payload::Stored(event) }
            }
            Item::Shaped(fields) => Self::json(Value::Object(fields)),
        }
    }

    /// Writes the answer: 304 for a version that the caller has, else the fields that it asked for.
    pub(crate) fn render(self, call: &Call) -> Result<Answer, ApiError> {
        let etag = self.etag.as_deref().and_then(|etag| HeaderValue::from_str(etag).ok());
        let unchanged = match (&call.if_none_match, &self.etag) {
            (Some(known), Some(etag)) => call.is_read() && names(known, etag),
            _ => false,
        };
        let answer = if unchanged {
            Answer::empty(StatusCode::NOT_MODIFIED)
        } else {
            match call.query.get("fields") {
                Some(fields) => self.payload.partial(fields)?,
                None => self.payload.whole(),
            }
        };
        Ok(match etag {
            Some(etag) => answer.with(header::ETAG, etag),
            None => answer,
        })
    }
}

impl Payload {
    fn whole(&self) -> Answer {
        match self {
            Self::Nothing => Answer::empty(StatusCode::NO_CONTENT),
            Self::Json(body) => Answer::json(StatusCode::OK, body),
            Self::Stored(event) => Answer::json(StatusCode::OK, &event.resource),
            Self::Page(head, items) => Answer::json(StatusCode::OK, &Page { head, items }),
        }
    }

    fn partial(self, fields: &str) -> Result<Answer, ApiError> {
        let body = match self {
            Self::Nothing => return Ok(Answer::empty(StatusCode::NO_CONTENT)),
            Self::Json(body) => body,
            Self::Stored(event) => Value::Object(event.resource.clone()),
            Self::Page(mut head, items) => {
                let items = items.into_iter().map(|item| Value::Object(item.into_fields())).collect();
                head.insert("items".to_owned(), Value::Array(items));
                Value::Object(head)
            }
        };
        Ok(Answer::json(StatusCode::OK, &partial::select(&body, fields)?))
    }
}

impl Item {
    pub(crate) fn into_fields(self) -> Map<String, Value> {
        match self {
            Self::Stored(event) => event.resource.clone(),
            Self::Shaped(fields) => fields,
        }
    }
}

impl Serialize for Item {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Stored(event) => event.resource.serialize(serializer),
            Self::Shaped(fields) => fields.serialize(serializer),
        }
    }
}

struct Page<'a> {
    head: &'a Map<String, Value>,
    items: &'a [Item],
}

impl Serialize for Page<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut page = serializer.serialize_map(Some(self.head.len() + 1))?;
        for (name, value) in self.head {
            page.serialize_entry(name, value)?;
        }
        page.serialize_entry("items", self.items)?;
        page.end()
    }
}
