//! Calendars, the list of them, and who may do what.

use calsync_simulator::{NewAccount, NewCalendar, Role};
use serde_json::{Value, json};

use crate::world::{ANA, World, ids, meeting};

#[tokio::test]
async fn a_calendar_is_made_changed_and_deleted() {
    let world = World::new();
    let first = world.get("/users/me/calendarList").await.ok();
    assert_eq!(ids(&first), [ANA]);
    assert_eq!(first["items"][0]["primary"], true);

    let calendar =
        world.post("/calendars", json!({"summary": "Platform", "timeZone": "Asia/Seoul"})).await.ok();
    let path = format!("/calendars/{}", calendar["id"].as_str().unwrap());
    let patched = world.call("PATCH", &path, json!({"description": "of the platform"})).await.ok();
    assert_eq!((&patched["summary"], &patched["timeZone"]), (&json!("Platform"), &json!("Asia/Seoul")));
    assert_ne!(patched["etag"], calendar["etag"]);

    let since = |listing: &Value| {
        format!("/users/me/calendarList?syncToken={}", listing["nextSyncToken"].as_str().unwrap())
    };
    let delta = world.get(&since(&first)).await.ok();
    assert_eq!(delta["items"][0]["description"], "of the platform");
    world.delete(&path).await.ok();
    assert_eq!(world.get(&since(&delta)).await.ok()["items"][0]["deleted"], true);
    assert_eq!(world.get(&path).await.error(), (404, "notFound"));
    assert_eq!(world.get(&format!("{path}/events")).await.error(), (404, "notFound"));
    assert_eq!(world.delete("/calendars/primary").await.error(), (403, "forbidden"));
}

#[tokio::test]
async fn roles_limit_what_is_seen_and_written() {
    let world = World::new();
    world.insert(meeting("Secret plans")).await;
    let shared = |role| {
        let calendar =
            NewCalendar { id: Some(ANA.to_owned()), summary: "Ana".to_owned(), access_role: Some(role) };
        world
            .simulator
            .add_account(NewAccount { calendars: vec![calendar], ..NewAccount::of("ben@example.com") });
        world.as_token(&world.simulator.access_token("ben@example.com").unwrap())
    };
    let events = format!("/calendars/{ANA}/events");

    let ben = shared(Role::FreeBusyReader);
    let seen = ben.get(&events).await.ok();
    assert_eq!(seen["accessRole"], "freeBusyReader");
    assert!(seen["items"][0].get("summary").is_none());
    assert_eq!(ben.post(&events, meeting("x")).await.error(), (403, "requiredAccessLevel"));
    let ben = shared(Role::Reader);
    assert_eq!(ben.get(&events).await.ok()["items"][0]["summary"], "Secret plans");
    assert_eq!(ben.post(&events, meeting("x")).await.error(), (403, "requiredAccessLevel"));
    let ben = shared(Role::Writer);
    let event = ben.post(&events, meeting("x")).await.ok();
    assert_eq!(event["creator"]["email"], "ben@example.com");
    assert_eq!(event["organizer"]["email"], ANA);
    assert_eq!(
        ben.call("PATCH", &format!("/calendars/{ANA}"), json!({"summary": "y"})).await.error(),
        (403, "forbidden")
    );
    let writable = ben.get("/users/me/calendarList?minAccessRole=writer").await.ok();
    assert_eq!(ids(&writable), ["ben@example.com", ANA]);

    let access = format!("/accounts/ben@example.com/calendars/{ANA}");
    world.control("PATCH", &access, json!({"access_role": null})).await.ok();
    assert_eq!(ben.get(&events).await.error(), (404, "notFound"));
}

#[tokio::test]
async fn settings_and_partial_answers() {
    let world = World::new();
    assert_eq!(world.get("/users/me/settings/timezone").await.ok()["value"], "Europe/Paris");
    assert_eq!(
        world.get("/users/me/settings?fields=items/id").await.ok()["items"][0],
        json!({"id": "autoAddHangouts"})
    );
    assert_eq!(world.get("/users/me/settings?fields=items(").await.error().0, 400);
}

#[tokio::test]
async fn control_answers_what_it_did_and_refuses_what_it_does_not_know() {
    let world = World::new();
    let body = json!({"email": "Cho@Example.org", "name": "Cho", "hd": "example.org", "calendars": [{"summary": "Team"}]});
    let added = world.control("POST", "/accounts", body).await;
    assert_eq!(added.status, 201);
    assert_eq!(added.body["email"], "cho@example.org");
    assert_eq!(added.body["calendars"].as_array().unwrap().len(), 2);
    let token = world.control("POST", "/accounts/cho@example.org/token", Value::Null).await.ok();
    let cho = world.as_token(token["access_token"].as_str().unwrap());
    assert_eq!(cho.get("/calendars/primary").await.ok()["id"], "cho@example.org");
    assert_eq!(world.control("POST", "/accounts/nobody@x/token", Value::Null).await.status, 404);
    assert_eq!(world.control("POST", "/accounts", json!({"email": "a@b", "admin": true})).await.status, 400);
    let clock = world.control("POST", "/clock", json!({"advance_seconds": 3600})).await;
    assert!(clock.header("date").is_none());
    assert_eq!(clock.ok()["now"], "2031-03-03T09:00:00Z");
    let date = |answer: &crate::world::Answer| answer.header("date").unwrap().to_owned();
    assert_eq!(date(&world.get("/colors").await), "Mon, 03 Mar 2031 08:00:00 GMT");
    world.control("POST", "/clock", json!({"advance_seconds": 3600, "date": true})).await.ok();
    assert_eq!(date(&world.get("/colors").await), "Mon, 03 Mar 2031 09:00:00 GMT");
    world.control("POST", "/reset", Value::Null).await;
    assert_eq!(world.simulator.state()["accounts"], json!([]));
}
