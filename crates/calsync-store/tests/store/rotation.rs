//! Keys: secrets are sealed anew while others write, and wrong keys are told at the start.

use std::collections::BTreeSet;

use calsync_core::integration::CalendarChoice;
use calsync_store::consent::{self, NewAttempt};
use calsync_store::idempotency::{self, KeyState};
use calsync_store::integrations::{self, RefreshedBy};
use calsync_store::rotation::{self, Batch, Position, SecretLocation};
use calsync_store::secrets::Keyring;
use calsync_store::{Store, StoreError, StoreOptions};
use calsync_testing::{DatabaseKind, SeededRng, TestDatabase, on_both_databases};
use secrecy::ExposeSecret;

use crate::world::{World, at, grant, options};

/// The key of every story's store comes from this seed.
const K1: (&str, u64) = ("k1", 7);
const K2: (&str, u64) = ("k2", 8);

async fn open(db: &TestDatabase, keys: &[(&str, u64)]) -> Result<Store, StoreError> {
    let keys: Vec<_> = keys.iter().map(|(id, seed)| Keyring::generate(id, &SeededRng::new(*seed))).collect();
    let keyring = Keyring::parse(keys.iter().map(String::as_str)).unwrap();
    Store::open(StoreOptions { keyring, ..options(db) }, at(0)).await
}

/// A world of so many connected users, whose service has got a second key by now.
async fn with_a_new_key(db: TestDatabase, users: usize) -> (World, Vec<String>) {
    let mut world = World::new(db).await;
    let mut ids = Vec::new();
    for user in 0..users {
        ids.push(world.connected(&format!("user{user:02}")).await);
    }
    world.store = open(&world.db, &[K2, K1]).await.unwrap();
    (world, ids)
}

/// At most `batches` batches of two, added up.
async fn rotate(store: &Store, batches: usize) -> Batch {
    let mut sum = Batch { next: Some(Position::default()), ..Batch::default() };
    for _ in 0..batches {
        let Some(position) = &sum.next else { break };
        let batch = rotation::batch(store, position, 2).await.unwrap();
        sum.resealed += batch.resealed;
        sum.newest += batch.newest;
        sum.changed += batch.changed;
        sum.unreadable.extend(batch.unreadable);
        sum.next = batch.next;
    }
    sum
}

const WHOLE: usize = 1_000;

fn done(resealed: u64, newest: u64) -> Batch {
    Batch { resealed, newest, ..Batch::default() }
}

async fn refresh_token(store: &Store, id: &str) -> Option<String> {
    let mut tx = store.read().await.unwrap();
    let tokens = integrations::tokens(&mut tx, store.keyring(), id).await.unwrap().unwrap();
    tokens.refresh?.ok().map(|token| token.expose_secret().to_owned())
}

async fn begin_to_connect(world: &World) {
    let mut tx = world.begin().await;
    let new = NewAttempt {
        id: "try-1",
        user_id: "user00",
        state: "state-1",
        browser: "browser",
        verifier: &"the-verifier".into(),
        calendar_choice: CalendarChoice::New,
        target_calendar: None,
        scopes: &BTreeSet::from(["calendar".to_owned()]),
        return_url: None,
        expires_at: at(30),
    };
    consent::begin(&world.store, &mut tx, new, at(0)).await.unwrap();
    tx.commit().await.unwrap();
}

/// Asks with an API key for what was answered before, or answers it now.
async fn answered(store: &Store) -> KeyState {
    let mut tx = store.begin().await.unwrap();
    let known = idempotency::claim(store, &mut tx, "api-key", "once", "request", at(0), at(1)).await.unwrap();
    if known == KeyState::New {
        idempotency::answer(store, &mut tx, "api-key", "once", 200, "a link").await.unwrap();
    }
    tx.commit().await.unwrap();
    known
}

