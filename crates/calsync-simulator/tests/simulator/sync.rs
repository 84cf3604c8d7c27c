//! Sync tokens and pages: nothing that changes is ever missed.

use calsync_simulator::Role;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::world::{ANA, World, ids, meeting};

const EVENTS: &str = "/calendars/primary/events";

async fn sync(world: &World, token: &str) -> Value {
    world.get(&format!("{EVENTS}?syncToken={token}")).await.ok()
}

fn token(listing: &Value) -> &str {
    listing["nextSyncToken"].as_str().unwrap_or_else(|| panic!("no token in {listing}"))
}

#[tokio::test]
async fn a_sync_gives_what_changed_and_nothing_else() {
    let world = World::new();
    let first = world.insert(meeting("One")).await;
    let second = world.insert(meeting("Two")).await;
    let full = world.get(EVENTS).await.ok();
    assert_eq!(full["items"].as_array().unwrap().len(), 2);
    assert_eq!(sync(&world, token(&full)).await["items"], json!([]));

    let path = |event: &Value| format!("{EVENTS}/{}", event["id"].as_str().unwrap());
    world.call("PATCH", &path(&first), json!({"summary": "Uno"})).await.ok();
    world.delete(&path(&second)).await.ok();
    let delta = sync(&world, token(&full)).await;
    assert_eq!(delta["items"][0]["summary"], "Uno");
    assert_eq!(delta["items"][1]["status"], "cancelled");
    assert!(delta["items"][1].get("summary").is_none(), "deletions come bare");
    assert_eq!(sync(&world, token(&delta)).await["items"], json!([]));
}

#[tokio::test]
async fn pages_resume_past_what_changes_meanwhile() {
    let world = World::new();
    for index in 0..7 {
        let mut event = meeting("Talk");
        event["id"] = json!(format!("event{index}"));
        world.insert(event).await;
    }
    let one = world.get(&format!("{EVENTS}?maxResults=3")).await.ok();
    assert_eq!(ids(&one), ["event0", "event1", "event2"]);
    world.call("PATCH", &format!("{EVENTS}/event0"), json!({"summary": "moved"})).await.ok();
    world.call("PATCH", &format!("{EVENTS}/event4"), json!({"summary": "moved"})).await.ok();
    let page = |listing: &Value| {
        format!("{EVENTS}?maxResults=3&pageToken={}", listing["nextPageToken"].as_str().unwrap())
    };
    let two = world.get(&page(&one)).await.ok();
    assert_eq!(ids(&two), ["event3", "event5", "event6"]);
    let three = world.get(&page(&two)).await.ok();
    assert_eq!(ids(&three), ["event0", "event4"]);
    let delta = sync(&world, token(&three)).await;
    assert_eq!(ids(&delta), ["event0", "event4"], "what changed between pages comes again");
    assert_eq!(sync(&world, token(&delta)).await["items"], json!([]));
}

#[tokio::test]
async fn a_deletion_between_two_pages_comes_with_the_next_sync() {
    let world = World::new();
    for id in ["event0", "event1"] {
        let mut event = meeting("Talk");
        event["id"] = json!(id);
        world.insert(event).await;
    }
    let one = world.get(&format!("{EVENTS}?maxResults=1")).await.ok();
    assert_eq!(ids(&one), ["event0"]);
    world.delete(&format!("{EVENTS}/event0")).await;
    let next = one["nextPageToken"].as_str().unwrap();
    let two = world.get(&format!("{EVENTS}?maxResults=1&pageToken={next}")).await.ok();
    assert_eq!(ids(&two), ["event1"]);
    assert_eq!(sync(&world, token(&two)).await["items"][0]["status"], "cancelled");
}

#[tokio::test]
async fn tokens_die_by_age_access_and_other_parameters() {
    let world = World::new();
    let full = world.get(EVENTS).await.ok();
    let with = |more: &str| format!("{EVENTS}?syncToken={}{more}", token(&full));
    assert_eq!(world.get(&with("&singleEvents=true")).await.error(), (410, "fullSyncRequired"));
    for forbidden in
        ["&timeMin=2031-03-01T00:00:00Z", "&q=x", "&orderBy=updated", "&showDeleted=false", "&iCalUID=x"]
    {
        assert_eq!(world.get(&with(forbidden)).await.error().0, 400, "{forbidden}");
    }
    assert_eq!(world.get(&format!("{EVENTS}?syncToken=nonsense")).await.error(), (400, "invalid"));
    world
        .control("PATCH", &format!("/accounts/{ANA}/calendars/primary"), json!({"access_role": Role::Writer}))
        .await
        .ok();
    assert_eq!(world.get(&with("")).await.error(), (410, "fullSyncRequired"));
    let fresh = world.get(EVENTS).await.ok();
    world.simulator.advance(SignedDuration::from_hours(29 * 24));
    assert_eq!(
        world.get(&format!("{EVENTS}?syncToken={}", token(&fresh))).await.error(),
        (410, "fullSyncRequired")
    );
}

#[tokio::test]
async fn a_first_listing_may_have_a_window() {
    let world = World::new();
    world.insert(meeting("Talk")).await;
    let full = world.get(&format!("{EVENTS}?timeMin=2031-03-11T00:00:00Z")).await.ok();
    assert_eq!(full["items"], json!([]));
    world.insert(meeting("Another")).await;
    assert_eq!(sync(&world, token(&full)).await["items"].as_array().unwrap().len(), 1);
}
