//! What an admin paused is claimed by nobody until the pause is ended: a user, a domain, or everything.

use calsync_core::integration::{CalendarChoice, IntegrationState};
use calsync_core::outcome::Operation;
use calsync_core::pause::{PauseScope, PauseTarget};
use calsync_core::reason::Reason;
use calsync_store::leases::passes::PassLease;
use calsync_store::pauses::{self, Begun, NewPause, NewPauseByAdmin, Pause};
use calsync_store::{audit, integrations, leases, overview};
use calsync_testing::on_both_databases;
use jiff::SignedDuration;

use crate::disconnects::started;
use crate::world::{World, at};

const NOTE: &str = "Their school asked for it.";

fn user(id: &str) -> PauseTarget {
    PauseTarget::User(id.into())
}

fn domain(name: &str) -> PauseTarget {
    PauseTarget::Domain(name.into())
}

async fn begin(world: &World, target: &PauseTarget) -> Begun {
    let new = NewPauseByAdmin { target, admin_id: "kim", note: NOTE };
    let mut tx = world.begin().await;
    let begun = pauses::begin_by_admin(&world.store, &mut tx, new, at(1)).await.unwrap();
    tx.commit().await.unwrap();
    begun
}

async fn begun(world: &World, target: &PauseTarget) -> Pause {
    match begin(world, target).await {
        Begun::Now(pause) => pause,
        other => panic!("{other:?}"),
    }
}

async fn end(world: &World, pause: &Pause) -> Option<Pause> {
    let mut tx = world.begin().await;
    let ended = pauses::end_by_admin(&world.store, &mut tx, &pause.id, ("lee", "It is over."), at(2)).await;
    tx.commit().await.unwrap();
    ended.unwrap()
}

/// The users whose connections are claimed.
async fn claimed(world: &World) -> Vec<String> {
    let leases = world.claim("w", at(3)).await;
    let mut users: Vec<_> =
        leases.iter().map(|lease| lease.lease.id.replace("integration-of-", "")).collect();
    users.sort_unstable();
    users
}

