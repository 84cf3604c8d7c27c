//! Google refuses the grants of many at once, and then takes them again: nobody is told that they have to connect
//! anew, unless it lasts. Whose grant alone is over is told at once.

use calsync_core::integration::IntegrationState;
use calsync_core::pause::PauseScope;
use calsync_core::reason::Reason;
use calsync_engine::consent;
use calsync_simulator::{FaultEffect, FaultMatch, FaultRule, RevokeCause};
use calsync_store::pauses;
use calsync_testing::on_both_databases;
use calsync_testing::world::{World, email};
use serde_json::json;

use crate::grants::{account, told};
use crate::pauses::{fails, minutes, paused, waiting};

const HOUR: i64 = 3_600;
const USERS: usize = 20;
/// Refusals of many are believed from then on.
const DOUBT_MINUTES: usize = 20;

fn users(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|number| format!("user-{number}"))
}

/// Every token has ended, and everybody has a change.
async fn tokens_end(world: &World, users: &[String]) {
    world.advance(HOUR);
    for user in users {
        world.put_task(user, 0, "changed", "active").await;
    }
}

/// Users whose tokens have ended, with a change each.
async fn everybody(world: &World) -> Vec<String> {
    let users: Vec<String> = users(USERS).collect();
    for user in &users {
        world.synced(user, 1).await;
    }
    tokens_end(world, &users).await;
    users
}

fn refused(matches: FaultMatch) -> Vec<FaultRule> {
    let matches = FaultMatch { method: Some("token".into()), ..matches };
    fails(matches, FaultEffect { reason: Some("invalid_grant".into()), ..FaultEffect::default() })
}

async fn are_stopped(world: &World, users: &[String]) -> usize {
    let mut stopped = 0;
    for user in users {
        stopped += usize::from(world.integration(user).await.state == IntegrationState::NeedsAction);
    }
    stopped
}

async fn reasons(world: &World) -> Vec<Reason> {
    let mut tx = world.engine.store().read().await.unwrap();
    pauses::all(&mut tx).await.unwrap().into_iter().map(|pause| pause.reason).collect()
}

