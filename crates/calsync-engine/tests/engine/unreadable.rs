//! One stored row that can't be read is parked, or read as far as it goes, and takes no other with it.

use calsync_core::integration::{CalendarChoice, IntegrationState};
use calsync_engine::disconnect::{self, RemoteItems, SagaState, Started};
use calsync_engine::{feed, webhooks};
use calsync_testing::world::{World, email};
use calsync_testing::{TestDatabase, on_both_databases};

use crate::receiver::world_with_receiver;

/// Ana, with three tasks in her calendar, and `damage` to the one in the middle; then all are put anew.
async fn damaged(world: &World, damage: &str) {
    world.synced("ana", 3).await;
    world.put_tasks("ana", 3, "again").await;
    world.sql(&format!("{damage} WHERE item_id = 'ana-1'")).await;
    world.sync().await;
}

fn titles(world: &World) -> Vec<String> {
    let mut titles: Vec<String> =
        world.events("ana", true).iter().map(|event| event["summary"].as_str().unwrap().to_owned()).collect();
    titles.sort();
    titles
}

const DAMAGES: [(&str, &str); 6] = [
    ("items.body of task:ana-1", "UPDATE items SET body = 'nothing'"),
    ("items.body of task:ana-1", "UPDATE items SET body = '{\"title\": \"Task 1\"}'"),
    ("remote_events.event of task:ana-1", "UPDATE remote_events SET event = '[]'"),
    ("sync_mappings.base of task:ana-1", "UPDATE sync_mappings SET base = '{'"),
    ("sync_mappings.event_state of task:ana-1", "UPDATE sync_mappings SET event_state = 'odd'"),
    (
        "sync_mappings.previous_state of task:ana-1",
        "UPDATE sync_mappings SET previous_state = 'odd', previous_calendar_id = 'c', previous_google_id = 'g',
            previous_generation = 1",
    ),
];

