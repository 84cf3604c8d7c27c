//! A user who is deleted leaves Google as they leave us: clean, also when the process dies meanwhile.

use calsync_core::integration::CalendarChoice;
use calsync_core::item::{ItemBody, ItemKey, ItemKind};
use calsync_core::reason::Reason;
use calsync_engine::consent::CallbackResult;
use calsync_engine::disconnect::{self, RemoteItems, Started};
use calsync_engine::{consent, user_deletion};
use calsync_store::items;
use calsync_store::mappings::{self, DueChange};
use calsync_testing::on_both_databases;
use calsync_testing::world::{World, email};
use jiff::SignedDuration;
use serde_json::json;

use crate::disconnect_crashes::{WAITS_MAX, WAITS_MIN, killed_after};

/// Deletes what is left of the work, as a worker does.
async fn finish(world: &World) {
    for _ in 0..200 {
        world.resume().await;
        user_deletion::forget_ready(&world.engine, None).await.unwrap();
        if world.count("users", "deleting_since IS NOT NULL").await == 0 {
            return;
        }
        world.advance(5);
    }
    panic!("the deletion doesn't end");
}

async fn assert_forgotten(world: &World, user: &str) {
    assert_eq!(world.events(user, true).len(), 0);
    assert!(!world.has_grant(user));
    for table in [
        "users",
        "item_users",
        "user_integrations",
        "connect_links",
        "connect_attempts",
        "disconnects",
        "calendar_sync_logs",
    ] {
        assert_eq!(world.count(table, &format!("user_id = '{user}'")).await, 0, "{table}");
    }
    let theirs = format!("item_id LIKE '{user}-%'");
    for table in ["items", "sync_mappings", "calendar_sync_logs", "disconnect_leftovers"] {
        assert_eq!(world.count(table, &theirs).await, 0, "{table}");
    }
    assert_eq!(
        world.count("sync_mappings", "integration_id NOT IN (SELECT id FROM user_integrations)").await,
        0
    );
}

/// A session of ana and ben, in both calendars.
async fn share_a_session(world: &World) -> ItemKey {
    let body = json!({"user_ids": ["ana", "ben"], "title": "Talk", "status": "active",
        "starts_at": "2024-03-09T10:00:00Z", "ends_at": "2024-03-09T11:00:00Z"});
    let body = ItemBody::parse(ItemKind::Session, body.as_object().unwrap()).unwrap();
    let key = ItemKey { kind: ItemKind::Session, id: "talk".into() };
    let mut tx = world.engine.store().begin().await.unwrap();
    items::put(&mut tx, &key, &body, world.engine.now()).await.unwrap();
    let mark_due = |user: &&str| DueChange { user_id: (*user).into(), item: key.clone(), incarnation: 0 };
    let due_changes = ["ana", "ben"].iter().map(mark_due).collect();
    mappings::mark_due(&mut tx, &due_changes, world.engine.now()).await.unwrap();
    tx.commit().await.unwrap();
    world.sync().await;
    key
}

