//! What a user makes of a managed field in Google and a rule or the platform writes over is kept in full.

use calsync_core::item::{ItemKey, ItemKind};
use calsync_core::managed::Field;
use calsync_core::merge::Verdict;
use calsync_simulator::{FaultEffect, FaultMatch, FaultRule};
use calsync_store::user_edits;
use calsync_testing::on_both_databases;
use calsync_testing::world::{World, email};
use serde_json::{Value, json};

async fn put(world: &World, kind: ItemKind, title: &str, description: &str) {
    let mut body =
        json!({"user_ids": ["ana"], "title": title, "description": description, "status": "active"});
    match kind {
        ItemKind::Session => {
            body["starts_at"] = json!("2024-03-09T10:00:00Z");
            body["ends_at"] = json!("2024-03-09T11:00:00Z");
        }
        ItemKind::Task | ItemKind::Deadline => body["due_on"] = json!("2024-03-09"),
    }
    world.put(kind, "talk", &body).await;
}

fn event(world: &World) -> Value {
    world.events("ana", true).remove(0)
}

fn edit(world: &World, edit: &Value) {
    let event = event(world);
    let (calendar, id) = (event["calendar_id"].as_str().unwrap(), event["id"].as_str().unwrap());
    world.google.user_edits_event(&email("ana"), calendar, id, edit).unwrap();
}

/// What is kept of the item, oldest first.
async fn kept(world: &World, kind: ItemKind) -> Vec<(Field, Option<Value>, Value, Verdict)> {
    let item = ItemKey { kind, id: "talk".into() };
    let mut tx = world.engine.store().read().await.unwrap();
    let mut kept = user_edits::of_item(&mut tx, &item, 9).await.unwrap();
    kept.sort_by_key(|edit| (edit.seen_at, edit.field));
    kept.into_iter().map(|edit| (edit.field, edit.before, edit.after, edit.verdict)).collect()
}

on_both_databases! {
    async fn what_a_rule_undoes_is_kept_before_it_is_undone(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 0).await;
        put(&world, ItemKind::Session, "Talk", "Bring questions.").await;
        world.sync().await;
        edit(&world, &json!({"summary": "Mine", "location": "At home", "colorId": "5"}));
        world.advance(1);
        put(&world, ItemKind::Session, "Talk", "Bring all of your questions.").await;
        let calls = world.transport.calls();
        world.pass().await;
        assert_eq!(world.transport.calls() - calls, 3, "a write that came too late, a look, a write");
        let is = event(&world);
        assert_eq!((is["summary"].as_str(), is["location"].as_str()), (Some("Talk"), None));
        assert_eq!(is["colorId"], "5");
        let undone = |field, before: Value, after: &str| (field, Some(before), json!(after), Verdict::Undone);
        let first = [
            undone(Field::Title, json!("Talk"), "Mine"),
            undone(Field::Location, Value::Null, "At home"),
        ];
        assert_eq!(kept(&world, ItemKind::Session).await, first);

        edit(&world, &json!({"summary": "Mine again"}));
        world.advance(1);
        put(&world, ItemKind::Session, "A new title", "Bring all of your questions.").await;
        world.sync().await;
        let second = (Field::Title, Some(json!("Talk")), json!("Mine again"), Verdict::Overwritten);
        assert_eq!(kept(&world, ItemKind::Session).await, [&first[..], &[second]].concat());
    }

    async fn what_stands_is_kept_when_the_platform_writes_over_it(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 0).await;
        put(&world, ItemKind::Task, "Read", "").await;
        world.sync().await;
        edit(&world, &json!({"summary": "Read slowly"}));
        put(&world, ItemKind::Task, "Read", "Chapter 1.").await;
        world.sync().await;
        assert_eq!((event(&world)["summary"].as_str(), kept(&world, ItemKind::Task).await), (Some("Read slowly"), vec![]));
        put(&world, ItemKind::Task, "Read on", "Chapter 1.").await;
        world.sync().await;
        assert_eq!(event(&world)["summary"], "Read on");
        let overwritten = (Field::Title, None, json!("Read slowly"), Verdict::Overwritten);
        assert_eq!(kept(&world, ItemKind::Task).await, [overwritten]);
    }

    async fn what_google_refuses_to_undo_is_kept_once(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 0).await;
        put(&world, ItemKind::Session, "Talk", "").await;
        world.sync().await;
        world.google.set_faults(vec![refusal()]);
        put(&world, ItemKind::Session, "Talk", "Bring questions.").await;
        world.pass().await;
        edit(&world, &json!({"summary": "Mine"}));
        for _ in 0..3 {
            world.advance(3_600);
            world.pass().await;
        }
        world.google.set_faults(Vec::new());
        put(&world, ItemKind::Session, "Talk", "Bring some questions.").await;
        world.sync().await;
        assert_eq!(event(&world)["summary"], "Talk");
        let undone = (Field::Title, Some(json!("Talk")), json!("Mine"), Verdict::Undone);
        assert_eq!(kept(&world, ItemKind::Session).await, [undone]);
    }
}

/// Every look succeeds and no write does.
fn refusal() -> FaultRule {
    let matches = FaultMatch { method: Some("events.update".into()), ..FaultMatch::default() };
    let effect = FaultEffect { status: Some(503), ..FaultEffect::default() };
    FaultRule { matches, effect, ..FaultRule::default() }
}