/// Stores a refresh of the tokens at `version`.
async fn refresh(store: &Store, id: &str, version: i64) {
    let refresh_token = format!("refreshed-{version}").into();
    let access_token = "access".into();
    let grant = grant(&access_token, Some(&refresh_token), at(120));
    let mut tx = store.begin().await.unwrap();
    assert!(
        integrations::finish_refresh(store, &mut tx, id, version, RefreshedBy::Sync, &grant, at(1))
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();
}

/// What is said to somebody who opens the database with these keys.
async fn refused(db: &TestDatabase, keys: &[(&str, u64)]) -> String {
    match open(db, keys).await {
        Ok(_) => panic!("{keys:?} open it"),
        Err(error @ StoreError::WrongKeys(_)) => error.to_string(),
        Err(error) => panic!("{error}"),
    }
}

on_both_databases! {
    async fn when_every_secret_is_sealed_anew_the_old_key_can_go(db: TestDatabase) {
        let mut world = World::new(db).await;
        let id = world.connected("user00").await;
        world.connected("user01").await;
        begin_to_connect(&world).await;
        assert_eq!(answered(&world.store).await, KeyState::New);
        world.store = open(&world.db, &[K2, K1]).await.unwrap();
        refused(&world.db, &[K2]).await;

        assert_eq!(rotate(&world.store, WHOLE).await, done(6, 0));
        assert_eq!(rotate(&world.store, WHOLE).await, done(0, 6), "nothing is left");
        rotation::finish(&world.store).await.unwrap();

        let store = open(&world.db, &[K2]).await.unwrap();
        assert_eq!(refresh_token(&store, &id).await.as_deref(), Some("refresh-1"));
        let mut tx = store.begin().await.unwrap();
        let taken = consent::take(&store, &mut tx, "state-1", "browser", at(1)).await.unwrap().unwrap();
        assert_eq!(taken.verifier.unwrap().expose_secret(), "the-verifier");
        tx.commit().await.unwrap();
        assert_eq!(answered(&store).await, KeyState::Answered { status: 200, body: "a link".into() });
        let message = refused(&world.db, &[K1]).await;
        assert!(message.contains("the key k2 is missing") && message.contains("given: k1"), "{message}");
    }

    async fn a_rotation_that_was_stopped_goes_on(db: TestDatabase) {
        let (world, ids) = with_a_new_key(db, 7).await;
        let first = rotate(&world.store, 3).await;
        assert_eq!((first.resealed, first.next.is_some()), (6, true), "stopped halfway");
        refused(&world.db, &[K2]).await;
        for id in &ids {
            assert_eq!(refresh_token(&world.store, id).await.as_deref(), Some("refresh-1"));
        }
        assert_eq!(rotate(&world.store, WHOLE).await, done(8, 6));
        rotation::finish(&world.store).await.unwrap();
        open(&world.db, &[K2]).await.unwrap();
    }

    async fn tokens_that_are_refreshed_meanwhile_stay(db: TestDatabase) {
        const VERSIONS: i64 = 12;
        let (world, ids) = with_a_new_key(db, 6).await;
        // Two rotations, each with its own idea of the current key, never run out of work.
        let back = open(&world.db, &[K1, K2]).await.unwrap();
        let (stop, stopped) = tokio::sync::watch::channel(());
        let rotations = [world.store.clone(), back].map(|store| {
            let stopped = stopped.clone();
            tokio::spawn(async move {
                let mut seen = 0;
                while stopped.has_changed().is_ok() {
                    let pass = rotate(&store, WHOLE).await;
                    assert_eq!(pass.unreadable, []);
                    seen += pass.resealed;
                }
                seen
            })
        });
        drop(stopped);
        for version in 1..=VERSIONS {
            for id in &ids {
                refresh(&world.store, id, version).await;
                let now = refresh_token(&world.store, id).await;
                assert_eq!(now, Some(format!("refreshed-{version}")), "{id}");
            }
        }
        drop(stop);
        for rotation in rotations {
            assert!(rotation.await.unwrap() > 0, "it ran beside the refreshes");
        }
        for id in &ids {
            assert_eq!(refresh_token(&world.store, id).await, Some(format!("refreshed-{VERSIONS}")));
        }
    }

    async fn what_does_not_open_is_listed_and_left(db: TestDatabase) {
        let (world, ids) = with_a_new_key(db, 3).await;
        let mut raw = world.raw().await;
        raw.set(&ids[0], "access_token", if world.is_sqlite() { "x'0102'" } else { "'\\x0102'" }).await;
        raw.set(&ids[1], "refresh_token", "access_token").await;
        let unreadable = |column, id: &String| SecretLocation { table: "user_integrations", column, id: id.clone() };
        let places = vec![unreadable("access_token", &ids[0]), unreadable("refresh_token", &ids[1])];
        for (resealed, newest) in [(4, 0), (0, 4)] {
            let pass = rotate(&world.store, WHOLE).await;
            assert_eq!(pass, Batch { unreadable: places.clone(), ..done(resealed, newest) });
        }
        assert_eq!(raw.count("user_integrations", "length(access_token) = 2").await, 1, "left as it was");
        assert_eq!(refresh_token(&world.store, &ids[2]).await.as_deref(), Some("refresh-1"));
    }

    async fn a_key_of_the_same_name_with_other_bytes_is_refused(db: TestDatabase) {
        let world = World::new(db).await;
        let message = refused(&world.db, &[("k1", 9)]).await;
        assert!(message.starts_with("security.encryption_keys: the key k1 is not the one"), "{message}");
        let bytes = Keyring::generate("k1", &SeededRng::new(9));
        assert!(!message.contains(bytes.strip_prefix("k1:").unwrap()), "{message}");
        assert_eq!(world.raw().await.count("meta", "key LIKE 'encryption_key:%'").await, 1, "nothing was kept");
    }

    async fn a_missing_key_is_named_with_those_that_were_given(db: TestDatabase) {
        let world = World::new(db).await;
        let message = refused(&world.db, &[("k3", 9), K2]).await;
        assert!(message.contains("the key k1 is missing") && message.contains("given: k3, k2"), "{message}");
        open(&world.db, &[("k3", 9), K2, K1]).await.unwrap();
    }

    async fn a_damaged_check_value_alone_has_the_way_out_that_is_named(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        let mut raw = world.raw().await;
        raw.run("UPDATE meta SET value = 'AAAA' WHERE key = 'encryption_key:k1'").await;
        let message = refused(&world.db, &[K1]).await;
        assert!(message.contains("delete the row encryption_key:k1 of the table meta"), "{message}");
        raw.run("DELETE FROM meta WHERE key = 'encryption_key:k1'").await;
        let store = open(&world.db, &[K1]).await.unwrap();
        assert_eq!(refresh_token(&store, &id).await.as_deref(), Some("refresh-1"));
    }
}

#[tokio::test]
async fn every_column_of_sealed_values_is_rotated() {
    let world = World::new(TestDatabase::new(DatabaseKind::Sqlite)).await;
    let sql = "SELECT m.name || '.' || p.name FROM sqlite_schema m JOIN pragma_table_info(m.name) p
               WHERE m.type = 'table' AND p.type = 'BYTEA'";
    let kept: BTreeSet<String> = world.raw().await.texts(sql).await.into_iter().collect();
    assert_eq!(kept, rotation::columns().collect());
}
