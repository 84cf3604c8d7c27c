//! A user who is deleted leaves nothing behind but what is said.

use std::collections::BTreeSet;

use calsync_core::disconnect::SagaState;
use calsync_core::integration::CalendarChoice;
use calsync_core::item::{FieldError, ItemKind};
use calsync_core::outcome::{Operation, Outcome};
use calsync_core::pause::PauseTarget;
use calsync_core::reason::Reason;
use calsync_store::attempts::{self, Attempt};
use calsync_store::audit::{self, AuditRow};
use calsync_store::consent::{self, Link, NewAttempt};
use calsync_store::disconnects;
use calsync_store::pauses::{self, NewPauseByAdmin};
use calsync_store::refusals::{self, Refusal};
use calsync_store::user_deletions::{self, UserDeletion};
use calsync_store::users::{self, Put, User};
use calsync_store::{clean_ups, connection_counts, items, mappings};
use calsync_testing::on_both_databases;
use serde_json::json;

use crate::disconnects::{started, synced};
use crate::user_edits::{record, retitled};
use crate::world::{World, at, key, session_body, task, task_body};

/// A word that stands in whatever names the user, and nowhere else.
const MARKER: &str = "zanzibar";

async fn mark(world: &World, user: &str) -> bool {
    let mut tx = world.begin().await;
    let marked = user_deletions::start(&mut tx, user, at(5)).await.unwrap();
    tx.commit().await.unwrap();
    marked
}

async fn list_ready(world: &World) -> Vec<UserDeletion> {
    user_deletions::list_ready(&mut world.read().await, None, 9).await.unwrap()
}

/// Forgets items one by one, then the rest.
async fn forget_all(world: &World, deletion: &UserDeletion) {
    loop {
        let mut tx = world.begin().await;
        assert!(user_deletions::lock(&mut tx, deletion).await.unwrap());
        let some = user_deletions::forget_items(&mut tx, deletion, 1).await.unwrap() > 0;
        if !some {
            user_deletions::forget_user(&mut tx, deletion).await.unwrap();
        }
        tx.commit().await.unwrap();
        if !some {
            return;
        }
    }
}

/// Every value of every table as text, a line each.
async fn everything(world: &World) -> Vec<String> {
    let mut raw = world.raw().await;
    let mut lines = Vec::new();
    for table in raw.tables().await {
        let columns = match world.is_sqlite() {
            true => format!("SELECT name FROM pragma_table_info('{table}')"),
            false => format!(
                "SELECT column_name::TEXT FROM information_schema.columns
                 WHERE table_name = '{table}' AND table_schema = 'calsync'"
            ),
        };
        for column in raw.texts(&columns).await {
            let value = match world.is_sqlite() {
                // Sealed bytes are no text.
                true => format!(
                    "CASE typeof({column}) WHEN 'blob' THEN hex({column}) ELSE CAST({column} AS TEXT) END"
                ),
                false => format!("{column}::TEXT"),
            };
            let sql =
                format!("SELECT '{table}.{column} ' || {value} FROM {table} WHERE {column} IS NOT NULL");
            lines.extend(raw.texts(&sql).await);
        }
    }
    lines
}

/// Rows about `user` wherever rows can be about somebody.
async fn live(world: &World, user: &str) {
    let mut tx = world.begin().await;
    let known = User {
        email: Some(format!("{user}@example.org")),
        name: Some(format!("Ms {user}")),
        ..User { user_id: user.into(), ..User::default() }
    };
    users::put(&mut tx, &known, at(0)).await.unwrap();
    let return_url = Some(format!("https://e.org/{user}"));
    let link = Link { user_id: user.into(), return_url, expires_at: at(9), used: false };
    consent::create_link(&mut tx, user, &link, at(0)).await.unwrap();
    let attempt = NewAttempt {
        id: "attempt",
        user_id: user,
        state: "s",
        browser: "b",
        verifier: &"v".into(),
        calendar_choice: CalendarChoice::New,
        target_calendar: Some(user),
        scopes: &BTreeSet::new(),
        return_url: link.return_url.as_deref(),
        expires_at: at(9),
    };
    consent::begin(&world.store, &mut tx, attempt, at(0)).await.unwrap();
    consent::set_account_email(&mut tx, "attempt", Some(&format!("{user}@example.com"))).await.unwrap();
    for (id, kind, item_id, user_id) in [("1", None, None, Some(user)), ("2", Some("task"), Some(user), None)]
    {
        let refusal = Refusal {
            id: id.into(),
            at: at(0),
            key_name: "k".into(),
            kind: kind.map(str::to_owned),
            item_id: item_id.map(str::to_owned),
            user_id: user_id.map(str::to_owned),
            status: 422,
            errors: vec![FieldError::new("title", "is required")],
        };
        refusals::record(&mut tx, &refusal).await.unwrap();
    }
    let failed = Attempt {
        id: "log".into(),
        at: at(0),
        user_id: user.into(),
        integration_id: "i".into(),
        item: Some(task(user)),
        operation: Operation::Insert,
        outcome: Outcome::Refused,
        reason: Some(Reason::ItemRefused),
        http_status: Some(400),
        provider_reason: None,
        provider_message: Some(format!("{user} is bad")),
        trace_id: "t".into(),
    };
    attempts::record(&mut tx, &failed).await.unwrap();
    attempts::roll_up(&mut tx, 9).await.unwrap();
    attempts::record(&mut tx, &Attempt { id: "log-2".into(), ..failed }).await.unwrap();
    tx.commit().await.unwrap();
    at_google(world, user).await;
}

