//! Partial answers: the `fields` parameter.
//!
//! Source: Google's performance guide. `a,b` selects several, `a/b` goes down, `a(b,c)` goes down for
//! several, `*` is every field, and a list is gone through as if it weren't there.

use serde_json::{Map, Value};

use crate::api_error::ApiError;

/// What is selected below one name; nothing below means all of it.
#[derive(Debug, Default, PartialEq)]
struct Selection(Vec<(String, Selection)>);

/// Deeper selections than any resource has are refused.
const DEPTH_MAX: usize = 10;

pub(crate) fn select(body: &Value, fields: &str) -> Result<Value, ApiError> {
    let mut parser = Parser { rest: fields };
    let selection = parser.selection(0).filter(|_| parser.rest.is_empty());
    match selection {
        Some(selection) => Ok(selection.apply(body)),
        None => Err(ApiError::invalid_parameter("fields", format!("Invalid field selection {fields}"))),
    }
}

impl Selection {
    fn apply(&self, value: &Value) -> Value {
        if self.0.is_empty() {
            return value.clone();
        }
        match value {
            Value::Array(items) => Value::Array(items.iter().map(|item| self.apply(item)).collect()),
            Value::Object(fields) => {
                let mut kept = Map::new();
                for (name, field) in fields {
                    for (_, below) in self.0.iter().filter(|(wanted, _)| wanted == name || wanted == "*") {
                        kept.insert(name.clone(), below.apply(field));
                    }
                }
                Value::Object(kept)
            }
            other => other.clone(),
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn selection(&mut self, depth: usize) -> Option<Selection> {
        if depth > DEPTH_MAX {
            return None;
        }
        let mut chosen = Vec::new();
        loop {
            let name = self.name()?;
            let below = self.below(depth)?;
            chosen.push((name, below));
            if !self.eat(',') {
                return Some(Selection(chosen));
            }
        }
    }

    fn below(&mut self, depth: usize) -> Option<Selection> {
        if self.eat('/') {
            if depth > DEPTH_MAX {
                return None;
            }
            let name = self.name()?;
            let below = self.below(depth + 1)?;
            return Some(Selection(vec![(name, below)]));
        }
        if self.eat('(') {
            let selection = self.selection(depth + 1)?;
            return self.eat(')').then_some(selection);
        }
        Some(Selection::default())
    }

    fn name(&mut self) -> Option<String> {
        let end = self
            .rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || "_-*".contains(c)))
            .unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!name.is_empty()).then(|| name.to_owned())
    }

    fn eat(&mut self, wanted: char) -> bool {
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::select;

    #[test]
    fn selections_pick_what_they_name() {
        let page =
            json!({"kind": "k", "items": [{"id": "1", "start": {"date": "d", "timeZone": "z"}, "x": 1}]});
        let cases = [
            ("kind", json!({"kind": "k"})),
            ("items(id,start/date)", json!({"items": [{"id": "1", "start": {"date": "d"}}]})),
            ("items/id,kind", json!({"kind": "k", "items": [{"id": "1"}]})),
            ("*", page.clone()),
            ("items/*/date", json!({"items": [{"id": "1", "start": {"date": "d"}, "x": 1}]})),
        ];
        for (fields, expected) in cases {
            assert_eq!(select(&page, fields).unwrap(), expected, "{fields}");
        }
        for bad in ["items(", "items(id", "a,,b", "a)", "/a", &"a(".repeat(50)] {
            assert!(select(&page, bad).is_err(), "{bad}");
        }
    }
}