on_both_databases! {
    async fn what_another_user_still_has_of_an_item_is_not_forgotten(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 1).await;
        world.synced("ben", 1).await;
        share_a_session(&world).await;
        world.disconnect("ben", RemoteItems::Keep).await;
        let body = json!({"user_ids": ["ana"], "title": "Talk", "status": "active",
            "starts_at": "2024-03-09T10:00:00Z", "ends_at": "2024-03-09T11:00:00Z"});
        let body = ItemBody::parse(ItemKind::Session, body.as_object().unwrap()).unwrap();
        let key = ItemKey { kind: ItemKind::Session, id: "talk".into() };
        let mut tx = world.engine.store().begin().await.unwrap();
        items::put(&mut tx, &key, &body, world.engine.now()).await.unwrap();
        tx.commit().await.unwrap();
        user_deletion::delete_user(&world.engine, "ana").await.unwrap();
        finish(&world).await;
        assert_eq!(world.count("users", "user_id = 'ana'").await, 0);
        assert_eq!(world.events("ben", true).len(), 2);
        world.connect("ben", &email("ben"), CalendarChoice::New).await;
        world.sync().await;
        assert_eq!(world.events("ben", true).len(), 1, "the session isn't his any more");
    }

    async fn an_item_that_went_with_its_user_comes_back_for_another(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 0).await;
        world.synced("ben", 0).await;
        let talk_of = async |users: &[&str]| {
            let body = json!({"user_ids": users, "title": "Talk", "status": "active",
                "starts_at": "2024-03-09T10:00:00Z", "ends_at": "2024-03-09T11:00:00Z"});
            world.put(ItemKind::Session, "talk", &body).await;
            world.sync().await;
        };
        talk_of(&["ana", "ben"]).await;
        talk_of(&["ben"]).await;
        user_deletion::delete_user(&world.engine, "ben").await.unwrap();
        finish(&world).await;
        assert_eq!(world.count("items", "1 = 1").await, 0);
        world.advance(1);
        talk_of(&["ana"]).await;
        assert_eq!(world.events("ana", true).len(), 1, "Google knows its old id as deleted");
    }

    async fn a_deleted_user_is_cleaned_up_and_forgotten(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 3).await;
        world.synced("ben", 1).await;
        let talk = share_a_session(&world).await;
        assert_eq!((world.events("ana", true).len(), world.events("ben", true).len()), (4, 2));
        let ben = world.events("ben", true);
        for _ in 0..2 {
            user_deletion::delete_user(&world.engine, "ana").await.unwrap();
        }
        user_deletion::delete_user(&world.engine, "nobody").await.unwrap();
        finish(&world).await;
        assert_forgotten(&world, "ana").await;
        let calls = world.transport.calls();
        world.sync().await;
        assert_eq!((world.events("ben", true), world.transport.calls()), (ben, calls), "ben notices nothing");
        let mut tx = world.engine.store().read().await.unwrap();
        let shared = items::get(&mut tx, &talk).await.unwrap().unwrap();
        assert_eq!(shared.body.unwrap().user_ids, ["ben".to_owned()].into());
        drop(tx);

        world.synced("ana", 2).await;
        assert_eq!(world.events("ana", true).len(), 2, "whoever comes back starts anew");
    }

    async fn whoever_has_no_connection_is_forgotten_at_once(db: TestDatabase) {
        let world = World::new(db).await;
        world.put_tasks("ana", 250, "").await;
        user_deletion::delete_user(&world.engine, "ana").await.unwrap();
        assert_forgotten(&world, "ana").await;
    }

    async fn a_running_disconnect_goes_on_as_it_was_asked_for(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 2).await;
        let Started::Started { .. } = world.start("ana", RemoteItems::Keep).await else { panic!() };
        user_deletion::delete_user(&world.engine, "ana").await.unwrap();
        finish(&world).await;
        assert_eq!(world.events("ana", true).len(), 2, "they asked to keep them");
        assert_eq!(world.count("users", "user_id = 'ana'").await, 0);
    }

    async fn nobody_connects_who_is_being_deleted(db: TestDatabase) {
        let world = World::new(db).await;
        let lifetime = SignedDuration::from_secs(900);
        world.synced("ana", 1).await;
        user_deletion::delete_user(&world.engine, "ana").await.unwrap();
        assert!(consent::create_link(&world.engine, "ana", None, lifetime).await.unwrap().is_none());
        world.resume().await;
        finish(&world).await;
        assert_forgotten(&world, "ana").await;
    }

    async fn whoever_comes_back_from_google_too_late_finds_nothing(db: TestDatabase) {
        let world = World::new(db).await;
        world.account("ana");
        let forgets = async || user_deletion::delete_user(&world.engine, "ana").await.unwrap();
        let late = world.connect_while("ana", &email("ana"), CalendarChoice::New, forgets).await;
        assert_eq!(late, CallbackResult::UnknownState);
        let marks = async || world.sql("UPDATE users SET deleting_since = 1").await;
        let late = world.connect_while("ana", &email("ana"), CalendarChoice::New, marks).await;
        assert!(matches!(late, CallbackResult::Failed { reason: Reason::LinkExpired, .. }), "{late:?}");
        assert_eq!(world.count("user_integrations", "TRUE").await, 0);
    }

    async fn killed_anywhere_it_ends(db: TestDatabase) {
        let world = World::new(db).await;
        for waits in 0..WAITS_MAX {
            let user = format!("user{waits}");
            world.synced(&user, 2).await;
            let deletes = async {
                user_deletion::delete_user(&world.engine, &user).await.unwrap();
                for lease in disconnect::claim(&world.engine, "doomed", 1).await.unwrap() {
                    disconnect::resume(&world.engine, lease).await.unwrap();
                }
                user_deletion::forget_ready(&world.engine, None).await.unwrap();
            };
            let ended = killed_after(waits, deletes).await;
            world.restart().await;
            // The platform was not answered, so it asks again.
            user_deletion::delete_user(&world.engine, &user).await.unwrap();
            finish(&world).await;
            assert_forgotten(&world, &user).await;
            if ended.is_some() {
                assert!(waits > WAITS_MIN, "it was killed {waits} times only");
                return;
            }
        }
        panic!("it waits more often than {WAITS_MAX} times");
    }
}
