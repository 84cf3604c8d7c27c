//! The platform's month of `testdata`, and its independent reading by `expected.py`.

use std::collections::BTreeMap;
use std::process::Command;

use calsync_testing::tools::{python, repository};
use serde_json::Value;

use crate::world::World;

/// Items of the month in every run of the tests.
const ITEMS_IN_CI: &str = "500";
/// Lines that the platform sends at once.
pub(crate) const LINES_A_BATCH: usize = 120;

/// A part of the month, or the whole (`MONTH_ITEMS=all`).
pub(crate) struct Month {
    /// What the platform sends.
    pub(crate) lines: Vec<String>,
    /// What must be in the calendars: by account, kind and item.
    expected: BTreeMap<Key, Expected>,
    /// Who there is: user id and body.
    pub(crate) users: Vec<(String, Value)>,
}

type Key = (String, String);

#[derive(Debug, PartialEq, Eq)]
struct Expected {
    summary: String,
    start: String,
    end: String,
    location: Option<String>,
}

impl Month {
    pub(crate) fn read() -> Self {
        let lines = script(&["--lines"]);
        let mut users = Vec::new();
        let mut emails = BTreeMap::new();
        for line in &lines {
            let mut user: Value = serde_json::from_str(line).unwrap();
            if user["op"] == "put_user" {
                let id = user["user_id"].as_str().unwrap().to_owned();
                emails.insert(id.clone(), user["email"].as_str().unwrap().to_owned());
                user.as_object_mut().unwrap().retain(|key, _| key != "op" && key != "user_id");
                users.push((id, user));
            }
        }
        users.sort_by(|one, other| one.0.cmp(&other.0));
        users.dedup_by(|one, other| one.0 == other.0);
        let rows = script(&[]).into_iter().map(|line| serde_json::from_str::<Value>(&line).unwrap());
        let expected = rows.map(|row| (key(&emails, &row), expected(&row))).collect();
        Self { lines, expected, users }
    }

    /// The lines in the batches in which the platform sends them.
    pub(crate) fn batches(&self) -> impl Iterator<Item = &[String]> {
        self.lines.chunks(LINES_A_BATCH)
    }

    /// How many items are changed to what they were before, as a task that is completed and opened again.
    pub(crate) fn taken_back(&self) -> usize {
        let mut bodies: BTreeMap<Key, Vec<Value>> = BTreeMap::new();
        for line in &self.lines {
            let mut body: Value = serde_json::from_str(line).unwrap();
            let (Some(kind), Some(id)) = (body["kind"].as_str(), body["item_id"].as_str()) else { continue };
            let key = (kind.to_owned(), id.to_owned());
            body.as_object_mut().unwrap().remove("version");
            let bodies = bodies.entry(key).or_default();
            if bodies.last() != Some(&body) {
                bodies.push(body);
            }
        }
        let is_taken_back =
            |bodies: &&Vec<Value>| (1..bodies.len()).any(|at| bodies[..at].contains(&bodies[at]));
        bodies.values().filter(is_taken_back).count()
    }

    /// What is missing, doubled or different at Google; nothing if the month arrived exactly.
    pub(crate) async fn differences(&self, world: &World) -> Vec<String> {
        let mut differences = Vec::new();
        let mut seen = BTreeMap::new();
        for event in world.google.our_events().await {
            let item = event["extendedProperties"]["private"]["calsync_item"].as_str().unwrap().to_owned();
            let key = (event["account"].as_str().unwrap().to_owned(), item);
            if seen.insert(key.clone(), found(&event)).is_some() {
                differences.push(format!("doubled: {key:?}"));
            }
        }
        for (key, expected) in &self.expected {
            match seen.remove(key) {
                None => differences.push(format!("missing: {key:?}")),
                Some(found) if found != *expected => {
                    differences
                        .push(format!("different: {key:?}\n  found    {found:?}\n  expected {expected:?}"));
                }
                Some(_) => {}
            }
        }
        differences.extend(seen.keys().map(|key| format!("should not be there: {key:?}")));
        differences
    }
}

fn script(arguments: &[&str]) -> Vec<String> {
    #[expect(clippy::disallowed_methods, reason = "how large a part of the month is the caller's choice")]
    let items = std::env::var("MONTH_ITEMS").unwrap_or_else(|_| ITEMS_IN_CI.into());
    let mut command = Command::new(python());
    command.arg(repository().join("testdata/expected.py")).args(arguments);
    if items != "all" {
        command.args(["--items", &items]);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout)
        .unwrap()
        .split('\n')
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

fn key(emails: &BTreeMap<String, String>, row: &Value) -> Key {
    let text = |field: &str| row[field].as_str().unwrap();
    (emails[text("user_id")].clone(), format!("{}:{}", text("kind"), text("item_id")))
}

fn expected(row: &Value) -> Expected {
    let time = |side: &Value| side["date"].as_str().or(side["instant"].as_str()).unwrap().to_owned();
    Expected {
        summary: row["summary"].as_str().unwrap().to_owned(),
        start: time(&row["start"]),
        end: time(&row["end"]),
        location: row["location"].as_str().map(str::to_owned),
    }
}

fn found(event: &Value) -> Expected {
    let time = |side: &Value| match side["date"].as_str() {
        Some(date) => date.to_owned(),
        None => side["dateTime"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap().to_string(),
    };
    Expected {
        summary: event["summary"].as_str().unwrap_or_default().to_owned(),
        start: time(&event["start"]),
        end: time(&event["end"]),
        location: event["location"].as_str().map(str::to_owned),
    }
}
