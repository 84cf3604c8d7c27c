//! Series, their occurrences, and the exceptions among them.

use serde_json::{Value, json};

use crate::world::{World, ids};

const EVENTS: &str = "/calendars/primary/events";

/// Every day at nine in Paris, four times from 28 March 2031: over the change of the clocks.
async fn standup(world: &World) -> String {
    let event = json!({
        "id": "standup",
        "summary": "Stand-up",
        "start": {"dateTime": "2031-03-28T09:00:00", "timeZone": "Europe/Paris"},
        "end": {"dateTime": "2031-03-28T09:15:00", "timeZone": "Europe/Paris"},
        "recurrence": ["RRULE:FREQ=DAILY;COUNT=4"],
    });
    world.insert(event).await["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn occurrences_keep_their_hour() {
    let world = World::new();
    standup(&world).await;
    let expanded = world.get(&format!("{EVENTS}?singleEvents=true&orderBy=startTime")).await.ok();
    let starts: Vec<&str> = expanded["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["start"]["dateTime"].as_str().unwrap())
        .collect();
    assert_eq!(
        starts,
        [
            "2031-03-28T09:00:00+01:00",
            "2031-03-29T09:00:00+01:00",
            "2031-03-30T09:00:00+02:00",
            "2031-03-31T09:00:00+02:00",
        ]
    );
    assert_eq!(ids(&expanded)[2], "standup_20310330T070000Z");
    assert_eq!(ids(&world.get(EVENTS).await.ok()), ["standup"]);
    let page = world.get(&format!("{EVENTS}/standup/instances?maxResults=3")).await.ok();
    let next = page["nextPageToken"].as_str().unwrap();
    let rest = world.get(&format!("{EVENTS}/standup/instances?maxResults=3&pageToken={next}")).await.ok();
    assert_eq!(ids(&rest), ["standup_20310331T070000Z"]);
    assert!(rest.get("nextPageToken").is_none());
}

#[tokio::test]
async fn an_exception_takes_its_occurrences_place() {
    let world = World::new();
    standup(&world).await;
    let full = world.get(EVENTS).await.ok();
    let moved = json!({
        "start": {"dateTime": "2031-03-29T15:00:00+01:00"},
        "end": {"dateTime": "2031-03-29T15:15:00+01:00"},
    });
    let exception = world.call("PATCH", &format!("{EVENTS}/standup_20310329T080000Z"), moved).await.ok();
    assert_eq!(exception["recurringEventId"], "standup");
    assert_eq!(exception["originalStartTime"]["dateTime"], "2031-03-29T09:00:00+01:00");
    world.delete(&format!("{EVENTS}/standup_20310330T070000Z")).await.ok();

    let expanded = world.get(&format!("{EVENTS}?singleEvents=true&orderBy=startTime")).await.ok();
    assert_eq!(
        ids(&expanded),
        ["standup_20310328T080000Z", "standup_20310329T080000Z", "standup_20310331T070000Z"]
    );
    let delta =
        world.get(&format!("{EVENTS}?syncToken={}", full["nextSyncToken"].as_str().unwrap())).await.ok();
    assert_eq!(delta["items"][1]["status"], "cancelled");
    assert_eq!(delta["items"][1]["recurringEventId"], "standup");
    assert!(delta["items"][1]["originalStartTime"].is_object());
    assert_eq!(world.get(&format!("{EVENTS}/standup_20310401T070000Z")).await.error(), (404, "notFound"));

    world.delete(&format!("{EVENTS}/standup")).await.ok();
    assert_eq!(world.get(EVENTS).await.ok()["items"], json!([]));
}

#[tokio::test]
async fn a_series_needs_a_zone_and_a_rule_that_is_one() {
    let world = World::new();
    let mut event = json!({
        "start": {"dateTime": "2031-03-28T09:00:00Z"},
        "end": {"dateTime": "2031-03-28T09:15:00Z"},
        "recurrence": ["RRULE:FREQ=DAILY"],
    });
    assert_eq!(world.post(EVENTS, event.clone()).await.error(), (400, "required"));
    event["start"]["timeZone"] = json!("UTC");
    event["end"]["timeZone"] = json!("UTC");
    event["recurrence"] = json!(["RRULE:FREQ=SOMETIMES"]);
    assert_eq!(world.post(EVENTS, event).await.error(), (400, "invalid"));
}

#[tokio::test]
async fn all_day_series_fall_on_days() {
    let world = World::new();
    let event = json!({
        "id": "rent00",
        "start": {"date": "2031-01-31"},
        "end": {"date": "2031-02-01"},
        "recurrence": ["RRULE:FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3"],
    });
    world.insert(event).await;
    let listing = world.get(&format!("{EVENTS}?singleEvents=true&orderBy=startTime")).await.ok();
    assert_eq!(ids(&listing), ["rent00_20310131", "rent00_20310228", "rent00_20310331"]);
    assert_eq!(listing["items"][1]["end"]["date"], "2031-03-01");
}

#[tokio::test]
async fn free_and_busy_are_told_without_details() {
    let world = World::new();
    standup(&world).await;
    let query = json!({
        "timeMin": "2031-03-29T00:00:00Z",
        "timeMax": "2031-03-30T00:00:00Z",
        "items": [{"id": "primary"}, {"id": "nobody@example.com"}],
    });
    let answer = world.post("/freeBusy", query).await.ok();
    let busy = json!([{"start": "2031-03-29T08:00:00Z", "end": "2031-03-29T08:15:00Z"}]);
    assert_eq!(answer["calendars"]["primary"]["busy"], busy);
    assert_eq!(answer["calendars"]["nobody@example.com"]["errors"][0]["reason"], Value::from("notFound"));
}
