//! Lists with one row that can't be read: everything else is shown, page by page.

use calsync_core::ids::new_id;
use calsync_core::item::{FieldError, ItemKind};
use calsync_core::outcome::{Operation, Outcome};
use calsync_core::reason::Reason;
use calsync_core::sync_state::SyncState;
use calsync_core::webhook::DeliveryState;
use calsync_store::attempts::{self, Attempt};
use calsync_store::audit::{self, AuditRow};
use calsync_store::refusals::{self, Refusal};
use calsync_store::sync_errors::{self, Filter};
use calsync_store::webhooks::{self, NewDelivery};
use calsync_store::{disconnects, integrations, mappings};
use calsync_testing::{SeededRng, on_both_databases};
use serde_json::{Value, json};

use crate::disconnects::started;
use crate::world::{World, at, key, task, task_body};

fn failure(id: &str) -> Attempt {
    Attempt {
        id: id.into(),
        at: at(1),
        user_id: "ana".into(),
        integration_id: "integration".into(),
        item: Some(key(ItemKind::Task, "read")),
        operation: Operation::Insert,
        outcome: Outcome::Refused,
        reason: Some(Reason::ItemRefused),
        http_status: Some(400),
        provider_reason: None,
        provider_message: None,
        trace_id: "trace".into(),
    }
}

on_both_databases! {
    async fn attempts_and_errors(db: TestDatabase) {
        let world = World::new(db).await;
        let mut tx = world.begin().await;
        let ids = ["0001", "0002", "0003", "0004", "0005"];
        attempts::record_all(&mut tx, &ids.map(failure)).await.unwrap();
        tx.commit().await.unwrap();
        let mut raw = world.raw().await;
        raw.run("UPDATE calendar_sync_logs SET operation = 'odd' WHERE id = '0004'").await;
        raw.run("UPDATE calendar_sync_logs SET outcome = 'odd' WHERE id = '0003'").await;
        raw.run("UPDATE calendar_sync_logs SET kind = 'odd', reason = 'odd' WHERE id = '0002'").await;

        let shown = attempts::of_user(&mut world.read().await, "ana", 9).await.unwrap();
        assert_eq!(shown.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["0005", "0002", "0001"]);
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let mut tx = world.read().await;
            let page = sync_errors::list(&mut tx, &Filter::default(), before.as_deref(), 1).await.unwrap();
            seen.extend(page.errors.into_iter().map(|error| error.id));
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(seen, ["0005", "0002", "0001"], "a page of what can't be read is not the end");
    }

    async fn audit_and_refusals(db: TestDatabase) {
        let world = World::new(db).await;
        let mut tx = world.begin().await;
        for id in ["1", "2"] {
            let row = AuditRow {
                id: id.into(),
                admin_id: "noor".into(),
                action: "integration.disconnect".into(),
                target_id: "ana".into(),
                note: None,
                metadata: json!({"provider": "google"}),
                created_at: at(1),
            };
            audit::record(&mut tx, &row).await.unwrap();
            let refusal = Refusal {
                id: id.into(),
                at: at(1),
                key_name: "platform".into(),
                kind: None,
                item_id: None,
                user_id: None,
                status: 422,
                errors: vec![FieldError::new("title", "is required")],
            };
            refusals::record(&mut tx, &refusal).await.unwrap();
        }
        tx.commit().await.unwrap();
        world.raw().await.run("UPDATE admin_audit_logs SET metadata = '{' WHERE id = '2'").await;
        world.raw().await.run("UPDATE refusals SET errors = 'odd' WHERE id = '1'").await;
        let rows = audit::list(&mut world.read().await, None, None, 9).await.unwrap();
        let metadata: Vec<_> = rows.into_iter().map(|row| row.metadata).collect();
        assert_eq!(metadata, [Value::Null, json!({"provider": "google"})]);
        let refused = refusals::since(&mut world.read().await, at(0), None, 9).await.unwrap();
        assert_eq!(refused.iter().map(|one| one.errors.len()).collect::<Vec<_>>(), [0, 1]);
    }

    async fn where_items_stand(db: TestDatabase) {
        let world = World::new(db).await;
        world.connected("ana").await;
        world.put(&task("read"), &task_body("ana", "Read"), at(1)).await;
        world.settle(at(2)).await;
        world.raw().await.run("UPDATE sync_mappings SET sync_state = 'odd', reason = 'odd'").await;
        world.raw().await.run("UPDATE remote_events SET event = '{'").await;
        let shown = mappings::of_item(&mut world.read().await, ItemKind::Task, "read").await.unwrap();
        assert_eq!((shown[0].state, shown[0].html_link.as_deref()), (SyncState::Parked, None));
    }

    async fn deliveries(db: TestDatabase) {
        let world = World::new(db).await;
        let (dice, mut tx) = (SeededRng::new(3), world.begin().await);
        webhooks::set_up(&mut tx, "https://app.example.org", at(0)).await.unwrap();
        let mut ids = Vec::new();
        for minute in 1..4 {
            let id = new_id(at(minute), &dice);
            let new = NewDelivery {
                id: &id,
                at: at(minute),
                event_type: "test",
                stream: "s",
                user_id: None,
                data: Some(&json!({"minute": minute})),
            };
            webhooks::enqueue(&mut tx, &new, at(minute)).await.unwrap();
            ids.push(id);
        }
        tx.commit().await.unwrap();
        world.raw().await.run(&format!("UPDATE webhook_deliveries SET data = '{{' WHERE id = '{}'", ids[1])).await;
        world.raw().await.run(&format!("UPDATE webhook_deliveries SET state = 'odd' WHERE id = '{}'", ids[0])).await;
        let page = webhooks::page(&mut world.read().await, None, None, 9).await.unwrap();
        let shown: Vec<_> = page.into_iter().map(|one| (one.data, one.state)).collect();
        let waits = DeliveryState::Waiting;
        assert_eq!(shown[0], (Some(json!({"minute": 3})), waits));
        assert_eq!((&shown[1], shown[2].1), (&(None, waits), DeliveryState::Failed));
    }

    async fn disconnects_and_their_receipts(db: TestDatabase) {
        let world = World::new(db).await;
        for user in ["ana", "ben"] {
            world.connected(user).await;
        }
        let saga = started(&world, "ana").await;
        let insert = |name: &str, outcome: &str| format!(
            "INSERT INTO disconnect_steps (disconnect_id, name, outcome, receipt, at)
             VALUES ('{}', '{name}', '{outcome}', 'r', 1)", saga.id
        );
        for (name, outcome) in [("freeze", "done"), ("stop_channels", "odd"), ("odd", "done")] {
            world.raw().await.run(&insert(name, outcome)).await;
        }
        let read = disconnects::get(&mut world.read().await, &saga.id).await.unwrap().unwrap();
        assert_eq!(read.steps.len(), 1, "the others are taken again: {read:?}");
        assert_eq!(disconnects::of_user(&mut world.read().await, "ana", 9).await.unwrap(), [read]);
        world.raw().await.run("UPDATE disconnects SET remote_items = 'odd'").await;
        assert_eq!(disconnects::of_user(&mut world.read().await, "ana", 9).await.unwrap(), []);
        assert_eq!(integrations::of_user(&mut world.read().await, "ben").await.unwrap().len(), 1);
    }
}
