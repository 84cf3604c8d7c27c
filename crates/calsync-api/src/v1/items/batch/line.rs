//! Lines of a batch, each parsed once, when its turn comes.

use axum::body::Bytes;
use calsync_core::item::{FieldError, ItemBody, ItemKey};
use calsync_http::input;
use calsync_http::problem::{Problem, sanitize};
use calsync_http::views::user;
use calsync_store::users::User;
use serde_json::{Map, Value};

use crate::v1::refusals::record::Sent;

/// The longest line, in bytes: as large as the body of a single PUT.
const LINE_BYTES_MAX: usize = 1 << 20;

/// A line and what it asks for.
pub(super) struct Line {
    /// Its number in the body, from 1.
    pub(super) number: usize,
    /// What it asks for.
    pub(super) op: Op,
}

/// What a line asks for.
pub(super) enum Op {
    Put(ItemKey, ItemBody),
    Delete(ItemKey, Option<i64>),
    PutUser(User),
    Bad(Bad),
}

impl Op {
    /// What an upsert stores.
    pub(super) const fn as_put(&self) -> Option<(&ItemKey, &ItemBody)> {
        match self {
            Self::Put(key, body) => Some((key, body)),
            Self::Delete(..) | Self::PutUser(_) | Self::Bad(_) => None,
        }
    }

    /// The users that an upsert names.
    pub(super) fn user_ids(&self) -> Vec<&str> {
        match self {
            Self::Put(_, body) => body.user_ids.iter().map(String::as_str).collect(),
            Self::PutUser(user) => vec![&user.user_id],
            Self::Delete(..) | Self::Bad(_) => Vec::new(),
        }
    }
}

/// A line that can't be taken.
pub(super) struct Bad {
    /// What it speaks of, as far as it could be read.
    pub(super) sent: Sent,
    /// Why not.
    pub(super) problem: Problem,
    /// Whether it might have been an upsert, whose refusal is kept.
    pub(super) is_upsert: bool,
}

/// The lines of a body; blank ones are passed over, but counted.
pub(super) struct Lines {
    body: Bytes,
    number: usize,
}

impl Lines {
    pub(super) const fn new(body: Bytes) -> Self {
        Self { body, number: 0 }
    }

    pub(super) fn count_is_over(&self, most: usize) -> bool {
        let is_line = |line: &&[u8]| !line.trim_ascii().is_empty();
        self.body.split(|byte| *byte == b'\n').filter(is_line).nth(most).is_some()
    }
}

impl Iterator for Lines {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        loop {
            if self.body.is_empty() {
                return None;
            }
            self.number += 1;
            let length = self.body.iter().position(|byte| *byte == b'\n').unwrap_or(self.body.len());
            let line = self.body.split_to(length);
            // The line's end itself.
            let _ = self.body.split_to(self.body.len().min(1));
            if !line.trim_ascii().is_empty() {
                return Some(Line { number: self.number, op: parse(&line) });
            }
        }
    }
}

fn parse(line: &[u8]) -> Op {
    if line.len() > LINE_BYTES_MAX {
        let problem =
            Problem::new(calsync_http::problem::Kind::TooLarge).detail("a line must not exceed 1 MiB");
        return Op::Bad(Bad { sent: Sent::default(), problem, is_upsert: true });
    }
    let mut body = match input::object(line) {
        Ok(body) => body,
        Err(problem) => return Op::Bad(Bad { sent: Sent::default(), problem, is_upsert: true }),
    };
    let op = body.remove("op");
    let op = op.as_ref().and_then(Value::as_str).unwrap_or_default();
    let is_upsert = op != "delete";
    let sent = sent(&body);
    let read = match op {
        "put" => put(&mut body),
        "delete" => delete(&mut body),
        "put_user" => put_user(&mut body),
        _ => Err(vec![FieldError::new("op", "must be put, delete or put_user")]),
    };
    read.unwrap_or_else(|errors| Op::Bad(Bad { sent, problem: Problem::fields(errors), is_upsert }))
}

/// What a line speaks of.
fn sent(body: &Map<String, Value>) -> Sent {
    let text = |field| body.get(field).and_then(Value::as_str).map(sanitize);
    Sent { kind: text("kind"), item_id: text("item_id"), user_id: text("user_id") }
}

fn put(body: &mut Map<String, Value>) -> Result<Op, Vec<FieldError>> {
    let key = key(body)?;
    let body = ItemBody::parse(key.kind, body)?;
    Ok(Op::Put(key, body))
}

fn delete(body: &mut Map<String, Value>) -> Result<Op, Vec<FieldError>> {
    let key = key(body)?;
    let mut errors = Vec::new();
    input::unknown_keys(body, &["version"], &mut errors);
    let version = match body.get("version") {
        None | Some(Value::Null) => None,
        Some(value) => {
            let version = value.as_i64().filter(|version| *version >= 0);
            if version.is_none() {
                errors.push(FieldError::new("version", "must be a whole number from 0"));
            }
            version
        }
    };
    if errors.is_empty() { Ok(Op::Delete(key, version)) } else { Err(errors) }
}

fn put_user(body: &mut Map<String, Value>) -> Result<Op, Vec<FieldError>> {
    let user_id = take_text(body, "user_id").map_err(|error| vec![error])?;
    Ok(Op::PutUser(user::parse(user_id, body)?))
}

/// Takes an item's name out of a line.
fn key(body: &mut Map<String, Value>) -> Result<ItemKey, Vec<FieldError>> {
    match (take_text(body, "kind"), take_text(body, "item_id")) {
        (Ok(kind), Ok(item_id)) => input::item_key(&kind, item_id),
        (kind, item_id) => Err([kind.err(), item_id.err()].into_iter().flatten().collect()),
    }
}

fn take_text(body: &mut Map<String, Value>, field: &str) -> Result<String, FieldError> {
    match body.remove(field) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(FieldError::new(field, "must be a string")),
        None => Err(FieldError::new(field, "is required")),
    }
}