/// What they have there, and lost.
async fn at_google(world: &World, user: &str) {
    synced(world, user).await;
    record(world, user, &[retitled(Some(json!("Read")), &format!("Read with {user}"))], at(2)).await;
    world.raw().await.run(&format!("UPDATE calendars SET summary = '{user}'")).await;
}

on_both_databases! {
    async fn a_forgotten_user_leaves_nothing_but_the_audit_and_the_feed(db: TestDatabase) {
        let world = World::new(db).await;
        live(&world, MARKER).await;
        let talk = key(ItemKind::Session, "talk");
        world.put(&talk, &session_body(&[MARKER, "ben"], "Talk"), at(1)).await;
        let saga = started(&world, MARKER).await;
        let new = clean_ups::CleanUp { id: "clean-up".into(), disconnect_id: saga.id.clone(),
            user_id: MARKER.into(), expires_at: at(9), is_begun: false, ended_at: None, reason: None };
        let mut tx = world.begin().await;
        clean_ups::create(&mut tx, &new, "token", at(3)).await.unwrap();
        disconnects::keep_leftovers(&mut tx, &saga).await.unwrap();
        let row = AuditRow { id: "1".into(), admin_id: "kim".into(), action: "a.b".into(),
            target_id: MARKER.into(), note: None, metadata: json!({}), created_at: at(1) };
        audit::record(&mut tx, &row).await.unwrap();
        let target = &PauseTarget::User(MARKER.into());
        let pause = NewPauseByAdmin { target, admin_id: "kim", note: "On leave." };
        pauses::begin_by_admin(&world.store, &mut tx, pause, at(2)).await.unwrap();
        tx.commit().await.unwrap();
        let named = everything(&world).await.into_iter().filter(|line| line.contains(MARKER)).count();
        assert!(named > 20, "the search works: {named}");

        assert!(mark(&world, MARKER).await);
        assert_eq!(list_ready(&world).await, [], "the disconnect runs");
        world.raw().await.run("UPDATE disconnects SET state = 'done', ended_at = 1").await;
        world.raw().await.end_connections().await;
        let mut tx = world.begin().await;
        assert_eq!(connection_counts::roll_up(&mut tx, 9).await.unwrap(), 1);
        tx.commit().await.unwrap();
        let [deletion] = &list_ready(&world).await[..] else { panic!("one is ready") };
        forget_all(&world, deletion).await;

        let named: Vec<String> =
            everything(&world).await.into_iter().filter(|line| line.contains(MARKER)).collect();
        let told = format!("changes.user_id {MARKER}");
        let audited = format!("admin_audit_logs.target_id {MARKER}");
        assert_eq!(named, [audited.clone(), audited, told], "for its 30 days");
        let shared = items::get(&mut world.read().await, &talk).await.unwrap().unwrap();
        assert_eq!((shared.body.unwrap().user_ids, shared.deleted), (["ben".to_owned()].into(), false));
        let kept = disconnects::get(&mut world.read().await, &saga.id).await.unwrap().unwrap();
        assert_eq!((kept.state, kept.user_id.as_str()), (SagaState::Done, ""), "for the figures");
        assert_eq!(world.raw().await.count("connect_attempts", "user_id = ''").await, 1, "for the figures");
        assert_eq!(world.raw().await.count("error_groups", "errors = 1 AND affected_users = 0").await, 1);
        assert_eq!(world.raw().await.count("connection_counts", "connections = 0").await, 1);
        assert_eq!(list_ready(&world).await, []);
        assert!(!mark(&world, MARKER).await, "nobody is there");
    }

    async fn what_cant_be_read_keeps_nobody_from_being_forgotten(db: TestDatabase) {
        let world = World::new(db).await;
        let talk = key(ItemKind::Session, "talk");
        for id in ["a", "b", "c"] {
            world.put(&task(id), &task_body(MARKER, id), at(1)).await;
        }
        world.put(&talk, &session_body(&[MARKER, "ben"], "Talk"), at(1)).await;
        let mut raw = world.raw().await;
        let body = format!("'{{\"user_ids\": [\"{MARKER}\"'");
        raw.run(&format!("UPDATE items SET body = {body} WHERE item_id IN ('a', 'talk')")).await;
        raw.run("UPDATE items SET kind = 'odd' WHERE item_id = 'b'").await;
        raw.run("UPDATE item_users SET kind = 'odd' WHERE item_id = 'b'").await;
        mark(&world, MARKER).await;
        let deletion = list_ready(&world).await.remove(0);
        forget_all(&world, &deletion).await;
        let named: Vec<String> =
            everything(&world).await.into_iter().filter(|line| line.contains(MARKER)).collect();
        assert_eq!(named, [""; 0]);
        let kept = items::get(&mut world.read().await, &talk).await.unwrap().unwrap();
        assert_eq!((kept.body, kept.deleted), (None, false), "ben's is there, until it is put again");
    }

    async fn nothing_is_stored_for_a_user_who_is_being_deleted(db: TestDatabase) {
        let world = World::new(db).await;
        let ana = User { user_id: "ana".into(), ..User::default() };
        let mut tx = world.begin().await;
        assert_eq!(users::put(&mut tx, &ana, at(0)).await.unwrap(), Put::Created);
        assert_eq!(users::lock_active(&mut tx, "ana").await.unwrap(), Some(ana.clone()));
        assert!(!users::is_being_deleted(&mut tx, "ana").await.unwrap());
        tx.commit().await.unwrap();
        mark(&world, "ana").await;
        let mut tx = world.begin().await;
        assert_eq!(users::put(&mut tx, &ana, at(6)).await.unwrap(), Put::BeingDeleted);
        assert_eq!(users::lock_active(&mut tx, "ana").await.unwrap(), None);
        assert_eq!(users::lock_active(&mut tx, "nobody").await.unwrap(), None);
        assert!(users::is_being_deleted(&mut tx, "ana").await.unwrap());
        let deletion = users::ensure_exist(&mut tx, &["ana", "ben"].into(), at(6)).await.unwrap();
        assert_eq!(deletion, ["ana".to_owned()].into());
        let held = users::lock(&mut tx, &["ana", "ben", "nobody"]).await.unwrap();
        assert_eq!(held.into_iter().collect::<Vec<_>>(), [("ana".into(), true), ("ben".into(), false)]);
    }

    async fn a_user_who_is_made_anew_is_another_one(db: TestDatabase) {
        let world = World::new(db).await;
        world.put(&task("old"), &task_body("ana", "Old"), at(1)).await;
        mark(&world, "ana").await;
        let deletion = list_ready(&world).await.remove(0);
        assert_eq!(user_deletions::list_ready(&mut world.read().await, Some("ben"), 9).await.unwrap(), []);
        forget_all(&world, &deletion).await;
        assert_eq!(items::get(&mut world.read().await, &task("old")).await.unwrap(), None);
        world.put(&task("old"), &task_body("ana", "New"), at(6)).await;
        let mut tx = world.begin().await;
        assert!(!user_deletions::lock(&mut tx, &deletion).await.unwrap(), "a slow worker forgets nothing of hers");
    }

    async fn an_earlier_users_calendar_still_loses_what_was_theirs(db: TestDatabase) {
        let world = World::new(db).await;
        let id = synced(&world, "ben").await;
        world.put(&task("ben"), &task_body("ana", "Handed on"), at(2)).await;
        assert_eq!(world.due(&id, at(2)).await.len(), 1, "it is to go from ben's calendar");
        mark(&world, "ana").await;
        let deletion = list_ready(&world).await.remove(0);
        forget_all(&world, &deletion).await;
        let due = world.due(&id, at(2)).await;
        assert_eq!(due.len(), 1);
        assert!(due[0].item.deleted && due[0].item.body.title == "-", "{due:?}");

        world.put(&task("ben"), &task_body("ben", "Handed back"), at(6)).await;
        let shown = mappings::of_item(&mut world.read().await, ItemKind::Task, "ben").await.unwrap();
        assert_eq!(shown.len(), 1);
        assert_eq!(shown[0].user_id, "ben");
    }
}
