//! Deliveries to the webhook: none without what it tells of, one at a time of a stream, in order.

use std::sync::Arc;

use calsync_core::change::{Change, ChangeOutcome};
use calsync_core::item::ItemKey;
use calsync_core::webhook::{DISCONNECT_FINISHED, DeliveryState, TEST};
use calsync_store::changes::{self, NewChange};
use calsync_store::leases::{self, Lease};
use calsync_store::webhooks::{self, Attempt, Delivery, DeliveryResult, Endpoint, NewDelivery};
use calsync_testing::{TestDatabase, on_both_databases};
use jiff::Timestamp;
use serde_json::json;
use tokio::task::JoinSet;

use crate::world::{LEASE, World, at, task};

const URL: &str = "https://app.example.org/hook?token=marker";
const ALL: i64 = 100;

async fn with_webhook(db: TestDatabase) -> World {
    let world = World::new(db).await;
    set_up(&world, URL).await;
    world
}

async fn set_up(world: &World, url: &str) {
    let mut tx = world.begin().await;
    webhooks::set_up(&mut tx, url, at(9)).await.unwrap();
    tx.commit().await.unwrap();
}

/// `user` changes `item`.
async fn changed(world: &World, user: &str, item: &ItemKey, change: Change, minute: i64) {
    let mut tx = world.begin().await;
    let new = NewChange {
        user_id: user,
        item: Some(item),
        change,
        outcome: ChangeOutcome::Accepted,
        before: json!({}),
        after: json!({}),
    };
    changes::record(&world.store, &mut tx, &new, at(minute)).await.unwrap();
    tx.commit().await.unwrap();
}

async fn claim(world: &World, now: Timestamp) -> Vec<Lease> {
    let mut tx = world.begin().await;
    let claims = leases::deliveries::claim(&mut tx, "w", LEASE, now, ALL).await.unwrap();
    tx.commit().await.unwrap();
    claims
}

async fn record_result(
    world: &World,
    claim: &Lease,
    http_status: u16,
    result: DeliveryResult,
    now: Timestamp,
) -> bool {
    let error = (result != DeliveryResult::Delivered).then(|| format!("answered {http_status}"));
    let attempt = Attempt { at: now, http_status: Some(http_status), error };
    let mut tx = world.begin().await;
    let settled = webhooks::record_result(&mut tx, claim, &attempt, result).await.unwrap();
    tx.commit().await.unwrap();
    settled
}

async fn get(world: &World, id: &str) -> Option<Delivery> {
    webhooks::get(&mut world.read().await, id).await.unwrap()
}

/// What of the claims is it.
async fn told(world: &World, claims: &[Lease]) -> Vec<String> {
    let mut told = Vec::new();
    for claim in claims {
        let delivery = get(world, &claim.id).await.unwrap();
        told.push(format!("{} {}", delivery.user_id.unwrap_or_default(), delivery.event_type));
    }
    told.sort();
    told
}

async fn page(world: &World, state: Option<DeliveryState>, before: Option<&str>) -> Vec<Delivery> {
    webhooks::page(&mut world.read().await, state, before, 2).await.unwrap()
}

async fn next_due(world: &World) -> Option<Timestamp> {
    leases::deliveries::next_due(&mut world.read().await).await.unwrap()
}

