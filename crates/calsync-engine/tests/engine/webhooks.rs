//! What the platform's webhook hears: all of it, in order, once more rather than never.

use calsync_core::change::{Change, ChangeOutcome};
use calsync_core::integration::{CalendarChoice, IntegrationState};
use calsync_core::item::{ItemKey, ItemKind};
use calsync_engine::disconnect::RemoteItems;
use calsync_engine::webhooks::{self, Delivery, DeliveryState};
use calsync_engine::{Engine, consent, feed, maintenance, worker};
use calsync_simulator::RevokeCause;
use calsync_store::changes::{self, NewChange};
use calsync_testing::world::{World, email};
use calsync_testing::{DatabaseKind, Log, TestDatabase, eventually, on_both_databases};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::receiver::world_with_receiver;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// Rounds of sending after which a story should long be over.
const ROUNDS_MAX: usize = 200;

/// `user` changes a task of theirs.
async fn changed(world: &World, user: &str, id: &str, change: Change) {
    let item = ItemKey { kind: ItemKind::Task, id: id.into() };
    let new = NewChange {
        user_id: user,
        item: Some(&item),
        change,
        outcome: ChangeOutcome::Accepted,
        before: json!({"title": "old"}),
        after: json!({"title": "new"}),
    };
    let mut tx = world.engine.store().begin().await.unwrap();
    changes::record(world.engine.store(), &mut tx, &new, world.engine.now()).await.unwrap();
    tx.commit().await.unwrap();
}

/// Sends all that is due; how many deliveries that were.
async fn send_by(engine: &Engine) -> usize {
    let mut sent = 0;
    for _ in 0..ROUNDS_MAX {
        let claims = webhooks::claim(engine, "w", 3).await.unwrap();
        if claims.is_empty() {
            return sent;
        }
        for claim in &claims {
            webhooks::deliver(engine, claim).await.unwrap();
        }
        sent += claims.len();
    }
    panic!("the sending doesn't end");
}

async fn send(world: &World) -> usize {
    send_by(&world.engine).await
}

async fn deliveries(world: &World, state: Option<DeliveryState>) -> Vec<Delivery> {
    let mut tx = world.engine.store().read().await.unwrap();
    calsync_store::webhooks::page(&mut tx, state, None, 1_000).await.unwrap()
}

async fn is_disabled(world: &World) -> bool {
    let mut tx = world.engine.store().read().await.unwrap();
    calsync_store::webhooks::endpoint(&mut tx).await.unwrap().unwrap().disabled_at.is_some()
}

