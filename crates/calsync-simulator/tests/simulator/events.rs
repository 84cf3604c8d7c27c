//! Events: what is stored, what Google fills in, and what is refused.

use serde_json::json;

use crate::world::{ANA, World, meeting};

#[tokio::test]
async fn an_inserted_event_comes_back_complete() {
    let world = World::new();
    let event = world.insert(meeting("Talk")).await;
    assert_eq!(event["kind"], "calendar#event");
    assert_eq!(event["status"], "confirmed");
    assert_eq!(event["start"]["dateTime"], "2031-03-10T10:00:00+01:00");
    assert_eq!(event["organizer"], json!({"email": ANA, "self": true}));
    assert_eq!(event["iCalUID"], json!(format!("{}@google.com", event["id"].as_str().unwrap())));
    let path = format!("/calendars/primary/events/{}", event["id"].as_str().unwrap());
    let answer = world.get(&path).await;
    assert_eq!(answer.header("etag"), event["etag"].as_str());
    assert_eq!(answer.ok(), event);
}

const EVENTS: &str = "/calendars/primary/events";

#[tokio::test]
async fn ids_are_checked_and_never_given_again() {
    let world = World::new();
    let with_id = |id: &str| {
        let mut event = meeting("Talk");
        event["id"] = json!(id);
        event
    };
    for bad in ["abcd", "UPPER", "with-dash", "wxyz12", &"a".repeat(1_025)] {
        assert_eq!(world.post(EVENTS, with_id(bad)).await.error(), (400, "invalid"), "{bad}");
    }
    world.post(EVENTS, with_id("good0")).await.ok();
    assert_eq!(world.post(EVENTS, with_id("good0")).await.error(), (409, "duplicate"));
    assert_eq!(world.delete(&format!("{EVENTS}/good0")).await.status, 204);
    assert_eq!(world.delete(&format!("{EVENTS}/good0")).await.error(), (410, "deleted"));
    assert_eq!(world.post(EVENTS, with_id("good0")).await.error(), (409, "duplicate"));
    assert_eq!(world.get(&format!("{EVENTS}/good0")).await.ok()["status"], "cancelled");
    let back = world.call("PUT", &format!("{EVENTS}/good0"), with_id("good0")).await.ok();
    assert_eq!(back["status"], "confirmed");
}

#[tokio::test]
async fn versions_are_compared() {
    let world = World::new();
    let event = world.insert(meeting("Talk")).await;
    let path = format!("{EVENTS}/{}", event["id"].as_str().unwrap());
    let old = event["etag"].as_str().unwrap();
    let newer = world.call_with("PATCH", &path, &[("if-match", old)], json!({"summary": "Chat"})).await.ok();
    let stale = world.call_with("PUT", &path, &[("if-match", old)], meeting("Other")).await;
    assert_eq!(stale.error(), (412, "conditionNotMet"));
    assert_eq!(world.call_with("DELETE", &path, &[("if-match", old)], json!({})).await.error().0, 412);
    let known = [("if-none-match", newer["etag"].as_str().unwrap())];
    let unchanged = world.call_with("GET", &path, &known, json!(null)).await;
    assert_eq!((unchanged.status.as_u16(), unchanged.bytes.len()), (304, 0));
}

#[tokio::test]
async fn sequence_and_updated_move_by_their_rules() {
    let world = World::new();
    let event = world.insert(meeting("Talk")).await;
    let path = format!("{EVENTS}/{}", event["id"].as_str().unwrap());
    world.simulator.advance(jiff::SignedDuration::from_secs(10));
    let patch = async |body| world.call("PATCH", &path, body).await.ok();

    let reminded =
        patch(json!({"reminders": {"useDefault": false, "overrides": [{"method": "popup", "minutes": 5}]}}))
            .await;
    assert_eq!(reminded["updated"], event["updated"]);
    assert_ne!(reminded["etag"], event["etag"]);
    let renamed = patch(json!({"summary": "Chat"})).await;
    assert_ne!(renamed["updated"], event["updated"]);
    assert_eq!(renamed["sequence"], 0);
    let moved = patch(json!({"end": {"dateTime": "2031-03-10T11:00:00Z"}})).await;
    assert_eq!(moved["sequence"], 1);
    let mut old_copy = meeting("Talk");
    old_copy["sequence"] = json!(0);
    assert_eq!(world.call("PUT", &path, old_copy).await.error(), (400, "invalid"));
}