on_both_databases! {
    async fn nothing_is_kept_before_a_webhook_is_set_up(db: TestDatabase) {
        let world = World::new(db).await;
        changed(&world, "ana", &task("read"), Change::Edited, 1).await;
        assert_eq!(webhooks::endpoint(&mut world.read().await).await.unwrap(), None);
        set_up(&world, URL).await;
        assert_eq!(page(&world, None, None).await, []);
        changed(&world, "ana", &task("read"), Change::Completed, 2).await;
        assert_eq!(page(&world, None, None).await.len(), 1);
        let address = world.raw().await.count("webhook_endpoint", "url_hash LIKE '%marker%'").await;
        assert_eq!(address, 0, "an address may hold a secret");
    }

    async fn a_delivery_is_known_by_its_change_and_what_did_not_happen_is_not_sent(db: TestDatabase) {
        let world = with_webhook(db).await;
        let mut tx = world.begin().await;
        let (item, outcome) = (task("lost"), ChangeOutcome::Accepted);
        let new = NewChange { user_id: "ana", item: Some(&item), change: Change::Edited, outcome, before: json!({}), after: json!({}) };
        changes::record(&world.store, &mut tx, &new, at(1)).await.unwrap();
        drop(tx);
        changed(&world, "ana", &task("read"), Change::Completed, 1).await;
        let claims = claim(&world, at(1)).await;
        let [one] = &claims[..] else { panic!("one delivery: {claims:?}") };
        let delivery = get(&world, &one.id).await.unwrap();
        assert_eq!((delivery.event_type.as_str(), delivery.item.as_ref()), ("item.completed", Some(&task("read"))));
        assert_eq!((delivery.data, delivery.state, delivery.at), (None, DeliveryState::Waiting, at(1)));
        let mut tx = world.begin().await;
        assert_eq!(changes::get(&mut tx, &one.id).await.unwrap(), None, "it has no place yet");
        changes::assign_positions(&mut tx, ALL).await.unwrap();
        assert_eq!(changes::get(&mut tx, &one.id).await.unwrap().unwrap().position, 1);
    }

    async fn of_a_stream_one_is_sent_at_a_time_in_order(db: TestDatabase) {
        let world = with_webhook(db).await;
        for (minute, change) in [(3, Change::Completed), (1, Change::Reopened), (2, Change::Edited)] {
            changed(&world, "ana", &task("read"), change, minute).await;
        }
        changed(&world, "ben", &task("write"), Change::Edited, 3).await;
        let claims = claim(&world, at(3)).await;
        assert_eq!(told(&world, &claims).await, ["ana item.completed", "ben item.edited"]);
        assert_eq!(claim(&world, at(3)).await, []);
        for claim in &claims {
            assert!(record_result(&world, claim, 204, DeliveryResult::Delivered, at(3)).await);
            assert!(!record_result(&world, claim, 500, DeliveryResult::GivenUp, at(4)).await, "it is over");
        }
        let next = claim(&world, at(3)).await;
        assert_eq!(told(&world, &next).await, ["ana item.reopened"], "in the order of commit, though clocks differ");
        assert!(record_result(&world, &next[0], 200, DeliveryResult::Delivered, at(4)).await);
        assert_eq!(told(&world, &claim(&world, at(4)).await).await, ["ana item.edited"]);
    }

    async fn a_failure_holds_up_its_stream_alone_until_it_is_given_up(db: TestDatabase) {
        let world = with_webhook(db).await;
        changed(&world, "ana", &task("read"), Change::Completed, 1).await;
        changed(&world, "ana", &task("read"), Change::Reopened, 2).await;
        let first = claim(&world, at(2)).await.remove(0);
        assert!(record_result(&world, &first, 500, DeliveryResult::Retry(at(7)), at(2)).await);
        changed(&world, "ana", &task("read"), Change::Edited, 3).await;
        changed(&world, "ben", &task("write"), Change::Edited, 3).await;
        assert_eq!(told(&world, &claim(&world, at(3)).await).await, ["ben item.edited"]);
        assert_eq!(world.raw().await.count("webhook_deliveries", "user_id = 'ana' AND due_at < (SELECT MAX(due_at) FROM webhook_deliveries)").await, 0);
        let again = claim(&world, at(7)).await.remove(0);
        assert_eq!(again.id, first.id);
        assert!(!record_result(&world, &first, 200, DeliveryResult::Delivered, at(7)).await, "another worker has it now");
        assert!(record_result(&world, &again, 500, DeliveryResult::GivenUp, at(8)).await);
        let failed = get(&world, &first.id).await.unwrap();
        assert_eq!((failed.state, failed.attempts, failed.failures), (DeliveryState::Failed, 2, 2));
        assert_eq!((failed.failing_since, failed.attempted_at), (Some(at(2)), Some(at(8))));
        assert_eq!((failed.http_status, failed.error.as_deref()), (Some(500), Some("answered 500")));
        assert_eq!(told(&world, &claim(&world, at(8)).await).await, ["ana item.reopened"]);
    }

    async fn a_replay_stands_beside_the_order(db: TestDatabase) {
        let world = with_webhook(db).await;
        changed(&world, "ana", &task("read"), Change::Completed, 1).await;
        let first = claim(&world, at(1)).await.remove(0);
        assert!(record_result(&world, &first, 400, DeliveryResult::GivenUp, at(1)).await);
        changed(&world, "ana", &task("read"), Change::Reopened, 2).await;
        let replay = async |id: &str, minute| {
            let mut tx = world.begin().await;
            let found = webhooks::replay(&mut tx, id, at(minute)).await.unwrap();
            tx.commit().await.unwrap();
            found
        };
        assert!(replay(&first.id, 3).await);
        assert!(!replay("no such id\0", 3).await);
        let claims = claim(&world, at(3)).await;
        assert_eq!(told(&world, &claims).await, ["ana item.completed", "ana item.reopened"]);
        let replayed = get(&world, &first.id).await.unwrap();
        assert_eq!((replayed.state, replayed.attempts, replayed.failing_since), (DeliveryState::Waiting, 1, None));
        for claim in claims {
            assert!(record_result(&world, &claim, 500, DeliveryResult::Retry(at(9)), at(3)).await);
        }
        assert_eq!((next_due(&world).await, claim(&world, at(8)).await), (Some(at(9)), vec![]));
        assert!(replay(&first.id, 8).await);
        assert_eq!(told(&world, &claim(&world, at(8)).await).await, ["ana item.completed"], "due at once");
    }

    async fn a_disabled_endpoint_is_sent_nothing_until_it_is_enabled_or_another(db: TestDatabase) {
        let world = with_webhook(db).await;
        changed(&world, "ana", &task("read"), Change::Completed, 1).await;
        let mut tx = world.begin().await;
        assert!(webhooks::disable(&mut tx, at(2)).await.unwrap());
        assert!(!webhooks::disable(&mut tx, at(3)).await.unwrap());
        tx.commit().await.unwrap();
        set_up(&world, URL).await;
        let endpoint = webhooks::endpoint(&mut world.read().await).await.unwrap();
        assert_eq!(endpoint, Some(Endpoint { disabled_at: Some(at(2)) }), "the same address stays disabled");
        assert_eq!((claim(&world, at(3)).await, next_due(&world).await), (vec![], None));
        let mut tx = world.begin().await;
        assert!(webhooks::enable(&mut tx, at(3)).await.unwrap());
        assert!(!webhooks::enable(&mut tx, at(3)).await.unwrap());
        assert!(webhooks::disable(&mut tx, at(3)).await.unwrap());
        tx.commit().await.unwrap();
        set_up(&world, "https://app.example.org/other").await;
        assert_eq!(told(&world, &claim(&world, at(3)).await).await, ["ana item.completed"], "nothing was lost");
    }

    async fn an_endpoint_that_answers_again_is_sent_all_that_waits(db: TestDatabase) {
        let world = with_webhook(db).await;
        changed(&world, "ana", &task("read"), Change::Completed, 1).await;
        let first = claim(&world, at(1)).await.remove(0);
        assert!(record_result(&world, &first, 500, DeliveryResult::Retry(at(60)), at(1)).await);
        let mut tx = world.begin().await;
        webhooks::enable(&mut tx, at(2)).await.unwrap();
        tx.commit().await.unwrap();
        let delivery = get(&world, &first.id).await.unwrap();
        assert_eq!((delivery.due_at, delivery.attempts, delivery.failing_since), (at(2), 1, None));
        assert_eq!(claim(&world, at(2)).await.len(), 1);
    }

    async fn a_test_is_claimed_by_who_asks_for_it(db: TestDatabase) {
        let world = with_webhook(db).await;
        let id = calsync_core::ids::new_id(at(1), world.store.entropy());
        let mut tx = world.begin().await;
        let test = webhooks::begin_test(&mut tx, &id, &json!({"n": 1}), LEASE, at(1)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(claim(&world, at(1)).await, []);
        let delivery = get(&world, &id).await.unwrap();
        assert_eq!((delivery.event_type.as_str(), delivery.data), (TEST, Some(json!({"n": 1}))));
        let mut tx = world.begin().await;
        leases::release_all(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        assert!(!record_result(&world, &test, 200, DeliveryResult::Delivered, at(1)).await, "its process died");
        assert_eq!(claim(&world, at(1)).await.len(), 1, "so a worker sends it");
    }

    async fn deliveries_are_listed_page_by_page_and_forgotten_when_they_are_old(db: TestDatabase) {
        let world = with_webhook(db).await;
        for minute in 1..=3 {
            changed(&world, "ana", &task(&format!("t{minute}")), Change::Edited, minute).await;
        }
        let data = json!({"id": "saga"});
        let mut tx = world.begin().await;
        let id = calsync_core::ids::new_id(at(4), world.store.entropy());
        let finished = NewDelivery { id: &id, at: at(4), event_type: DISCONNECT_FINISHED, stream: "s", user_id: None, data: Some(&data) };
        webhooks::enqueue(&mut tx, &finished, at(4)).await.unwrap();
        tx.commit().await.unwrap();
        let first = page(&world, None, None).await;
        assert_eq!((first[0].data.as_ref(), first[0].item.as_ref()), (Some(&data), None));
        assert_eq!(first[1].item, Some(task("t3")));
        let rest = page(&world, None, Some(&first[1].id)).await;
        assert_eq!(rest.iter().map(|one| one.at).collect::<Vec<_>>(), [at(2), at(1)]);
        for claim in claim(&world, at(4)).await {
            let result = if claim.id == id { DeliveryResult::GivenUp } else { DeliveryResult::Delivered };
            record_result(&world, &claim, 200, result, at(4)).await;
        }
        let failed = page(&world, Some(DeliveryState::Failed), None).await;
        assert_eq!(failed.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), [id.as_str()]);
        assert_eq!(page(&world, Some(DeliveryState::Waiting), None).await, []);
        let mut tx = world.begin().await;
        assert_eq!(webhooks::forget(&mut tx, at(4), ALL).await.unwrap(), 3);
        tx.commit().await.unwrap();
        assert_eq!(page(&world, None, None).await.len(), 1);
    }

    async fn no_two_workers_send_of_a_stream_at_once_and_its_order_holds(db: TestDatabase) {
        const CHANGES: i64 = 12;
        let world = Arc::new(with_webhook(db).await);
        for minute in 0..CHANGES {
            for item in ["a", "b", "c"] {
                changed(&world, "ana", &task(item), Change::Edited, minute).await;
            }
        }
        let mut workers = JoinSet::new();
        for _ in 0..4 {
            let world = world.clone();
            workers.spawn(async move {
                let mut sent = Vec::new();
                while next_due(&world).await.is_some() {
                    for claim in claim(&world, at(CHANGES)).await {
                        let delivery = get(&world, &claim.id).await.unwrap();
                        let item = delivery.item.unwrap();
                        let waiting = format!("state = 'waiting' AND stream = 'item task/{}' AND lease_until > 0", item.id);
                        assert_eq!(world.raw().await.count("webhook_deliveries", &waiting).await, 1);
                        assert!(record_result(&world, &claim, 200, DeliveryResult::Delivered, at(CHANGES)).await);
                        sent.push((item.id, delivery.at));
                    }
                }
                sent
            });
        }
        let each: Vec<_> = workers.join_all().await;
        for one in &each {
            for item in ["a", "b", "c"] {
                let times: Vec<_> = one.iter().filter(|(id, _)| id == item).map(|(_, at)| at).collect();
                assert!(times.is_sorted(), "{times:?}");
            }
        }
        assert_eq!(each.into_iter().flatten().count(), 3 * usize::try_from(CHANGES).unwrap(), "each once");
    }
}
