//! What is remembered of grants, so that one can be kept alive and the cause of its end be inferred.

use calsync_core::grant::{DeadGrant, Domain};
use calsync_core::integration::CalendarChoice;
use calsync_core::reason::Reason;
use calsync_store::integrations::{self, RefreshedBy, StopCause};
use calsync_store::{Tx, disconnects};
use calsync_testing::on_both_databases;
use jiff::{SignedDuration, Timestamp};

use crate::world::{CLIENT, World, at, grant, stop_cause};

async fn dead(world: &World, id: &str, now: Timestamp) -> DeadGrant {
    integrations::dead_grant(&mut world.read().await, id, CLIENT, now).await.unwrap()
}

async fn refresh(world: &World, id: &str, now: Timestamp) -> bool {
    let access_token = "access-2".into();
    let mut grant = grant(&access_token, None, now + SignedDuration::from_hours(1));
    grant.refresh_ends_at = Some(at(90));
    let mut tx = world.begin().await;
    let store = &world.store;
    let version = integrations::get(&mut tx, id).await.unwrap().unwrap().token_version;
    let stored = integrations::finish_refresh(store, &mut tx, id, version, RefreshedBy::Sync, &grant, now)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    stored
}

async fn idle(world: &World, now: Timestamp) -> Vec<String> {
    integrations::idle(&mut world.read().await, now, 10).await.unwrap()
}