#[tokio::test]
async fn patches_merge_and_updates_replace() {
    let world = World::new();
    let mut event = meeting("Talk");
    event["extendedProperties"] = json!({"private": {"a": "1", "b": "2"}});
    event["conferenceData"] = json!({"createRequest": {"requestId": "r1"}});
    let event = world.post(&format!("{EVENTS}?conferenceDataVersion=1"), event).await.ok();
    assert!(event["hangoutLink"].as_str().unwrap().starts_with("https://meet.google.com/"));
    let path = format!("{EVENTS}/{}", event["id"].as_str().unwrap());
    let patched = world
        .call("PATCH", &path, json!({"extendedProperties": {"private": {"a": null, "c": "3"}}}))
        .await
        .ok();
    assert_eq!(patched["extendedProperties"]["private"], json!({"b": "2", "c": "3"}));
    assert!(patched["conferenceData"].is_object());

    let mixed = json!({"start": {"date": "2031-03-10"}, "end": {"date": "2031-03-11"}});
    assert_eq!(world.call("PATCH", &path, mixed).await.error().0, 400);
    let all_day = json!({
        "start": {"date": "2031-03-10", "dateTime": null, "timeZone": null},
        "end": {"date": "2031-03-11", "dateTime": null, "timeZone": null},
    });
    assert_eq!(world.call("PATCH", &path, all_day).await.ok()["start"], json!({"date": "2031-03-10"}));

    let replaced = world.call("PUT", &path, meeting("New")).await.ok();
    for gone in ["extendedProperties", "conferenceData", "hangoutLink"] {
        assert!(replaced.get(gone).is_none(), "{gone}");
    }
    assert_eq!(replaced["created"], event["created"]);
}

#[tokio::test]
async fn wrong_values_are_refused_by_their_rule() {
    let world = World::new();
    let override_of = |minutes: i64| json!({"method": "popup", "minutes": minutes});
    let cases = [
        (json!({"end": null}), "required"),
        (json!({"end": {"dateTime": "2031-03-10T09:00:00Z"}}), "timeRangeEmpty"),
        (json!({"end": {"date": "2031-03-11"}}), "invalid"),
        (json!({"start": {"dateTime": "2031-03-10T09:00:00"}}), "required"),
        (json!({"start": {"dateTime": "2031-03-10T09:00:00", "timeZone": "Mars/Base"}}), "invalid"),
        (json!({"start": {"dateTime": "soon"}}), "invalid"),
        (json!({"colorId": "12"}), "invalid"),
        (json!({"source": {"url": "ftp://example.com"}}), "invalid"),
        (json!({"summary": 5}), "invalid"),
        (json!({"attendees": [{"displayName": "no address"}]}), "required"),
        (
            json!({"reminders": {"useDefault": true, "overrides": [override_of(5)]}}),
            "cannotUseDefaultRemindersAndSpecifyOverride",
        ),
        (json!({"reminders": {"useDefault": false, "overrides": [override_of(40_321)]}}), "invalid"),
        (json!({"reminders": {"useDefault": false, "overrides": vec![override_of(5); 6]}}), "invalid"),
        (json!({"extendedProperties": {"private": {"k".repeat(45): "v"}}}), "invalid"),
        (json!({"extendedProperties": {"shared": {"k": "v".repeat(1_025)}}}), "invalid"),
        (json!({"status": "maybe"}), "invalid"),
    ];
    for (change, reason) in cases {
        let mut event = meeting("Talk");
        for (name, value) in change.as_object().unwrap() {
            event[name] = value.clone();
        }
        assert_eq!(world.post(EVENTS, event).await.error(), (400, reason), "{change}");
    }
    let broken = world.call_with("POST", EVENTS, &[], json!("not an object")).await;
    assert_eq!(broken.error(), (400, "parseError"));
    assert!(world.simulator.events(ANA).is_empty());
}