on_both_databases! {
    async fn a_paused_user_is_claimed_by_nobody_until_the_pause_is_ended(db: TestDatabase) {
        let world = World::new(db).await;
        world.connected("ana").await;
        let pause = begun(&world, &user("ana")).await;
        assert_eq!(leases::passes::next_due(&mut world.read().await, at(3)).await.unwrap(), None);
        world.connected("ben").await;
        let by = pause.by.clone().unwrap();
        assert_eq!((pause.scope, pause.key.as_str(), pause.reason), (PauseScope::User, "ana", Reason::Paused));
        assert_eq!((by.admin_id.as_str(), by.note.as_str()), ("kim", NOTE));
        assert_eq!(begin(&world, &user("ana")).await, Begun::Before(pause.clone()), "one is enough");
        assert_eq!(begin(&world, &user("nobody")).await, Begun::UnknownUser);
        assert_eq!(claimed(&world).await, ["ben"]);
        assert_eq!(pauses::of_connection(&mut world.read().await, "ana", None).await.unwrap(), std::slice::from_ref(&pause));
        assert_eq!(pauses::of_connection(&mut world.read().await, "ben", None).await.unwrap(), []);
        let of_target = async || pauses::of_target(&mut world.read().await, &user("ana")).await.unwrap();
        assert_eq!(of_target().await, Some(pause.clone()));
        assert_eq!(end(&world, &pause).await, Some(pause.clone()));
        assert_eq!(of_target().await, None);
        assert_eq!(end(&world, &pause).await, None, "it is over");
        assert_eq!(claimed(&world).await, ["ana"]);

        let rows = audit::list(&mut world.read().await, Some("ana"), None, 10).await.unwrap();
        let told: Vec<_> = rows
            .iter()
            .map(|row| (row.action.as_str(), row.admin_id.as_str(), row.note.as_deref().unwrap()))
            .collect();
        assert_eq!(told, [("pause.end", "lee", "It is over."), ("pause.start", "kim", NOTE)]);
        assert!(rows.iter().all(|row| row.metadata["pause_id"] == pause.id && row.metadata["scope"] == "user"));
    }

    async fn a_paused_domain_holds_its_own_and_who_connects_meanwhile(db: TestDatabase) {
        let world = World::new(db).await;
        for account in ["ana@one.example", "ben@one.example", "cho@two.example"] {
            world.connected(account).await;
        }
        let pause = begun(&world, &domain("one.example")).await;
        world.connected("dan@one.example").await;
        assert_eq!(claimed(&world).await, ["cho@two.example"]);
        let others = |domain| {
            let world = &world;
            async move {
                let mut tx = world.read().await;
                integrations::others(&mut tx, "-", domain, 10).await.unwrap().len()
            }
        };
        assert_eq!((others(Some("one.example")).await, others(None).await), (0, 1), "their grants aren't tried");
        let of_ana = begun(&world, &user("ana@one.example")).await;
        end(&world, &pause).await.unwrap();
        assert_eq!(claimed(&world).await, ["ben@one.example", "dan@one.example"], "another pause stands");
        end(&world, &of_ana).await.unwrap();
        assert_eq!(claimed(&world).await, ["ana@one.example"]);
    }

    async fn the_overview_tells_how_many_are_paused(db: TestDatabase) {
        let world = World::new(db).await;
        for account in ["ana@one.example", "ben@one.example", "cho"] {
            world.connected(account).await;
        }
        let counted = async || overview::connections(&mut world.read().await, at(9)).await.unwrap();
        let active = |count| (IntegrationState::Active, count);
        let paused = |count| (IntegrationState::Paused, count);
        assert_eq!(counted().await, [active(3)]);
        begun(&world, &domain("one.example")).await;
        assert_eq!(counted().await, [active(1), paused(2)]);
        started(&world, "ben@one.example").await;
        assert_eq!(counted().await, [active(1), paused(1), (IntegrationState::Disconnecting, 1)]);
        begun(&world, &PauseTarget::Everything).await;
        assert_eq!(counted().await, [paused(2), (IntegrationState::Disconnecting, 1)]);
    }

    async fn who_connects_with_an_account_elsewhere_leaves_a_domains_pause(db: TestDatabase) {
        let world = World::new(db).await;
        world.connected("ana@one.example").await;
        begun(&world, &domain("one.example")).await;
        assert_eq!(claimed(&world).await, [""; 0]);
        world.consented("ana@one.example", "ana", CalendarChoice::New).await;
        assert_eq!(claimed(&world).await, ["ana@one.example"]);
    }

    async fn a_pass_that_a_pause_missed_stores_it(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        let load = async || {
            let mut tx = world.read().await;
            integrations::load(&mut tx, world.store.keyring(), &id).await.unwrap().unwrap().is_paused
        };
        assert!(!load().await);
        let pause = begun(&world, &user("ana")).await;
        world.raw().await.run("UPDATE user_integrations SET is_paused = FALSE").await;
        let lease = world.claim_one("w", at(3)).await;
        assert!(load().await);
        let release = async |lease: &PassLease| {
            let mut tx = world.begin().await;
            leases::passes::release_paused(&mut tx, &lease.lease).await.unwrap();
            tx.commit().await.unwrap();
        };
        release(&lease).await;
        assert_eq!(claimed(&world).await, [""; 0]);
        end(&world, &pause).await.unwrap();
        let lease = world.claim_one("w", at(3)).await;
        release(&lease).await;
        assert_eq!(claimed(&world).await, ["ana"], "it is over by then");
    }

    async fn everything_paused_holds_disconnects_as_well_and_is_tried_by_nobody(db: TestDatabase) {
        let world = World::new(db).await;
        world.connected("ana").await;
        started(&world, "ana").await;
        world.connected("ben").await;
        let mut tx = world.begin().await;
        let (scope, reason) = (PauseScope::Api, Reason::GoogleSlow);
        let outage = NewPause { scope, key: "", reason, probe_at: at(1), until: None };
        pauses::begin(&mut tx, "outage", outage, at(1)).await.unwrap();
        tx.commit().await.unwrap();
        let pause = begun(&world, &PauseTarget::Everything).await;
        assert_eq!(claimed(&world).await, [""; 0]);
        let disconnects_claimed = async || {
            let mut tx = world.begin().await;
            let claimed = leases::disconnects::claim(&mut tx, "w", SignedDuration::from_secs(60), at(3), 9).await;
            tx.commit().await.unwrap();
            claimed.unwrap().len()
        };
        assert_eq!(disconnects_claimed().await, 0);
        let mut tx = world.read().await;
        assert_eq!(leases::passes::next_due(&mut tx, at(3)).await.unwrap(), None);
        assert_eq!(leases::disconnects::next_due(&mut tx, at(3)).await.unwrap(), None);
        drop(tx);
        end(&world, &pause).await.unwrap();
        assert_eq!(disconnects_claimed().await, 1, "it tries whether the outage is over");
        assert_eq!(claimed(&world).await, [""; 0], "one does");
        world.raw().await.run("UPDATE pauses SET probe_at = began_at").await;
        let probe = world.claim("w", at(3)).await.remove(0);
        assert!(probe.lease.is_probe, "the outage stands");
        assert!(end(&world, &Pause { id: "outage".into(), ..pause }).await.is_some(), "an admin knows better");
    }

    async fn a_claim_tells_which_operations_are_paused(db: TestDatabase) {
        let world = World::new(db).await;
        world.connected("ana").await;
        begun(&world, &PauseTarget::Operation(Operation::Delete)).await;
        begun(&world, &PauseTarget::Operation(Operation::Insert)).await;
        let lease = world.claim_one("w", at(3)).await;
        assert_eq!(lease.paused, [Operation::Delete, Operation::Insert]);
    }
}
