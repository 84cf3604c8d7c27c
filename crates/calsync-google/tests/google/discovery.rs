//! Every request against Google's own description of its API.

use std::collections::BTreeSet;
use std::path::PathBuf;

use calsync_core::integration::CalendarChoice;
use calsync_google::ListQuery;
use calsync_google::scopes::{Choice, wanted};
use serde_json::{Value, json};

use crate::fake::{CALENDAR, Seen, event, meeting, world};

const DIR: &str = "CALSYNC_DISCOVERY_DIR";

fn document() -> Value {
    let dir = std::env::var_os(DIR).map(PathBuf::from).unwrap_or_else(|| {
        panic!("{DIR} is not set: it names the folder with Google's discovery documents (calendar.v3.json)")
    });
    let path = dir.join("calendar.v3.json");
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{DIR}: {}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap()
}

/// A meeting with all that calsync writes and some of what users add.
fn rich() -> calsync_core::remote::RemoteEvent {
    let mut rich = meeting("richa");
    let more = json!({
        "description": "d", "location": "l", "source": {"title": "t", "url": "https://platform.example/1"},
        "extendedProperties": {"private": {"calsync_item": "session/1"}, "shared": {"a": "b"}},
        "reminders": {"useDefault": false, "overrides": [{"method": "popup", "minutes": 900}]},
        "attendees": [{"email": "guest@example.com", "responseStatus": "accepted"}],
        "eventLabelId": "label", "colorId": "5", "visibility": "private", "transparency": "opaque",
    });
    rich.0.extend(more.as_object().unwrap().clone());
    rich
}

/// Makes every call of the Calendar API once, with all that it can say.
async fn every_request() -> Vec<Seen> {
    let world = world();
    let (client, token) = (&world.client, &world.token);
    let made = client.insert_event(token, CALENDAR, &rich()).await.unwrap();
    client.get_event(token, CALENDAR, made.id()).await.unwrap();
    let mut whole = made.clone();
    whole.0.insert("htmlLink".into(), "https://www.google.com/calendar/event?eid=1".into());
    let written = client.update_event(token, CALENDAR, made.id(), made.etag(), &whole).await.unwrap();
    let part = event(json!({"summary": "s", "eventLabelId": "label"}));
    client.patch_event(token, CALENDAR, made.id(), written.etag(), &part).await.unwrap();
    client.insert_event(token, CALENDAR, &meeting("plain")).await.unwrap();
    for sync_token in [None, Some("sync".to_owned())] {
        let query = ListQuery {
            private_property: Some("calsync_item=session/1".into()),
            sync_token,
            page_token: Some("1".into()),
            show_deleted: true,
            time_min: Some("2030-01-01T00:00:00Z".parse().unwrap()),
            max_results: Some(250),
        };
        client.list_events(token, CALENDAR, &query).await.unwrap();
    }
    client.delete_event(token, CALENDAR, made.id(), None).await.unwrap();
    let ours = client.insert_calendar(token, "Lessons", "marker", Some("Asia/Tokyo")).await.unwrap();
    client.insert_calendar(token, "More", "marker", None).await.unwrap();
    client.list_calendars(token).await.unwrap();
    client.get_calendar(token, &ours.id).await.unwrap();
    client.delete_calendar(token, &ours.id).await.unwrap();
    world.google.seen()
}

/// The method that `seen` calls, by its verb and the shape of its path.
fn method<'a>(document: &'a Value, seen: &Seen) -> &'a Value {
    let path = seen.path.strip_prefix("/calendar/v3/").expect("the API's path");
    let fits = |template: &str| {
        let (template, path): (Vec<&str>, Vec<&str>) =
            (template.split('/').collect(), path.split('/').collect());
        template.len() == path.len()
            && template.iter().zip(path).all(|(part, given)| part.starts_with('{') || *part == given)
    };
    document["resources"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|resource| resource["methods"].as_object().unwrap().values())
        .find(|method| method["httpMethod"] == seen.method && fits(method["path"].as_str().unwrap()))
        .unwrap_or_else(|| panic!("Google has no {} {}", seen.method, seen.path))
}

