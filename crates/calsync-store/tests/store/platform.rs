//! What the platform API keeps: keys, refusals, answers given once.

use std::sync::Arc;

use calsync_core::ids::first_id_at;
use calsync_core::item::{FieldError, ItemKey, ItemKind};
use calsync_store::api_keys::{self, Scope};
use calsync_store::idempotency::{self, KeyState};
use calsync_store::meta;
use calsync_store::refusals::{self, Refusal};
use calsync_testing::on_both_databases;
use secrecy::ExposeSecret;
use tokio::task::JoinSet;

use crate::world::{World, at};

fn refusal(minute: i64, id: &str) -> Refusal {
    Refusal {
        id: format!("{}{id:0>12}", &first_id_at(at(minute))[..24]),
        at: at(minute),
        key_name: "platform".into(),
        kind: Some("session".into()),
        item_id: Some("talk".into()),
        user_id: None,
        status: 422,
        errors: vec![FieldError::new("title", "is required")],
    }
}

async fn claim(world: &World, key: &str, request: &str, minute: i64) -> KeyState {
    let mut tx = world.begin().await;
    let expired = at(minute - 24 * 60);
    let store = &world.store;
    let known = idempotency::claim(store, &mut tx, "key-1", key, request, expired, at(minute)).await.unwrap();
    tx.commit().await.unwrap();
    known
}