#[tokio::test]
async fn listings_find_what_is_asked_for() {
    let world = World::new();
    let mut tagged = meeting("Quarterly review");
    tagged["id"] = json!("tagged");
    tagged["extendedProperties"] = json!({"private": {"stamp": "x"}, "shared": {"team": "a"}});
    world.insert(tagged).await;
    let mut later = meeting("Retro");
    later["id"] = json!("later");
    later["start"] = json!({"date": "2031-04-01"});
    later["end"] = json!({"date": "2031-04-02"});
    world.insert(later).await;
    let cases: [(&str, &[&str]); 8] = [
        ("privateExtendedProperty=stamp%3Dx", &["tagged"]),
        ("sharedExtendedProperty=team%3Db", &[]),
        ("q=REVIEW%20quarterly", &["tagged"]),
        ("timeMin=2031-03-31T21:59:59Z", &["later"]),
        ("timeMax=2031-03-10T09:00:00Z", &[]),
        ("iCalUID=later%40google.com", &["later"]),
        ("singleEvents=true&orderBy=startTime", &["tagged", "later"]),
        ("eventTypes=focusTime", &[]),
    ];
    for (query, expected) in cases {
        let listing = world.get(&format!("{EVENTS}?{query}")).await.ok();
        assert_eq!(crate::world::ids(&listing), expected, "{query}");
    }
    let empty =
        world.get(&format!("{EVENTS}?timeMin=2031-03-02T00:00:00Z&timeMax=2031-03-01T00:00:00Z")).await;
    assert_eq!(empty.error(), (400, "timeRangeEmpty"));
    assert_eq!(world.get(&format!("{EVENTS}?orderBy=startTime")).await.error().0, 400);
    let ages_ago = world.get(&format!("{EVENTS}?updatedMin=2030-01-01T00:00:00Z")).await;
    assert_eq!(ages_ago.error(), (410, "updatedMinTooLongAgo"));
}

#[tokio::test]
async fn imports_are_copies_and_moves_leave_tombstones() {
    let world = World::new();
    let mut invitation = meeting("Party");
    invitation["iCalUID"] = json!("party@elsewhere");
    invitation["organizer"] = json!({"email": "host@elsewhere.example"});
    let copy = world.post(&format!("{EVENTS}/import"), invitation.clone()).await.ok();
    assert_eq!(copy["organizer"]["email"], "host@elsewhere.example");
    let path = format!("{EVENTS}/{}", copy["id"].as_str().unwrap());
    let refused = world.call("PATCH", &path, json!({"summary": "Mine"})).await;
    assert_eq!(refused.error(), (403, "forbiddenForNonOrganizer"));
    let again = world.post(&format!("{EVENTS}/import"), invitation).await.ok();
    assert_eq!(again["id"], copy["id"]);

    let other = world.post("/calendars", json!({"summary": "Other"})).await.ok();
    let other = other["id"].as_str().unwrap();
    let mut own = meeting("Talk");
    own["id"] = json!("wanderer0".replace('w', "v"));
    let own = world.insert(own).await;
    let path = format!("{EVENTS}/{}", own["id"].as_str().unwrap());
    let moved = world.post(&format!("{path}/move?destination={other}"), json!(null)).await.ok();
    assert_eq!((&moved["id"], &moved["organizer"]["email"]), (&own["id"], &json!(other)));
    assert_eq!(world.get(&path).await.ok()["status"], "cancelled");
}

#[tokio::test]
async fn the_user_edits_beside_the_client() {
    let world = World::new();
    let event = world.simulator.user_inserts_event(ANA, "primary", &meeting("By hand")).unwrap();
    let id = event["id"].as_str().unwrap();
    world.simulator.user_edits_event(ANA, ANA, id, &json!({"summary": "✓ By hand"})).unwrap();
    assert_eq!(world.get(&format!("{EVENTS}/{id}")).await.ok()["summary"], "✓ By hand");
    world.simulator.user_deletes_event(ANA, ANA, id).unwrap();
    let error = world.simulator.user_deletes_event(ANA, ANA, id).unwrap_err();
    assert_eq!(error["error"]["code"], 410);
    assert!(world.simulator.state()["requests"].get("events.patch").is_none(), "not a call of the client");
}
