//! Sealed tokens, and their refresh in one flight.

use std::sync::Arc;

use calsync_store::integrations::{self, RefreshedBy, Tokens};
use calsync_store::secrets::Unreadable;
use calsync_testing::on_both_databases;
use jiff::SignedDuration;
use secrecy::ExposeSecret;
use tokio::task::JoinSet;

use crate::world::{LEASE, World, at, grant};

async fn tokens(world: &World, id: &str) -> Tokens {
    let tokens = integrations::tokens(&mut world.read().await, world.store.keyring(), id).await.unwrap();
    tokens.unwrap()
}

/// Both tokens as text.
async fn opened(world: &World, id: &str) -> [Option<Result<String, Unreadable>>; 2] {
    let Tokens { access, refresh, .. } = tokens(world, id).await;
    [access, refresh].map(|token| token.map(|token| token.map(|text| text.expose_secret().to_owned())))
}

fn good(text: &str) -> Option<Result<String, Unreadable>> {
    Some(Ok(text.into()))
}

const UNREADABLE: Option<Result<String, Unreadable>> = Some(Err(Unreadable));

/// Refreshes as one worker would: claim, call, finish. Whether it stored its tokens.
async fn refresh(world: &World, id: &str, version: i64) -> (bool, bool) {
    let mut tx = world.begin().await;
    let claimed = integrations::claim_refresh(&mut tx, id, version, LEASE, at(1)).await.unwrap();
    tx.commit().await.unwrap();
    let stored = claimed && finish(world, id, version, None).await;
    (claimed, stored)
}

async fn finish(world: &World, id: &str, version: i64, refresh_token: Option<&str>) -> bool {
    let refresh_token = refresh_token.map(Into::into);
    let access_token = "access-2".into();
    let grant = grant(&access_token, refresh_token.as_ref(), at(120));
    let mut tx = world.begin().await;
    let store = &world.store;
    let stored = integrations::finish_refresh(store, &mut tx, id, version, RefreshedBy::Sync, &grant, at(1))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    stored
}

on_both_databases! {
    async fn tokens_are_stored_sealed_and_open_again(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        assert_eq!(opened(&world, &id).await, [good("access-1"), good("refresh-1")]);
        let Tokens { expires_at, version, .. } = tokens(&world, &id).await;
        assert_eq!((expires_at, version), (Some(at(60)), 1));
        let none = integrations::tokens(&mut world.read().await, world.store.keyring(), "x").await.unwrap();
        assert!(none.is_none());
    }

    async fn a_damaged_or_moved_token_is_unreadable_and_harms_no_other(db: TestDatabase) {
        let world = World::new(db).await;
        let ana = world.connected("ana").await;
        let ben = world.connected("ben").await;
        let mut raw = world.raw().await;
        let flipped = if world.is_sqlite() {
            "CAST(substr(access_token, 1, length(access_token) - 1) || x'00' AS BLOB)"
        } else {
            "set_byte(access_token, length(access_token) - 1, get_byte(access_token, length(access_token) - 1) # 1)"
        };
        let bens = format!("(SELECT refresh_token FROM user_integrations WHERE id = '{ben}')");
        raw.set(&ana, "access_token", flipped).await;
        raw.set(&ana, "refresh_token", &bens).await;
        assert_eq!(opened(&world, &ana).await, [UNREADABLE, UNREADABLE]);
        assert_eq!(opened(&world, &ben).await, [good("access-1"), good("refresh-1")]);

        raw.set(&ben, "access_token", "refresh_token").await;
        assert_eq!(opened(&world, &ben).await, [UNREADABLE, good("refresh-1")], "not even from its own row");
        raw.set(&ben, "access_token", "NULL").await;
        assert_eq!(opened(&world, &ben).await, [None, good("refresh-1")], "absent is not unreadable");
    }

    async fn twenty_at_once_refresh_exactly_once(db: TestDatabase) {
        let world = Arc::new(World::new(db).await);
        let id = world.connected("ana").await;
        let mut tasks = JoinSet::new();
        for _ in 0..20 {
            let (world, id) = (world.clone(), id.clone());
            tasks.spawn(async move { refresh(&world, &id, 1).await });
        }
        let results = tasks.join_all().await;
        assert_eq!(results.iter().filter(|(claimed, _)| *claimed).count(), 1, "{results:?}");
        assert_eq!(results.iter().filter(|(_, stored)| *stored).count(), 1);
        assert_eq!(tokens(&world, &id).await.version, 2);
        assert_eq!(opened(&world, &id).await, [good("access-2"), good("refresh-1")], "the refresh token stays");
    }

    async fn a_claim_ends_by_time_or_is_let_go(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        let mut tx = world.begin().await;
        // A claim ends by the database's own clock on Postgres: one of no length has ended anywhere.
        assert!(integrations::claim_refresh(&mut tx, &id, 1, SignedDuration::ZERO, at(1)).await.unwrap());
        assert!(integrations::claim_refresh(&mut tx, &id, 1, LEASE, at(1)).await.unwrap(), "its holder died");
        assert!(!integrations::claim_refresh(&mut tx, &id, 1, LEASE, at(2)).await.unwrap());
        if !world.is_sqlite() {
            let at_once = integrations::claim_refresh(&mut tx, &id, 1, LEASE, at(10_000)).await.unwrap();
            assert!(!at_once, "a wrong clock ends no claim");
        }
        integrations::release_refresh(&mut tx, &id, 1).await.unwrap();
        assert!(integrations::claim_refresh(&mut tx, &id, 1, LEASE, at(6)).await.unwrap());
        assert!(!integrations::claim_refresh(&mut tx, &id, 2, LEASE, at(20)).await.unwrap(), "not its version");
    }

    async fn a_late_answer_overwrites_nothing_newer(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        assert!(finish(&world, &id, 1, Some("refresh-2")).await);
        assert!(!finish(&world, &id, 1, Some("late")).await);
        assert_eq!(opened(&world, &id).await[1], good("refresh-2"));
    }

    async fn nothing_is_written_back_after_a_disconnect(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        for state in ["disconnecting", "disconnected"] {
            let wiped = "access_token = NULL, refresh_token = NULL";
            let ended = format!("UPDATE user_integrations SET state = '{state}', {wiped}");
            world.raw().await.run(&ended).await;
            assert_eq!(refresh(&world, &id, 1).await, (false, false));
            assert!(!finish(&world, &id, 1, Some("late")).await);
            assert_eq!(world.raw().await.count("user_integrations", "access_token IS NULL").await, 1);
        }
    }
}
