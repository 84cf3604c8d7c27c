//! Items and users: what the platform wants.

use std::collections::BTreeSet;

use calsync_core::item::{ItemBody, ItemKind};
use calsync_core::sync_state::SyncState;
use calsync_store::items::{Removal, Search, Upsert};
use calsync_store::users::{self, Put, User};
use calsync_store::{items, mappings};
use calsync_testing::on_both_databases;
use serde_json::json;

use crate::world::{World, at, body, key, session_body, task, task_body};

fn users_of<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.into_iter().map(str::to_owned).collect()
}

fn stored<const N: usize>(created: bool, incarnation: i64, names: [&str; N]) -> Upsert {
    Upsert::Stored { created, incarnation, users: users_of(names) }
}

fn removed<const N: usize>(incarnation: i64, names: [&str; N]) -> Removal {
    Removal::Removed { incarnation, users: users_of(names) }
}

async fn listed(world: &World, search: Search<'_>) -> Vec<String> {
    let items = items::of_user(&mut world.read().await, search, None, 99).await.unwrap();
    items.into_iter().map(|item| item.key.to_string()).collect()
}

on_both_databases! {
    async fn an_item_is_made_changed_deleted_and_starts_anew(db: TestDatabase) {
        let world = World::new(db).await;
        let read = task("read");
        assert_eq!(items::get(&mut world.read().await, &read).await.unwrap(), None);

        assert_eq!(world.put(&read, &task_body("ana", "Read"), at(1)).await, stored(true, 0, ["ana"]));
        assert_eq!(world.put(&read, &task_body("ana", "Read"), at(2)).await, Upsert::Same);
        assert_eq!(
            world.put(&read, &task_body("ana", "Read more"), at(3)).await,
            stored(false, 0, ["ana"])
        );
        assert_eq!(world.delete(&read, at(4)).await, removed(1, ["ana"]));
        assert_eq!(world.delete(&read, at(5)).await, Removal::NothingThere);

        let gone = items::get(&mut world.read().await, &read).await.unwrap().unwrap();
        assert!(gone.deleted, "the row stays for the trace");
        assert_eq!((gone.revision, gone.body.unwrap().title.as_str()), (3, "Read more"));

        let renewed = world.put(&read, &task_body("ana", "Read more"), at(6)).await;
        assert_eq!(renewed, stored(true, 1, ["ana"]), "the same body, but anew");
        let item = items::get(&mut world.read().await, &read).await.unwrap().unwrap();
        assert_eq!((item.deleted, item.revision), (false, 4));
    }

    async fn of_many_items_the_new_ones_are_stored_together(db: TestDatabase) {
        let world = World::new(db).await;
        let known = task("read-3");
        world.put(&known, &task_body("ana", "Read"), at(1)).await;
        let keys: Vec<_> = (0..23).map(|number| task(&format!("read-{number}"))).collect();
        let (first, second) = (task_body("ana", "First"), task_body("ben", "Second"));
        let mut given: Vec<_> = keys.iter().map(|key| (key, &first)).collect();
        given.push((&keys[0], &second));

        let mut tx = world.begin().await;
        let new = items::insert_new(&mut tx, &given, at(2)).await.unwrap();
        assert_eq!(new, keys.iter().filter(|key| **key != known).cloned().collect());
        assert!(items::insert_new(&mut tx, &given, at(3)).await.unwrap().is_empty());
        tx.commit().await.unwrap();

        let title = async |key| items::get(&mut world.read().await, key).await.unwrap().unwrap().body.unwrap().title;
        assert_eq!(title(&known).await, "Read", "what is there stays");
        assert_eq!(title(&keys[0]).await, "First", "of two the first counts");
        let of = async |user_id| listed(&world, Search { user_id, ..Search::default() }).await.len();
        assert_eq!((of("ana").await, of("ben").await), (23, 0));
    }

    async fn a_lower_version_never_wins(db: TestDatabase) {
        let world = World::new(db).await;
        let versioned = |title: &str, version: Option<i64>| {
            let fields = json!({"user_ids": ["ana"], "title": title, "due_on": "2031-03-09",
                "status": "active", "version": version});
            body(ItemKind::Task, fields)
        };
        let read = task("read");
        let first = stored(true, 0, ["ana"]);
        let changed = stored(false, 0, ["ana"]);
        assert_eq!(world.put(&read, &versioned("a", Some(5)), at(1)).await, first);
        assert_eq!(world.put(&read, &versioned("a", Some(5)), at(1)).await, Upsert::Same);
        assert_eq!(world.put(&read, &versioned("b", Some(5)), at(1)).await, Upsert::StaleVersion { stored: 5 });
        assert_eq!(world.put(&read, &versioned("b", Some(4)), at(1)).await, Upsert::StaleVersion { stored: 5 });
        assert_eq!(world.put(&read, &versioned("b", Some(6)), at(1)).await, changed);
        assert_eq!(world.put(&read, &versioned("c", None), at(1)).await, changed);

        world.put(&read, &versioned("d", Some(7)), at(1)).await;
        let mut tx = world.begin().await;
        let stale = items::delete(&mut tx, &read, Some(6), at(2)).await.unwrap();
        assert_eq!(stale, Removal::StaleVersion { stored: 7 });
        let gone = items::delete(&mut tx, &read, Some(7), at(2)).await.unwrap();
        assert_eq!(gone, removed(1, ["ana"]));
        tx.commit().await.unwrap();
    }

    async fn an_older_put_that_comes_late_brings_nothing_back(db: TestDatabase) {
        let world = World::new(db).await;
        let versioned = |version: Option<i64>| {
            let fields = json!({"user_ids": ["ana"], "title": "Read", "due_on": "2031-03-09",
                "status": "active", "version": version});
            body(ItemKind::Task, fields)
        };
        let read = task("read");
        let anew = |incarnation| stored(true, incarnation, ["ana"]);
        let stale = |stored| Upsert::StaleVersion { stored };
        let delete = async |version| {
            let mut tx = world.begin().await;
            let removal = items::delete(&mut tx, &read, version, at(2)).await.unwrap();
            tx.commit().await.unwrap();
            removal
        };
        world.put(&read, &versioned(Some(1)), at(1)).await;
        assert_eq!(delete(Some(2)).await, removed(1, ["ana"]));
        assert_eq!(world.put(&read, &versioned(Some(1)), at(3)).await, stale(2));
        assert_eq!(delete(Some(4)).await, Removal::NothingThere);
        assert_eq!(delete(Some(3)).await, Removal::StaleVersion { stored: 4 });
        assert_eq!(delete(None).await, Removal::NothingThere);
        assert_eq!(world.put(&read, &versioned(Some(3)), at(4)).await, stale(4));
        assert_eq!(world.put(&read, &versioned(Some(4)), at(5)).await, anew(1));

        // Without a version, a deletion keeps out what is not newer than what it met.
        assert_eq!(delete(None).await, removed(2, ["ana"]));
        assert_eq!(delete(None).await, Removal::NothingThere);
        for late in [1, 3, 4] {
            assert_eq!(world.put(&read, &versioned(Some(late)), at(6)).await, stale(4), "{late}");
        }
        assert_eq!(world.put(&read, &versioned(Some(5)), at(7)).await, anew(2));

        // So it is if what it met had no version any more, and if its own is that of what it met.
        world.put(&read, &versioned(None), at(8)).await;
        assert_eq!(world.put(&read, &versioned(Some(4)), at(8)).await, stale(5));
        assert_eq!(delete(None).await, removed(3, ["ana"]));
        assert_eq!(world.put(&read, &versioned(Some(5)), at(9)).await, stale(5));
        assert_eq!(world.put(&read, &versioned(None), at(10)).await, anew(3));
        assert_eq!(world.put(&read, &versioned(Some(5)), at(10)).await, stale(5));
        assert_eq!(delete(Some(5)).await, removed(4, ["ana"]));
        assert_eq!(world.put(&read, &versioned(Some(5)), at(11)).await, stale(5));
        assert_eq!(world.put(&read, &versioned(Some(6)), at(11)).await, anew(4));
    }

    async fn a_readdressed_item_concerns_those_of_before_and_those_of_now(db: TestDatabase) {
        let world = World::new(db).await;
        let talk = key(ItemKind::Session, "talk");
        world.put(&talk, &session_body(&["ana", "ben"], "Talk"), at(1)).await;
        let upsert = world.put(&talk, &session_body(&["ben", "cho"], "Talk"), at(2)).await;
        assert_eq!(upsert, stored(false, 0, ["ana", "ben", "cho"]));
        let mut raw = world.raw().await;
        let addressed = raw.texts("SELECT user_id FROM item_users ORDER BY user_id").await;
        assert_eq!(addressed, ["ben", "cho"]);
        assert_eq!(raw.texts("SELECT user_id FROM users ORDER BY user_id").await, ["ana", "ben", "cho"]);
    }

    async fn ids_of_different_kinds_and_odd_characters_stay_apart(db: TestDatabase) {
        let world = World::new(db).await;
        let odd = "'; DROP TABLE items; -- %_\\ 日本語 \u{1F600}";
        world.put(&task(odd), &task_body(odd, "a"), at(1)).await;
        let deadline = key(ItemKind::Deadline, odd);
        assert_eq!(items::get(&mut world.read().await, &deadline).await.unwrap(), None);
        let item = items::get(&mut world.read().await, &task(odd)).await.unwrap().unwrap();
        assert_eq!(item.body.unwrap().user_ids, users_of([odd]));
    }

    async fn a_users_items_come_by_pages_in_the_order_of_kind_and_id(db: TestDatabase) {
        let world = World::new(db).await;
        for id in ["b", "a", "c"] {
            world.put(&task(id), &task_body("ana", id), at(1)).await;
        }
        world.put(&key(ItemKind::Session, "z"), &session_body(&["ana", "ben"], "Z"), at(1)).await;
        world.put(&task("bens"), &task_body("ben", "x"), at(1)).await;
        world.put(&task("gone"), &task_body("ana", "x"), at(1)).await;
        world.delete(&task("gone"), at(2)).await;

        let of_ana = Search { user_id: "ana", ..Search::default() };
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = items::of_user(&mut world.read().await, of_ana, after.as_ref(), 2).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.key.clone());
            seen.extend(page.iter().map(|item| item.key.to_string()));
        }
        assert_eq!(seen, ["session:z", "task:a", "task:b", "task:c"]);
        assert_eq!(listed(&world, Search { kind: Some(ItemKind::Session), ..of_ana }).await, ["session:z"]);
    }

    async fn a_users_items_are_found_by_their_state(db: TestDatabase) {
        let world = World::new(db).await;
        world.put(&task("a"), &task_body("ana", "a"), at(1)).await;
        let of_ana = Search { user_id: "ana", ..Search::default() };
        let of = async |state| listed(&world, Search { state: Some(state), ..of_ana }).await;
        assert_eq!(of(SyncState::NotConnected).await, ["task:a"]);
        world.connected("ana").await;
        world.settle(at(1)).await;
        world.put(&task("b"), &task_body("ana", "b"), at(2)).await;
        world.put(&task("gone"), &task_body("ana", "gone"), at(2)).await;
        world.delete(&task("gone"), at(3)).await;
        assert_eq!(of(SyncState::Synced).await, ["task:a"]);
        assert_eq!(of(SyncState::Waiting).await, ["task:b"]);
        assert_eq!(of(SyncState::NotConnected).await, [""; 0]);
        assert_eq!(listed(&world, Search { with_removals: true, ..of_ana }).await, ["task:a", "task:b", "task:gone"]);
        world.settle(at(4)).await;
        assert_eq!(listed(&world, Search { with_removals: true, ..of_ana }).await, ["task:a", "task:b"]);
    }

    async fn a_damaged_body_is_listed_without_it_and_put_right_by_the_platform(db: TestDatabase) {
        let world = World::new(db).await;
        let integration = world.connected("ana").await;
        let versioned = |title: &str| ItemBody { version: Some(7), ..task_body("ana", title) };
        for id in ["a", "read", "z"] {
            world.put(&task(id), &versioned("Read"), at(1)).await;
        }
        let damage = "UPDATE items SET body = '{}' WHERE item_id = 'read'";
        let all = Search { user_id: "ana", ..Search::default() };
        let unreadable = async || {
            let due = mappings::due(&mut world.read().await, &integration, at(9), 9).await.unwrap();
            due.unreadable.iter().map(|one| one.error.to_string()).collect::<Vec<_>>()
        };

        world.raw().await.run(damage).await;
        let item = items::get(&mut world.read().await, &task("read")).await.unwrap().unwrap();
        assert_eq!((item.body, item.deleted, item.revision), (None, false, 1));
        assert_eq!(listed(&world, all).await, ["task:a", "task:read", "task:z"]);
        assert_eq!(unreadable().await, ["corrupt value in items.body of task:read"]);
        // The very same as it was, with the same version.
        assert_eq!(world.put(&task("read"), &versioned("Read"), at(2)).await, stored(false, 0, ["ana"]));
        let item = items::get(&mut world.read().await, &task("read")).await.unwrap().unwrap();
        assert_eq!(item.body, Some(versioned("Read")));
        assert_eq!(unreadable().await, [""; 0]);

        world.raw().await.run(damage).await;
        let handed_over = ItemBody { version: Some(8), ..task_body("ben", "Read") };
        assert_eq!(world.put(&task("read"), &handed_over, at(3)).await, stored(false, 0, ["ana", "ben"]));
        assert_eq!(listed(&world, all).await, ["task:a", "task:z"], "whose it was is known from elsewhere");

        world.raw().await.run(damage).await;
        assert_eq!(world.delete(&task("read"), at(4)).await, removed(1, ["ben"]));
        assert_eq!(unreadable().await, [""; 0], "to remove it, nobody needs its body");
        assert_eq!(items::get(&mut world.read().await, &task("read")).await.unwrap().unwrap().body, None);
        world.put(&task("read"), &ItemBody { version: Some(9), ..task_body("ana", "Anew") }, at(5)).await;
        assert_eq!(listed(&world, all).await, ["task:a", "task:read", "task:z"]);
    }

    async fn what_is_not_committed_was_never_there(db: TestDatabase) {
        let world = World::new(db).await;
        let mut tx = world.begin().await;
        items::put(&mut tx, &task("read"), &task_body("ana", "Read"), at(1)).await.unwrap();
        drop(tx);
        assert_eq!(items::get(&mut world.read().await, &task("read")).await.unwrap(), None);
        assert_eq!(users::get(&mut world.read().await, "ana").await.unwrap(), None);
    }

    async fn users_are_made_by_items_and_told_of_by_the_platform(db: TestDatabase) {
        let world = World::new(db).await;
        let mut tx = world.begin().await;
        assert_eq!(users::get(&mut tx, "ana").await.unwrap(), None);
        users::ensure_exist(&mut tx, &["ana"].into(), at(1)).await.unwrap();
        let unknown = User { user_id: "ana".into(), ..User::default() };
        assert_eq!(users::get(&mut tx, "ana").await.unwrap(), Some(unknown.clone()));

        let known = User {
            email: Some("ana@example.org".into()),
            name: Some("Ana".into()),
            time_zone: Some("Asia/Seoul".into()),
            locale: Some("ko".into()),
            ..unknown.clone()
        };
        assert_eq!(users::put(&mut tx, &known, at(2)).await.unwrap(), Put::Changed);
        assert_eq!(users::put(&mut tx, &known, at(3)).await.unwrap(), Put::Same);
        users::ensure_exist(&mut tx, &["ana"].into(), at(4)).await.unwrap();
        assert_eq!(users::get(&mut tx, "ana").await.unwrap(), Some(known), "an item changes no user");
        assert_eq!(users::put(&mut tx, &unknown, at(5)).await.unwrap(), Put::Changed, "absent clears");
        let ben = User { user_id: "ben".into(), ..User::default() };
        assert_eq!(users::put(&mut tx, &ben, at(6)).await.unwrap(), Put::Created);
    }
}