on_both_databases! {
    async fn a_key_opens_its_scope_until_it_is_revoked_and_only_a_hash_is_kept(db: TestDatabase) {
        let world = World::new(db).await;
        let entropy = world.store.entropy();
        let mut tx = world.begin().await;
        let mut keys = Vec::new();
        for scope in [Scope::Platform, Scope::Admin] {
            let key = api_keys::generate(scope, entropy);
            api_keys::create(&mut tx, scope, scope.name(), &key, entropy, at(0)).await.unwrap();
            api_keys::create(&mut tx, scope, "again", &key, entropy, at(0)).await.unwrap();
            let found = api_keys::find(&mut tx, key.expose_secret()).await.unwrap().unwrap();
            assert_eq!((found.scope, found.name.as_str()), (scope, scope.name()));
            keys.push(key);
        }
        assert_ne!(keys[0].expose_secret(), keys[1].expose_secret());
        assert_eq!(api_keys::find(&mut tx, "calsync_admin_guess").await.unwrap(), None);
        tx.commit().await.unwrap();
        assert_eq!(world.raw().await.count("api_keys", "key_hash LIKE 'calsync%'").await, 0);
        world.raw().await.run("UPDATE api_keys SET revoked_at = 1 WHERE scope = 'admin'").await;
        assert_eq!(api_keys::find(&mut world.read().await, keys[1].expose_secret()).await.unwrap(), None);
    }

    async fn refusals_come_by_pages_oldest_first(db: TestDatabase) {
        let world = World::new(db).await;
        let mut tx = world.begin().await;
        for (minute, id) in [(1, "1"), (2, "2"), (3, "3"), (4, "4")] {
            refusals::record(&mut tx, &refusal(minute, id)).await.unwrap();
        }
        tx.commit().await.unwrap();
        let mut tx = world.read().await;
        let first = refusals::since(&mut tx, at(2), None, 2).await.unwrap();
        assert_eq!(first, [refusal(2, "2"), refusal(3, "3")]);
        let next = refusals::since(&mut tx, at(2), Some(&first[1].id), 2).await.unwrap();
        assert_eq!(next, [refusal(4, "4")]);
        assert_eq!(refusals::since(&mut tx, at(5), None, 2).await.unwrap(), []);
        let odd_cursor = refusals::since(&mut tx, at(0), Some("'; --"), 9).await.unwrap();
        assert_eq!(odd_cursor.len(), 4, "a cursor that is none begins anew");
    }

    async fn refusals_of_an_item_come_newest_first(db: TestDatabase) {
        let world = World::new(db).await;
        let of = |minute, id, item: &str| Refusal { item_id: Some(item.into()), ..refusal(minute, id) };
        let mut tx = world.begin().await;
        for refusal in [of(1, "1", "read"), of(2, "2", "another"), of(3, "3", "read")] {
            refusals::record(&mut tx, &refusal).await.unwrap();
        }
        let key = ItemKey { kind: ItemKind::Session, id: "read".into() };
        let read = refusals::of_item(&mut tx, &key, 9).await.unwrap();
        assert_eq!(read, [of(3, "3", "read"), of(1, "1", "read")]);
        assert_eq!(refusals::of_item(&mut tx, &key, 1).await.unwrap().len(), 1);
    }

    async fn a_refusal_is_kept_however_odd_what_was_sent(db: TestDatabase) {
        let world = World::new(db).await;
        let odd = |text: &str| Some(text.to_owned());
        let sent = Refusal { kind: odd("a\0"), item_id: odd("b\0"), user_id: odd("c\0"), ..refusal(1, "1") };
        let mut tx = world.begin().await;
        refusals::record(&mut tx, &sent).await.unwrap();
        let kept = refusals::since(&mut tx, at(0), None, 1).await.unwrap();
        assert_eq!(kept[0].item_id.as_deref(), Some("b\u{FFFD}"));
    }

    async fn a_request_that_comes_again_gets_its_first_answer(db: TestDatabase) {
        let world = World::new(db).await;
        assert_eq!(claim(&world, "k", "request", 0).await, KeyState::New);
        assert_eq!(claim(&world, "k", "request", 1).await, KeyState::Running);
        assert_eq!(claim(&world, "k", "another", 1).await, KeyState::OtherRequest);
        let mut tx = world.begin().await;
        idempotency::answer(&world.store, &mut tx, "key-1", "k", 202, "{}").await.unwrap();
        idempotency::answer(&world.store, &mut tx, "key-2", "k", 500, "not this one").await.unwrap();
        tx.commit().await.unwrap();
        let answered = KeyState::Answered { status: 202, body: "{}".into() };
        assert_eq!(claim(&world, "k", "request", 2).await, answered);
        assert_eq!(claim(&world, "k", "another", 2).await, KeyState::OtherRequest);
        assert_eq!(claim(&world, "k", "request", 24 * 60).await, answered);
        assert_eq!(claim(&world, "k", "request", 24 * 60 + 1).await, KeyState::New, "a day is over");
        let mut tx = world.begin().await;
        for forgotten in [0, 1] {
            let oldest = at(24 * 60 + 1 + forgotten);
            assert_eq!(idempotency::forget_answers(&mut tx, oldest, 1).await.unwrap(), forgotten.unsigned_abs());
        }
        drop(tx);
        assert_eq!(world.raw().await.count("idempotency_keys", "TRUE").await, 1, "nothing of it is left");
    }

    async fn a_key_whose_request_died_is_free_again(db: TestDatabase) {
        let world = World::new(db).await;
        assert_eq!(claim(&world, "k", "request", 0).await, KeyState::New);
        assert_eq!(claim(&world, "k", "request", 10).await, KeyState::Running);
        assert_eq!(claim(&world, "k", "request", 11).await, KeyState::New);
    }

    async fn a_request_that_did_nothing_leaves_nothing(db: TestDatabase) {
        let world = World::new(db).await;
        claim(&world, "k", "request", 0).await;
        let mut tx = world.begin().await;
        idempotency::forget(&mut tx, "key-1", "k").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(world.raw().await.count("idempotency_keys", "TRUE").await, 0);
        assert_eq!(claim(&world, "k", "another", 1).await, KeyState::New);
    }

    async fn of_twenty_equal_requests_at_once_one_runs(db: TestDatabase) {
        let world = Arc::new(World::new(db).await);
        let mut tasks = JoinSet::new();
        for _ in 0..20 {
            let world = world.clone();
            tasks.spawn(async move { claim(&world, "k", "request", 0).await });
        }
        let known = tasks.join_all().await;
        assert_eq!(known.iter().filter(|known| **known == KeyState::New).count(), 1, "{known:?}");
        assert_eq!(known.iter().filter(|known| **known == KeyState::Running).count(), 19);
    }

    async fn a_fact_about_the_installation_is_set_once(db: TestDatabase) {
        let world = World::new(db).await;
        let mut tx = world.begin().await;
        assert_eq!(meta::get_or_set(&mut tx, "colour", "red").await.unwrap(), "red");
        assert_eq!(meta::get_or_set(&mut tx, "colour", "blue").await.unwrap(), "red");
    }
}