on_both_databases! {
    async fn a_delivery_tells_what_the_feed_tells(db: TestDatabase) {
        let (world, receiver) = world_with_receiver(db).await;
        world.synced("ana", 1).await;
        changed(&world, "ana", "ana-0", Change::Completed).await;
        assert_eq!(send(&world).await, 2);
        let told = feed::after(&world.engine, 0, 10).await.unwrap();
        for (one, change) in receiver.received().iter().zip(&told) {
            assert_eq!(one.body["data"], json!(change));
            assert_eq!((one.id.as_str(), &one.body["timestamp"]), (change.id.as_str(), &json!(change.at)));
            assert_eq!(one.timestamp, world.engine.now().as_second());
            assert!(one.signature.starts_with("v1,"), "{}", one.signature);
        }
        assert_eq!(receiver.types(), ["integration.connected", "item.completed"]);
        assert_eq!(send(&world).await, 0);
        assert!(deliveries(&world, None).await.iter().all(|one| one.state == DeliveryState::Delivered));
    }

    async fn a_failure_is_tried_again_with_growing_pauses_and_keeps_its_order(db: TestDatabase) {
        let (world, receiver) = world_with_receiver(db).await;
        receiver.answer("item.completed", 503);
        changed(&world, "ana", "t1", Change::Completed).await;
        changed(&world, "ana", "t1", Change::Reopened).await;
        changed(&world, "ana", "t2", Change::Edited).await;
        send(&world).await;
        assert_eq!(receiver.types(), ["item.completed", "item.edited"]);
        for (pause, status) in [(7, 503), (13, 0), (26, 302)] {
            receiver.answer("item.completed", status);
            world.advance(1);
            assert_eq!(send(&world).await, 0, "it is not due yet");
            world.advance(pause - 1);
            assert_eq!(send(&world).await, 1);
        }
        let waiting = deliveries(&world, Some(DeliveryState::Waiting)).await;
        assert_eq!(waiting[1].error.as_deref(), Some("The endpoint answered 302: redirects are not followed."));
        assert_eq!((waiting[1].attempts, waiting[1].http_status), (4, Some(302)));
        assert_eq!((waiting[0].attempts, waiting[0].event_type.as_str()), (0, "item.reopened"));
        receiver.answer("item.completed", 200);
        world.advance(51);
        assert_eq!(send(&world).await, 2);
        let received = receiver.received();
        let [first, .., last, reopened] = &received[..] else { panic!("{received:?}") };
        assert_eq!((last.id.as_str(), reopened.event_type()), (first.id.as_str(), "item.reopened"));
        assert!(last.timestamp > first.timestamp && last.signature != first.signature);
    }

    async fn what_fails_for_days_is_given_up_and_the_next_has_its_turn(db: TestDatabase) {
        let (world, receiver) = world_with_receiver(db).await;
        receiver.answer("item.completed", 500);
        changed(&world, "ana", "t1", Change::Completed).await;
        changed(&world, "ana", "t1", Change::Reopened).await;
        let mut hours = 0;
        while deliveries(&world, Some(DeliveryState::Failed)).await.is_empty() {
            send(&world).await;
            world.advance(HOUR);
            hours += 1;
            assert!(hours < 200, "it is never given up");
        }
        assert!((5 * 24..5 * 24 + 4).contains(&hours), "{hours}");
        assert_eq!(send(&world).await, 0);
        assert_eq!(receiver.types().last().unwrap(), "item.reopened");
        receiver.answer("item.completed", 200);
        let failed = deliveries(&world, Some(DeliveryState::Failed)).await.remove(0);
        let replayed = webhooks::replay(&world.engine, &failed.id).await.unwrap().unwrap();
        assert_eq!(replayed.state, DeliveryState::Waiting);
        assert_eq!(send(&world).await, 1);
        assert_eq!(receiver.received().last().unwrap().id, failed.id);
        assert_eq!(webhooks::replay(&world.engine, "none").await.unwrap(), None);
    }

    async fn killed_before_the_answer_is_stored_it_is_sent_again_under_the_same_id(db: TestDatabase) {
        let (world, receiver) = world_with_receiver(db).await;
        changed(&world, "ana", "t1", Change::Completed).await;
        changed(&world, "ana", "t1", Change::Reopened).await;
        receiver.hold();
        let claim = webhooks::claim(&world.engine, "w", 9).await.unwrap().remove(0);
        let sending = tokio::spawn({
            let engine = world.engine.clone();
            async move { webhooks::deliver(&engine, &claim).await }
        });
        receiver.held_one().await;
        sending.abort();
        assert!(sending.await.unwrap_err().is_cancelled());
        receiver.let_through();
        assert_eq!(send(&world).await, 0, "it is leased still");
        world.restart().await;
        assert_eq!(send(&world).await, 2);
        let received = receiver.received();
        assert_eq!(receiver.types(), ["item.completed", "item.completed", "item.reopened"]);
        assert_eq!((&received[0].id, &received[0].body), (&received[1].id, &received[1].body));
    }

    async fn an_endpoint_that_is_gone_is_left_alone_until_it_takes_a_test(db: TestDatabase) {
        let (world, receiver) = world_with_receiver(db).await;
        receiver.answer("item.completed", 410);
        receiver.answer("webhook.test", 404);
        changed(&world, "ana", "t1", Change::Completed).await;
        changed(&world, "ana", "t2", Change::Edited).await;
        assert_eq!(webhooks::claim(&world.engine, "w", 1).await.unwrap().len(), 1);
        world.restart().await;
        assert!(send(&world).await <= 2);
        assert!(is_disabled(&world).await);
        changed(&world, "ana", "t3", Change::Edited).await;
        world.advance(10 * DAY);
        webhooks::set_up(&world.engine).await.unwrap();
        assert_eq!(send(&world).await, 0, "a restart changes nothing");
        let failed = webhooks::test(&world.engine).await.unwrap().unwrap();
        assert_eq!((failed.state, failed.http_status), (DeliveryState::Failed, Some(404)));
        assert!(is_disabled(&world).await);

        receiver.answer("webhook.test", 200);
        receiver.answer("item.completed", 500);
        let taken = webhooks::test(&world.engine).await.unwrap().unwrap();
        assert_eq!((taken.state, taken.error), (DeliveryState::Delivered, None));
        assert!(!is_disabled(&world).await);
        assert!(send(&world).await >= 2);
        let waiting = deliveries(&world, Some(DeliveryState::Waiting)).await;
        assert_eq!(waiting.len(), 1, "its days begin anew: {waiting:?}");
        receiver.answer("item.completed", 200);
        world.advance(60);
        assert_eq!(send(&world).await, 1);
        let delivered = deliveries(&world, Some(DeliveryState::Delivered)).await;
        assert_eq!(delivered.len(), 4, "nothing was lost: {delivered:?}");
    }

    async fn a_user_who_must_connect_again_is_told_once_with_a_link_that_works(db: TestDatabase) {
        let (world, receiver) = world_with_receiver(db).await;
        world.synced("ana", 2).await;
        send(&world).await;
        world.google.revoke(&email("ana"), RevokeCause::User);
        receiver.answer("integration.needs_reconnect", 500);
        for round in 0..3 {
            world.put_tasks("ana", 2, &format!("changed {round}")).await;
            world.sync().await;
            send(&world).await;
            world.advance(HOUR);
        }
        receiver.answer("integration.needs_reconnect", 204);
        send(&world).await;

        let told = feed::after(&world.engine, 0, 100).await.unwrap();
        let lost: Vec<_> = told.iter().filter(|one| one.change == Change::NeedsReconnect).collect();
        assert_eq!(lost.len(), 1);
        let delivered = deliveries(&world, Some(DeliveryState::Delivered)).await;
        let heard: Vec<_> = delivered.iter().filter(|one| one.event_type == "integration.needs_reconnect").collect();
        assert_eq!(heard.len(), 1, "{delivered:?}");
        assert_eq!((heard[0].id.as_str(), heard[0].attempts), (lost[0].id.as_str(), 4));

        let links: Vec<String> = receiver
            .received()
            .iter()
            .filter(|one| one.id == lost[0].id)
            .map(|one| one.body["data"]["after"]["connect_url"].as_str().unwrap().to_owned())
            .collect();
        let in_feed = lost[0].after["connect_url"].as_str().unwrap();
        assert!(links.iter().all(|link| link == in_feed), "each time the same: {links:?}");
        assert_eq!(world.count("connect_links", "used_at IS NULL").await, 1);
        for link in &links {
            let token = link.rsplit('/').next().unwrap();
            assert_eq!(world.count("connect_links", &format!("token_hash = '{token}'")).await, 0);
        }
        let token = links.last().unwrap().rsplit('/').next().unwrap();
        let begun = consent::begin(&world.engine, token, CalendarChoice::New).await.unwrap();
        assert!(matches!(begun, consent::ConsentStart::Redirect { .. }), "it leads to Google");
    }

    async fn who_is_connected_again_is_sent_no_link(db: TestDatabase) {
        let (world, receiver) = world_with_receiver(db).await;
        world.synced("ana", 1).await;
        world.google.revoke(&email("ana"), RevokeCause::User);
        world.put_tasks("ana", 1, "changed").await;
        world.sync().await;
        world.connect("ana", &email("ana"), CalendarChoice::New).await;
        world.sync().await;
        assert_eq!(world.integration("ana").await.state, IntegrationState::Active);
        send(&world).await;
        let received = receiver.received();
        let lost = received.iter().find(|one| one.event_type() == "integration.needs_reconnect").unwrap();
        assert_eq!(lost.body["data"]["after"]["connect_url"], Value::Null);
    }

    async fn the_end_of_a_disconnect_is_told_with_its_receipts(db: TestDatabase) {
        let (world, receiver) = world_with_receiver(db).await;
        world.synced("ana", 1).await;
        let saga = world.disconnect("ana", RemoteItems::Remove).await;
        world.connect("ana", &email("ana"), CalendarChoice::New).await;
        world.sync().await;
        send(&world).await;
        assert_eq!(
            receiver.types(),
            ["integration.connected", "integration.disconnected", "disconnect.finished", "integration.connected"]
        );
        let finished = &receiver.received()[2].body["data"];
        assert_eq!((&finished["id"], &finished["state"]), (&json!(saga.id), &json!("done")));
        assert_eq!((&finished["user_id"], &finished["remote_items"]), (&json!("ana"), &json!("remove")));
        let steps = finished["steps"].as_array().unwrap();
        let told: Vec<_> = steps.iter().map(|step| step["receipt"].as_str().unwrap()).collect();
        assert_eq!(told, saga.steps.iter().map(|step| step.receipt.as_str()).collect::<Vec<_>>());
    }

    async fn what_is_as_old_as_a_forgotten_change_is_forgotten(db: TestDatabase) {
        let (world, receiver) = world_with_receiver(db).await;
        changed(&world, "ana", "t1", Change::Completed).await;
        let claim = webhooks::claim(&world.engine, "w", 1).await.unwrap().remove(0);
        world.sql("DELETE FROM changes").await;
        webhooks::deliver(&world.engine, &claim).await.unwrap();
        let [failed] = &deliveries(&world, None).await[..] else { panic!("one delivery") };
        assert_eq!((failed.state, receiver.received()), (DeliveryState::Failed, vec![]));
        assert!(failed.error.as_deref().unwrap().contains("not kept any more"));
        world.advance(31 * DAY);
        maintenance::round(&world.engine).await.unwrap();
        assert_eq!(deliveries(&world, None).await, []);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_deliver_each_once_at_a_time_and_in_order() {
    const CHANGES: usize = 12;
    let (world, receiver) = world_with_receiver(TestDatabase::new(DatabaseKind::Postgres)).await;
    for _ in 0..CHANGES {
        for item in ["a", "b", "c"] {
            changed(&world, "ana", item, Change::Edited).await;
        }
    }
    let mut workers = JoinSet::new();
    for engine in [world.engine.clone(), world.another_engine().await] {
        workers.spawn(async move {
            loop {
                send_by(&engine).await;
                let mut tx = engine.store().read().await.unwrap();
                let waiting = DeliveryState::Waiting;
                if calsync_store::webhooks::page(&mut tx, Some(waiting), None, 1).await.unwrap().is_empty() {
                    return;
                }
                drop(tx);
                tokio::task::yield_now().await;
            }
        });
    }
    workers.join_all().await;
    assert_eq!((receiver.received().len(), receiver.overlapped()), (3 * CHANGES, 0));
    for item in ["a", "b", "c"] {
        let received = receiver.received();
        let of_item = received.iter().filter(|one| one.body["data"]["item_id"] == item);
        let times = of_item.map(|one| one.body["timestamp"].as_str().unwrap().parse::<Timestamp>().unwrap());
        let times: Vec<_> = times.collect();
        assert!(times.is_sorted() && times.len() == CHANGES, "{times:?}");
    }
}

#[tokio::test]
async fn what_is_under_way_is_not_claimed_again_and_again() {
    let (world, receiver) = world_with_receiver(TestDatabase::new(DatabaseKind::Postgres)).await;
    changed(&world, "ana", "t1", Change::Completed).await;
    receiver.hold();
    let stop = CancellationToken::new();
    let working = tokio::spawn(worker::run(world.engine.clone(), stop.clone()));
    receiver.held_one().await;
    let log = Log::begin();
    let (looks, claims) =
        ("MIN(due_at) AS next_at FROM disconnects", "SELECT d.id FROM webhook_deliveries d");
    eventually("three looks for disconnects, one a second", async || {
        let seen = log.text().matches(looks).count();
        (seen >= 3).then_some(()).ok_or(seen)
    })
    .await;
    let claims = log.text().matches(claims).count();
    assert!((1..=6).contains(&claims), "{claims} claims in three seconds");
    receiver.let_through();
    stop.cancel();
    working.await.unwrap().unwrap();
}