on_both_databases! {
    async fn a_wave_of_two_minutes_is_told_to_nobody(db: TestDatabase) {
        let world = World::new(db).await;
        let users = everybody(&world).await;
        world.google.set_faults(refused(FaultMatch::default()));
        let requests = minutes(&world, 2).await;
        assert_eq!((paused(&world).await, reasons(&world).await), (vec![PauseScope::Client], vec![Reason::GrantInDoubt]));
        assert!(requests[1] <= 2, "{requests:?}: one tries");
        let page = consent::writable_calendars(&world.engine, &world.integration("user-3").await.id).await;
        assert_eq!(page.unwrap_err().reason(), Reason::GrantInDoubt);
        world.google.set_faults(Vec::new());
        minutes(&world, 3).await;
        assert_eq!((told(&world).await, are_stopped(&world, &users).await), (vec![], 0));
        assert_eq!((waiting(&world).await, paused(&world).await), (0, vec![]));
    }

    async fn whose_grant_alone_is_over_is_told_at_once(db: TestDatabase) {
        let world = World::new(db).await;
        let users = everybody(&world).await;
        world.google.revoke(&email("user-7"), RevokeCause::User);
        world.sync().await;
        assert_eq!(told(&world).await, ["user-7 needs_reconnect"]);
        assert_eq!((waiting(&world).await, paused(&world).await), (1, vec![]), "the others go on");
        assert_eq!(world.integration("user-7").await.reason, Some(Reason::GrantUnknown));
        let state = world.google.state();
        let rows = world.count("calendar_sync_logs", "operation = 'refresh'").await;
        assert_eq!((rows, are_stopped(&world, &users).await), (1, 1), "{}", state["requests"]);
    }

    async fn a_wave_that_lasts_is_believed_in_the_end(db: TestDatabase) {
        let world = World::new(db).await;
        let users = everybody(&world).await;
        world.google.set_faults(refused(FaultMatch::default()));
        let requests = minutes(&world, DOUBT_MINUTES).await;
        assert_eq!((told(&world).await, are_stopped(&world, &users).await), (vec![], 0));
        assert!(requests[1..].iter().all(|requests| *requests <= 2), "{requests:?}");
        minutes(&world, 3).await;
        assert_eq!((told(&world).await.len(), are_stopped(&world, &users).await), (USERS, USERS));
    }

    async fn after_a_wave_those_are_found_whose_grant_is_over(db: TestDatabase) {
        let world = World::new(db).await;
        let users = everybody(&world).await;
        world.google.set_faults(refused(FaultMatch::default()));
        minutes(&world, 1).await;
        world.google.revoke(&email("user-7"), RevokeCause::User);
        world.google.set_faults(Vec::new());
        minutes(&world, 4).await;
        assert_eq!((told(&world).await, are_stopped(&world, &users).await), (vec!["user-7 needs_reconnect".into()], 1));
        assert_eq!((waiting(&world).await, paused(&world).await), (1, vec![]));
    }

    async fn google_takes_grants_again_after_it_was_believed(db: TestDatabase) {
        let world = World::new(db).await;
        everybody(&world).await;
        world.sql("UPDATE user_integrations SET due_at = due_at + 1500000000 WHERE user_id <> 'user-0'").await;
        world.google.set_faults(refused(FaultMatch::default()));
        minutes(&world, DOUBT_MINUTES + 3).await;
        assert_eq!(told(&world).await, ["user-0 needs_reconnect"]);
        world.google.set_faults(Vec::new());
        minutes(&world, 3).await;
        assert_eq!((waiting(&world).await, paused(&world).await), (1, vec![]), "one that is taken ends it");
    }

    async fn what_our_dates_prove_is_told_in_a_wave_as_well(db: TestDatabase) {
        let world = World::new(db).await;
        account(&world, json!({"email": email("user-5"), "access_seconds": HOUR / 2}));
        let users = everybody(&world).await;
        world.google.set_faults(refused(FaultMatch::default()));
        minutes(&world, 10).await;
        let told = told(&world).await;
        assert_eq!((told, are_stopped(&world, &users).await), (vec!["user-5 needs_reconnect".into()], 1));
    }

    async fn what_a_domain_refuses_concerns_its_users_alone(db: TestDatabase) {
        let world = World::new(db).await;
        let school: Vec<String> = ["ana", "ben", "cho", "dan", "eve", "fay"].map(str::to_owned).into();
        for user in &school {
            account(&world, json!({"email": email(user), "hd": "school.example"}));
            world.synced(user, 1).await;
        }
        let others: Vec<String> = users(6).collect();
        for user in &others {
            world.synced(user, 1).await;
        }
        tokens_end(&world, &[school.as_slice(), &others].concat()).await;
        world.google.set_faults(refused(FaultMatch { domain: Some("school.example".into()), ..FaultMatch::default() }));
        let requests = minutes(&world, DOUBT_MINUTES).await;
        assert_eq!(paused(&world).await, [PauseScope::Domain]);
        assert_eq!((told(&world).await, waiting(&world).await), (vec![], 6), "others go on");
        assert!(requests[1..].iter().all(|requests| *requests <= 2), "{requests:?}");
        minutes(&world, 3).await;
        assert_eq!((are_stopped(&world, &school).await, are_stopped(&world, &others).await), (6, 0));
    }

    async fn a_domain_whose_grants_are_taken_again_goes_on(db: TestDatabase) {
        let world = World::new(db).await;
        let school: Vec<String> = users(6).collect();
        for user in &school {
            account(&world, json!({"email": email(user), "hd": "school.example"}));
            world.synced(user, 1).await;
        }
        tokens_end(&world, &school).await;
        world.google.set_faults(refused(FaultMatch::default()));
        minutes(&world, 2).await;
        assert_eq!(paused(&world).await, [PauseScope::Domain], "there is nobody else to ask");
        world.google.set_faults(Vec::new());
        minutes(&world, 4).await;
        assert_eq!((told(&world).await, waiting(&world).await, paused(&world).await), (vec![], 0, vec![]));
    }
}
