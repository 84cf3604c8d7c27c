//! What users made of managed fields and lost: kept once, in full, for its time.

use calsync_core::managed::Field;
use calsync_core::merge::Verdict;
use calsync_core::plan::UserEdit;
use calsync_store::user_edits::{self, LostEdit};
use calsync_testing::on_both_databases;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::disconnects::synced;
use crate::world::{World, at, task};

pub(crate) fn retitled(before: Option<Value>, after: &str) -> UserEdit {
    UserEdit {
        field: Field::Title,
        before,
        after: json!(after),
        verdict: Verdict::Undone,
        updated_at: Some(at(1)),
        over: "\"1\"".into(),
    }
}

/// An edit of the task that is called as its user.
pub(crate) async fn record(world: &World, user: &str, edits: &[UserEdit], now: Timestamp) {
    let item = task(user);
    let edits: Vec<_> = edits.iter().map(|edit| (&item, edit)).collect();
    let mut tx = world.begin().await;
    user_edits::record(&mut tx, &format!("integration-of-{user}"), &edits, now).await.unwrap();
    tx.commit().await.unwrap();
}

async fn of_item(world: &World, id: &str) -> Vec<LostEdit> {
    user_edits::of_item(&mut world.read().await, &task(id), 9).await.unwrap()
}

async fn forget(world: &World, oldest: Timestamp, limit: i64) -> u64 {
    let mut tx = world.begin().await;
    let forgotten = user_edits::forget(&mut tx, oldest, limit).await.unwrap();
    tx.commit().await.unwrap();
    forgotten
}

on_both_databases! {
    async fn an_edit_is_kept_once_and_in_full(db: TestDatabase) {
        let world = World::new(db).await;
        synced(&world, "ana").await;
        let words = format!("ぜんぶ \"mine\" {}", "x".repeat(8_000));
        let first = retitled(Some(json!("Read")), &words);
        record(&world, "ana", &[first.clone(), first.clone()], at(2)).await;
        // Seen again after a crash: its event changed meanwhile, but for this field.
        let again = UserEdit { updated_at: Some(at(3)), ..first.clone() };
        let made_anew = UserEdit { over: "\"3\"".into(), verdict: Verdict::Overwritten, before: None, ..first };
        record(&world, "ana", &[again, made_anew], at(4)).await;
        let kept = LostEdit {
            user_id: "ana".into(),
            field: Field::Title,
            before: Some(json!("Read")),
            after: json!(words),
            verdict: Verdict::Undone,
            seen_at: at(2),
            updated_at: Some(at(1)),
        };
        let later = LostEdit { before: None, verdict: Verdict::Overwritten, seen_at: at(4), ..kept.clone() };
        assert_eq!(of_item(&world, "ana").await, [later, kept]);
        assert_eq!(of_item(&world, "other").await, []);
        world.raw().await.run("UPDATE user_edits SET field = 'odd' WHERE before IS NULL").await;
        assert_eq!(of_item(&world, "ana").await.len(), 1, "what can't be read takes nothing with it");
    }

    async fn edits_go_by_their_age_or_with_their_mapping(db: TestDatabase) {
        let world = World::new(db).await;
        for user in ["ana", "ben"] {
            synced(&world, user).await;
            for minute in 2..5 {
                record(&world, user, &[retitled(None, &format!("Mine {minute}"))], at(minute)).await;
            }
        }
        assert_eq!((forget(&world, at(4), 3).await, forget(&world, at(4), 3).await), (3, 1));
        assert_eq!((of_item(&world, "ana").await.len(), of_item(&world, "ben").await.len()), (1, 1));
        let mut raw = world.raw().await;
        raw.run("DELETE FROM sync_mappings WHERE item_id = 'ana'").await;
        assert_eq!((raw.count("user_edits", "TRUE").await, of_item(&world, "ben").await.len()), (1, 1));
    }
}