#[tokio::test]
async fn every_request_is_one_that_google_describes() {
    let document = document();
    let mut called = BTreeSet::new();
    for seen in every_request().await {
        let method = method(&document, &seen);
        let id = method["id"].as_str().unwrap();
        called.insert(id.to_owned());
        for (name, value) in &seen.query {
            let parameter = &method["parameters"][name];
            assert_eq!(parameter["location"], "query", "{id} has no parameter {name}");
            check_value(&format!("{id} {name}"), parameter, value);
        }
        match method["request"]["$ref"].as_str() {
            Some(schema) => {
                let body: Value = serde_json::from_slice(&seen.body).expect("a body");
                check_body(&document, &json!({"$ref": schema}), &body, id);
            }
            None => assert!(seen.body.is_empty(), "{id} takes no body"),
        }
    }
    let ours = [
        "calendar.calendarList.get",
        "calendar.calendarList.list",
        "calendar.calendars.delete",
        "calendar.calendars.insert",
        "calendar.events.delete",
        "calendar.events.get",
        "calendar.events.insert",
        "calendar.events.list",
        "calendar.events.patch",
        "calendar.events.update",
    ];
    assert_eq!(called.iter().map(String::as_str).collect::<Vec<_>>(), ours);
}

fn check_value(place: &str, parameter: &Value, value: &str) {
    if let Some(allowed) = parameter["enum"].as_array() {
        assert!(allowed.iter().any(|allowed| allowed == value), "{place} can't be {value}");
    }
    match parameter["type"].as_str() {
        Some("integer") => {
            let value: i64 = value.parse().unwrap_or_else(|_| panic!("{place} is no integer: {value}"));
            let limit = |name: &str| parameter[name].as_str().and_then(|limit| limit.parse::<i64>().ok());
            assert!(limit("minimum").is_none_or(|least| value >= least), "{place}: {value}");
            assert!(limit("maximum").is_none_or(|most| value <= most), "{place}: {value}");
        }
        Some("boolean") => assert!(["true", "false"].contains(&value), "{place}: {value}"),
        _ => {}
    }
}

/// Whether `body` holds only what `schema` names, all the way down.
fn check_body(document: &Value, schema: &Value, body: &Value, place: &str) {
    let schema = match schema["$ref"].as_str() {
        Some(name) => &document["schemas"][name],
        None => schema,
    };
    match schema["type"].as_str() {
        Some("object") => {
            for (key, value) in body.as_object().unwrap_or_else(|| panic!("{place} is no object")) {
                let place = format!("{place} {key}");
                let field = match &schema["properties"][key] {
                    Value::Null => &schema["additionalProperties"],
                    field => field,
                };
                assert!(!field.is_null(), "{place}: no such field");
                check_body(document, field, value, &place);
            }
        }
        Some("array") => {
            for entry in body.as_array().unwrap_or_else(|| panic!("{place} is no list")) {
                check_body(document, &schema["items"], entry, place);
            }
        }
        Some("string") => assert!(body.is_string(), "{place}: {body}"),
        Some("boolean") => assert!(body.is_boolean(), "{place}: {body}"),
        Some("integer") => assert!(body.is_i64() || body.is_u64(), "{place}: {body}"),
        _ => {}
    }
}

/// Every permission that a request needs is among those that its choice asks for.
#[tokio::test]
async fn what_is_asked_for_is_enough_for_what_is_called() {
    let document = document();
    for calendar in [CalendarChoice::New, CalendarChoice::Existing] {
        let asked = wanted(Choice { calendar, google_tasks: false });
        for seen in every_request().await {
            let method = method(&document, &seen);
            let id = method["id"].as_str().unwrap();
            if calendar == CalendarChoice::Existing && id.starts_with("calendar.calendars.") {
                continue; // Only calendars of ours are made and removed.
            }
            let allowing = method["scopes"].as_array().unwrap();
            let enough = allowing.iter().any(|one| asked.iter().any(|scope| one == scope));
            assert!(enough, "{calendar:?}: nothing allows {id}");
        }
    }
}