on_both_databases! {
    async fn a_mapping_that_cant_be_read_is_parked_alone(db: TestDatabase) {
        for (place, damage) in DAMAGES {
            let world = World::new(TestDatabase::new(db.kind)).await;
            damaged(&world, damage).await;
            assert_eq!(titles(&world), ["Task 0 again", "Task 1", "Task 2 again"], "{place}");
            let parked = "item_id = 'ana-1' AND sync_state = 'parked' AND reason = 'service_fault'";
            assert_eq!(world.count("sync_mappings", parked).await, 1, "{place}");
            let told = format!("item_id = 'ana-1' AND reason = 'service_fault'
                AND provider_message = 'corrupt value in {place}'");
            assert_eq!(world.count("calendar_sync_logs", &told).await, 1, "{place}: once");
            assert_eq!(world.integration("ana").await.state, IntegrationState::Active);
            let calls = world.transport.calls();
            world.advance(4_000);
            world.sync().await;
            assert_eq!(world.transport.calls(), calls, "{place}: nobody tries again");
        }
    }

    async fn a_put_mends_an_item_that_cant_be_read(db: TestDatabase) {
        let world = World::new(db).await;
        damaged(&world, "UPDATE items SET body = 'nothing'").await;
        world.put_tasks("ana", 3, "again").await;
        world.sync().await;
        assert_eq!(titles(&world), ["Task 0 again", "Task 1 again", "Task 2 again"]);
    }

    async fn a_disconnect_removes_what_cant_be_read(db: TestDatabase) {
        let world = World::new(db).await;
        damaged(&world, "UPDATE items SET body = 'nothing'").await;
        world.sql("UPDATE sync_mappings SET base = '{', event_state = 'odd'").await;
        world.sql("UPDATE remote_events SET event = '{'").await;
        assert_eq!(world.disconnect("ana", RemoteItems::Remove).await.state, SagaState::Done);
        assert_eq!(titles(&world), [""; 0]);
    }

    async fn a_zone_or_a_language_that_isnt_one_stops_nobody(db: TestDatabase) {
        let world = World::new(db).await;
        world.account("ana");
        world.put_task("ana", 0, "", "active").await;
        world.sql("UPDATE users SET time_zone = 'Mars/Olympus', locale = '???'").await;
        world.sql("UPDATE items SET body = REPLACE(body, '\"due_on\":\"2024-03-09\"',
            '\"due_at\":\"2024-03-09T10:00:00Z\",\"estimated_minutes\":30,\"time_zone\":\"Mars/Olympus\"')").await;
        world.connect("ana", &email("ana"), CalendarChoice::New).await;
        world.sql("UPDATE users SET time_zone = 'Mars/Olympus', locale = '???'").await;
        world.sync().await;
        assert_eq!(titles(&world), ["Task 0"]);
    }

    async fn a_step_that_cant_be_read_is_taken_again(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 2).await;
        let saga = world.start("ana", RemoteItems::Remove).await;
        let Started::Started { saga } = saga else { panic!("{saga:?}") };
        world.transport.break_at("/revoke");
        let lease = disconnect::claim(&world.engine, "worker", 1).await.unwrap().remove(0);
        let engine = world.engine.clone();
        let carried = tokio::spawn(async move { disconnect::resume(&engine, lease).await });
        carried.await.unwrap_err();
        world.sql("UPDATE disconnect_steps SET outcome = 'odd' WHERE name = 'remove_items'").await;
        world.sql("UPDATE disconnects SET lease_until = 1").await;
        let saga = world.finish(&saga.id).await;
        assert_eq!((saga.state, saga.steps.len()), (SagaState::Done, 6), "{saga:?}");
        assert_eq!(world.count("disconnect_steps", "outcome = 'odd'").await, 0);
    }

    async fn a_change_that_cant_be_read_hides_none_behind_it(db: TestDatabase) {
        let world = World::new(db).await;
        for user in ["ana", "ben", "cem", "dan"] {
            world.synced(user, 0).await;
            world.advance(1);
        }
        let all = feed::after(&world.engine, 0, 9).await.unwrap();
        assert_eq!(all.len(), 4);
        world.sql("UPDATE changes SET before = '{', after = 'x' WHERE user_id = 'ana'").await;
        world.sql("UPDATE changes SET change = 'odd' WHERE user_id = 'ben'").await;
        world.sql("UPDATE changes SET outcome = 'odd' WHERE user_id = 'cem'").await;
        let users = async |after: i64, limit: i64| {
            let told = feed::after(&world.engine, after, limit).await.unwrap();
            told.into_iter().map(|change| change.user_id).collect::<Vec<_>>()
        };
        assert_eq!(users(0, 9).await, ["ana", "dan"]);
        assert_eq!(users(0, 1).await, ["ana"]);
        assert_eq!(users(1, 1).await, ["dan"], "a page of what can't be read is not the end");
    }

    async fn a_delivery_that_cant_be_read_keeps_none_behind_it_waiting(db: TestDatabase) {
        let (world, receiver) = world_with_receiver(db).await;
        for user in ["ana", "ben"] {
            world.synced(user, 0).await;
            world.disconnect(user, RemoteItems::Remove).await;
        }
        world.sql("UPDATE webhook_deliveries SET data = '{' WHERE user_id = 'ana' AND data IS NOT NULL").await;
        world.sql("UPDATE changes SET change = 'odd' WHERE user_id = 'ana' AND change = 'connected'").await;
        for _ in 0..20 {
            for claim in webhooks::claim(&world.engine, "w", 10).await.unwrap() {
                webhooks::deliver(&world.engine, &claim).await.unwrap();
            }
            world.advance(10);
        }
        assert_eq!(world.count("webhook_deliveries", "state = 'waiting'").await, 0, "nothing waits");
        let all = world.count("webhook_deliveries", "TRUE").await;
        assert_eq!(world.count("webhook_deliveries", "state = 'failed' AND user_id = 'ana'").await, 2);
        assert_eq!(world.count("webhook_deliveries", "state = 'delivered'").await, all - 2);
        assert!(!receiver.received().is_empty());
    }
}