on_both_databases! {
    async fn issue_use_and_end_of_a_grant_are_known(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        let fresh = DeadGrant {
            issued_at: Some(at(0)),
            ends_at: None,
            used_at: Some(at(0)),
            refused_at: at(5),
            newer: 0,
            of_other_client: false,
            others_outlive_testing: false,
            domain: None,
        };
        assert_eq!(dead(&world, &id, at(5)).await, fresh);
        assert!(refresh(&world, &id, at(30)).await);
        let used = DeadGrant { ends_at: Some(at(90)), used_at: Some(at(30)), ..fresh };
        assert_eq!(dead(&world, &id, at(5)).await, used);

        let mut tx = world.begin().await;
        let cause = StopCause { token_version: 2, ..stop_cause(Reason::GrantExpired) };
        assert!(integrations::needs_action(&world.store, &mut tx, &id, cause, at(40)).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(dead(&world, &id, at(99)).await.refused_at, at(40), "it was found then");
        let other = integrations::dead_grant(&mut world.read().await, &id, "client-2", at(99)).await.unwrap();
        assert!(other.of_other_client);

        world.consented("ana", "ana", CalendarChoice::New).await;
        assert_eq!(dead(&world, &id, at(99)).await, DeadGrant { refused_at: at(99), ..dead(&world, &id, at(99)).await });
        assert_eq!(dead(&world, &id, at(99)).await.ends_at, None, "a new grant, a new end");
    }

    async fn a_grant_that_outlives_a_week_shows_that_the_app_is_not_in_testing(db: TestDatabase) {
        let world = World::new(db).await;
        let (ana, ben) = (world.connected("ana").await, world.connected("ben").await);
        let week = at(7 * 24 * 60);
        assert!(refresh(&world, &ana, week).await);
        assert!(!dead(&world, &ben, week).await.others_outlive_testing);
        assert!(refresh(&world, &ana, week + SignedDuration::from_secs(1)).await);
        assert!(dead(&world, &ben, week).await.others_outlive_testing);
    }

    async fn newer_grants_of_the_account_are_counted_until_it_is_left(db: TestDatabase) {
        let world = World::new(db).await;
        let first = world.consented("ana", "shared", CalendarChoice::New).await.id;
        for _ in 0..3 {
            world.consented("ben", "shared", CalendarChoice::New).await;
        }
        let bens = world.consented("ben", "another", CalendarChoice::New).await.id;
        assert_eq!(dead(&world, &first, at(1)).await.newer, 3);
        assert_eq!(dead(&world, &bens, at(1)).await.newer, 0);
        world.raw().await.set(&first, "state", "'disconnecting'").await;
        let mut tx = world.begin().await;
        disconnects::wipe(&world.store, &mut tx, &first, 1, true, at(2)).await.unwrap();
        tx.commit().await.unwrap();
        let counted = world.raw().await.count("grant_counts", "account_sub = 'shared'").await;
        assert_eq!(counted, 0, "nothing of the account is left");
        assert_eq!(world.raw().await.count("grant_counts", "account_sub = 'another'").await, 1);
    }

    async fn a_domain_is_judged_by_those_that_ended_and_those_that_go_on(db: TestDatabase) {
        let world = World::new(db).await;
        for user in ["ana", "ben", "cho", "dan"] {
            let id = world.connected(user).await;
            world.raw().await.set(&id, "account_domain", "'example.org'").await;
            if user < "cho" {
                let mut tx = world.begin().await;
                integrations::needs_action(&world.store, &mut tx, &id, stop_cause(Reason::GrantUnknown), at(9)).await.unwrap();
                tx.commit().await.unwrap();
            }
            if user == "dan" {
                assert!(refresh(&world, &id, at(20)).await);
            }
        }
        let of = async |minute| {
            integrations::domain(&mut world.read().await, "example.org", at(minute)).await.unwrap()
        };
        let fares = |ended, accepted_since| Domain { name: "example.org".into(), ended, accepted_since };
        assert_eq!(of(9).await, fares(2, 1));
        assert_eq!(of(20).await, fares(2, 0), "not since then");
        assert_eq!(of(3 * 24 * 60).await, fares(0, 0), "another day");
    }

    async fn others_are_active_and_of_other_accounts(db: TestDatabase) {
        let world = World::new(db).await;
        for user in ["ana", "ben", "cho", "dan", "eve"] {
            let id = world.connected(user).await;
            if user != "dan" {
                world.raw().await.set(&id, "account_domain", "'example.org'").await;
            }
        }
        world.raw().await.set("integration-of-eve", "state", "'disconnecting'").await;
        assert!(refresh(&world, "integration-of-cho", at(30)).await);
        let others = async |domain, limit| {
            let found = integrations::others(&mut world.read().await, "ana", domain, limit).await.unwrap();
            found.into_iter().map(|other| other.account_sub).collect::<Vec<_>>()
        };
        let mut all = others(None, 9).await;
        assert_eq!(all[0], "cho", "the one that was used last");
        all.sort_unstable();
        assert_eq!(all, ["ben", "cho", "dan"]);
        assert_eq!(others(None, 1).await, ["cho"]);
        let mut of_domain = others(Some("example.org"), 9).await;
        of_domain.sort_unstable();
        assert_eq!(of_domain, ["ben", "cho"]);
    }

    async fn a_grant_that_rests_too_long_is_due(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        let month = at(30 * 24 * 60) + SignedDuration::from_hours(1);
        assert_eq!(idle(&world, month).await, [""; 0], "its work is due anyway");
        world.settle(at(1)).await;
        assert_eq!(idle(&world, month - SignedDuration::from_secs(1)).await, [""; 0]);
        assert_eq!(idle(&world, month).await, ["ana"]);
        assert!(refresh(&world, &id, month).await);
        assert_eq!(idle(&world, month).await, [""; 0]);
    }

    async fn only_a_disconnect_stores_tokens_while_it_runs(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        let access_token = "access-2".into();
        let grant = grant(&access_token, None, at(60));
        let mut tx = world.begin().await;
        let store = &world.store;
        let last = async |tx: &mut Tx, version| {
            let by = RefreshedBy::Disconnect;
            integrations::finish_refresh(store, tx, &id, version, by, &grant, at(1)).await.unwrap()
        };
        assert!(!last(&mut tx, 1).await);
        tx.commit().await.unwrap();
        world.raw().await.set(&id, "state", "'disconnecting'").await;
        assert!(!refresh(&world, &id, at(1)).await);
        let mut tx = world.begin().await;
        assert!(!last(&mut tx, 2).await);
        assert!(last(&mut tx, 1).await);
        tx.commit().await.unwrap();
        world.raw().await.end_connections().await;
        assert!(!last(&mut world.begin().await, 2).await, "it is over");
        assert!(!refresh(&world, &id, at(1)).await);
    }
}
