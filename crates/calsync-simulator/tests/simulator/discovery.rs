//! Google's discovery document as the judge: methods are where it says, answers hold what it describes.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::world::{ANA, World, meeting};

/// Methods of the document that the simulator doesn't have; they answer 404.
const NOT_SERVED: &[&str] = &[
    "acl.delete",
    "acl.get",
    "acl.insert",
    "acl.list",
    "acl.patch",
    "acl.update",
    "acl.watch",
    "calendarList.delete",
    "calendarList.insert",
    "calendarList.patch",
    "calendarList.update",
    "calendarList.watch",
    "calendars.clear",
    "calendars.transferOwnership",
    "channels.stop",
    "events.quickAdd",
    "events.watch",
    "settings.watch",
];

fn document() -> Value {
    let folder = std::env::var_os("CALSYNC_DISCOVERY_DIR").unwrap_or_else(|| {
        panic!(
            "set CALSYNC_DISCOVERY_DIR to the folder that holds calendar.v3.json: in the package \
             google-api-python-client it is googleapiclient/discovery_cache/documents"
        )
    });
    let path = PathBuf::from(folder).join("calendar.v3.json");
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap()
}

/// All methods: name without `calendar.`, and its description.
fn methods(document: &Value) -> Vec<(String, &Value)> {
    let resources = document["resources"].as_object().unwrap().values();
    let methods = resources.flat_map(|resource| resource["methods"].as_object().unwrap().values());
    methods.map(|method| (method["id"].as_str().unwrap().replacen("calendar.", "", 1), method)).collect()
}

#[tokio::test]
async fn methods_are_where_the_document_says() {
    let document = document();
    let mut unserved = BTreeSet::new();
    for (name, method) in methods(&document) {
        let world = World::new();
        let path = method["path"]
            .as_str()
            .unwrap()
            .replace("{calendarId}", "primary")
            .replace("{eventId}", "event0");
        let path = path.replace("{ruleId}", "rule").replace("{setting}", "timezone");
        world.call(method["httpMethod"].as_str().unwrap(), &format!("/{path}"), json!({})).await;
        let state = world.simulator.state();
        if state["requests"].get(&name).is_none() {
            unserved.insert(name);
        }
    }
    let known: BTreeSet<String> = NOT_SERVED.iter().map(|name| (*name).to_owned()).collect();
    // Methods that are newer than this list are nobody's promise.
    assert!(unserved.is_superset(&known), "served after all: {:?}", known.difference(&unserved));
    for promised in ["events.insert", "events.import", "events.move", "freebusy.query", "calendars.patch"] {
        assert!(!unserved.contains(promised), "{promised} is not served at its path");
    }
}

#[tokio::test]
async fn answers_hold_what_the_document_describes() {
    let document = document();
    let world = World::new();
    let check = |method: &str, answer: &Value| {
        let methods = methods(&document);
        let (_, description) = methods.iter().find(|(name, _)| name == method).unwrap();
        let schema = description["response"]["$ref"].as_str().unwrap();
        conforms(&document, &json!({"$ref": schema}), answer, method);
    };
    let calendar = world
        .post("/calendars", json!({"summary": "Second", "description": "d", "location": "l"}))
        .await
        .ok();
    check("calendars.insert", &calendar);
    let second = calendar["id"].as_str().unwrap();
    check("calendars.get", &world.get(&format!("/calendars/{second}")).await.ok());
    check("calendarList.list", &world.get("/users/me/calendarList").await.ok());
    check("calendarList.get", &world.get("/users/me/calendarList/primary").await.ok());
    check("settings.list", &world.get("/users/me/settings").await.ok());
    check("colors.get", &world.get("/colors").await.ok());

    let events = "/calendars/primary/events";
    let full = world
        .post(&format!("{events}?conferenceDataVersion=1&supportsAttachments=true"), everything())
        .await
        .ok();
    check("events.insert", &full);
    let id = full["id"].as_str().unwrap();
    check("events.get", &world.get(&format!("{events}/{id}")).await.ok());
    check("events.instances", &world.get(&format!("{events}/{id}/instances")).await.ok());
    check("events.list", &world.get(events).await.ok());
    check("events.list", &world.get(&format!("{events}?singleEvents=true&maxResults=2")).await.ok());
    let single = world.insert(meeting("Talk")).await;
    let path = format!("{events}/{}", single["id"].as_str().unwrap());
    check("events.patch", &world.call("PATCH", &path, json!({"colorId": "3"})).await.ok());
    check("events.move", &world.post(&format!("{path}/move?destination={second}"), json!(null)).await.ok());
    check("events.list", &world.get(&format!("{events}?showDeleted=true")).await.ok());
    let query =
        json!({"timeMin": "2031-03-01T00:00:00Z", "timeMax": "2031-04-01T00:00:00Z", "items": [{"id": ANA}]});
    check("freebusy.query", &world.post("/freeBusy", query).await.ok());
}

/// An event with all that a caller can set.
fn everything() -> Value {
    json!({
        "summary": "All", "description": "d", "location": "l", "colorId": "1", "status": "tentative",
        "visibility": "private", "transparency": "transparent", "guestsCanModify": true,
        "start": {"dateTime": "2031-03-10T09:00:00", "timeZone": "Europe/Paris"},
        "end": {"dateTime": "2031-03-10T10:00:00", "timeZone": "Europe/Paris"},
        "recurrence": ["RRULE:FREQ=DAILY;COUNT=3"],
        "attendees": [{"email": "guest@example.com", "optional": true}, {"email": ANA}],
        "reminders": {"useDefault": false, "overrides": [{"method": "email", "minutes": 30}]},
        "extendedProperties": {"private": {"a": "1"}, "shared": {"b": "2"}},
        "source": {"title": "t", "url": "https://example.com/"},
        "attachments": [{"fileUrl": "https://example.com/file", "title": "f"}],
        "conferenceData": {"createRequest": {"requestId": "r", "conferenceSolutionKey": {"type": "hangoutsMeet"}}},
    })
}

/// Fails on a field that the schema doesn't know, and on a value of another type.
fn conforms(document: &Value, schema: &Value, value: &Value, path: &str) {
    if let Some(name) = schema["$ref"].as_str() {
        return conforms(document, &document["schemas"][name], value, path);
    }
    match schema["type"].as_str().unwrap() {
        "object" => {
            let fields = value.as_object().unwrap_or_else(|| panic!("{path} is no object: {value}"));
            for (name, field) in fields {
                let known = schema["properties"].get(name).or_else(|| schema.get("additionalProperties"));
                let known = known.unwrap_or_else(|| panic!("{path}.{name} is unknown to the document"));
                conforms(document, known, field, &format!("{path}.{name}"));
            }
        }
        "array" => {
            for item in value.as_array().unwrap_or_else(|| panic!("{path} is no list: {value}")) {
                conforms(document, &schema["items"], item, path);
            }
        }
        "string" => assert!(value.is_string(), "{path} is no text: {value}"),
        "boolean" => assert!(value.is_boolean(), "{path} is no flag: {value}"),
        "integer" => assert!(value.is_i64(), "{path} is no whole number: {value}"),
        _ => {}
    }
}
