//! Typed snapshots: what changed since the last look, and nothing else.

use std::collections::BTreeMap;

use calsync_simulator::{EventSnapshot, Snapshot, SnapshotCursor};
use serde_json::{Value, json};

use crate::world::{ANA, World};

fn event(title: &str) -> Value {
    json!({
        "summary": title, "start": {"dateTime": "2031-03-09T10:00:00Z"}, "end": {"dateTime": "2031-03-09T11:00:00Z"},
        "extendedProperties": {"private": {"calsync_item": "task:t1"}},
    })
}

fn insert(world: &World, calendar: &str, title: &str) -> String {
    let made = world.simulator.user_inserts_event(ANA, calendar, &event(title)).unwrap();
    made["id"].as_str().unwrap().to_owned()
}

fn titles(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.events.iter().filter_map(|event| event.summary.as_deref()).collect()
}

#[test]
fn a_look_shows_what_changed_since_the_last_one() {
    let world = World::new();
    let mut cursor = SnapshotCursor::default();
    let id = insert(&world, ANA, "first");
    insert(&world, ANA, "second");
    let all = world.simulator.changes_since(&mut cursor).unwrap();
    assert_eq!(titles(&all), ["first", "second"]);
    assert_eq!(all.accounts[0].email, ANA);
    assert_eq!(all.calendars[0].roles.keys().collect::<Vec<_>>(), [ANA]);
    let nothing = world.simulator.changes_since(&mut cursor).unwrap();
    assert!(nothing.events.is_empty() && nothing.calendars.is_empty() && nothing.accounts.is_empty());
    let patch = json!({"summary": "changed", "colorId": "5"});
    world.simulator.user_edits_event(ANA, ANA, &id, &patch).unwrap();
    let one = world.simulator.changes_since(&mut cursor).unwrap();
    let [changed]: &[EventSnapshot; 1] = one.events.as_slice().try_into().unwrap();
    assert_eq!((changed.id.as_str(), changed.color_id.as_deref()), (id.as_str(), Some("5")));
    assert_eq!(changed.require_private("calsync_item"), Ok("task:t1"));
    world.simulator.user_deletes_event(ANA, ANA, &id).unwrap();
    assert!(world.simulator.changes_since(&mut cursor).unwrap().events[0].is_cancelled());
}

#[tokio::test]
async fn looks_put_together_are_a_whole_look() {
    let world = World::new();
    let mut cursor = SnapshotCursor::default();
    let (mut calendars, mut events) = (BTreeMap::new(), BTreeMap::new());
    let mut ids = Vec::new();
    for round in 0..12 {
        match round % 4 {
            0 => {
                let made = world.post("/calendars", json!({"summary": "Extra"})).await;
                ids.push(made.body["id"].as_str().unwrap().to_owned());
            }
            1 => drop(insert(&world, ids.last().unwrap(), "theirs")),
            2 => {
                let path = format!("/calendars/{}", ids.last().unwrap());
                world.call("PATCH", &path, json!({"description": "Kept"})).await;
                insert(&world, ANA, "mine");
            }
            _ if round == 7 => {
                let path = format!("/calendars/{}", ids.pop().unwrap());
                world.delete(&path).await;
            }
            _ => {}
        }
        let snapshot = world.simulator.changes_since(&mut cursor).unwrap();
        for id in snapshot.deleted_calendars {
            calendars.remove(&id);
            events.retain(|(calendar, _), _| *calendar != id);
        }
        calendars.extend(snapshot.calendars.into_iter().map(|one| (one.id.clone(), one)));
        events
            .extend(snapshot.events.into_iter().map(|one| ((one.calendar_id.clone(), one.id.clone()), one)));
    }
    let whole = world.simulator.changes_since(&mut SnapshotCursor::default()).unwrap();
    assert_eq!(calendars.into_values().collect::<Vec<_>>(), whole.calendars);
    assert_eq!(events.len(), whole.events.len());
    for event in &whole.events {
        assert_eq!(events.get(&(event.calendar_id.clone(), event.id.clone())), Some(event));
    }
    world.simulator.reset();
    let gone = world.simulator.changes_since(&mut cursor).unwrap();
    assert_eq!(gone.deleted_calendars.len(), whole.calendars.len());
}
