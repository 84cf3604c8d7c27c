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
