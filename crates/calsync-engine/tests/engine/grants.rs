//! A grant stays alive without anyone's doing; when Google ends it, that is told once, with the
//! likely cause, and costs no further calls.

use calsync_core::change::Change;
use calsync_core::grant::Cause;
use calsync_core::integration::{CalendarChoice, IntegrationState};
use calsync_core::reason::{Actor, Reason};
use calsync_engine::google::dead_grant;
use calsync_engine::{consent, feed, maintenance, reconcile};
use calsync_simulator::{FaultEffect, FaultMatch, FaultRule, NewAccount, RevokeCause};
use calsync_store::users::{self, User};
use calsync_testing::on_both_databases;
use calsync_testing::world::{World, email};
use secrecy::ExposeSecret;
use serde_json::json;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// A Google account that is not like others.
pub(crate) fn account(world: &World, account: serde_json::Value) {
    world.google.add_account(serde_json::from_value::<NewAccount>(account).unwrap());
}

/// Google answers `method` of `api` with `status` and `reason`, until it is told otherwise.
fn refuse(world: &World, api: &str, method: &str, status: u16, reason: &str) {
    let matches = FaultMatch { api: Some(api.into()), method: Some(method.into()), ..FaultMatch::default() };
    let effect = FaultEffect { status: Some(status), reason: Some(reason.into()), ..FaultEffect::default() };
    world.google.set_faults(vec![FaultRule { matches, effect, ..FaultRule::default() }]);
}

/// What was told of connections since they were made, as `user change`.
pub(crate) async fn told(world: &World) -> Vec<String> {
    let changes = feed::after(&world.engine, 0, 1_000).await.unwrap().into_iter();
    let told = changes.filter(|one| one.change != Change::Connected);
    told.map(|one| format!("{} {}", one.user_id, one.change.name())).collect()
}

/// Notices that the grant of `user` is over: its reason, likely cause and evidence. Nothing that
/// happens afterwards costs a call, and it was told once.
async fn ended(world: &World, user: &str) -> (Reason, Cause, String) {
    world.put_tasks(user, 1, "changed").await;
    world.sync().await;
    let integration = world.integration(user).await;
    assert_eq!(integration.state, IntegrationState::NeedsAction, "{user}");
    let mut tx = world.engine.store().read().await.unwrap();
    let dead = dead_grant(world.engine.google(), &mut tx, &integration).await.unwrap().unwrap();
    drop(tx);
    nothing_loops(world, user).await;
    (integration.reason.unwrap(), dead.cause(), dead.evidence().unwrap_or_default())
}

async fn nothing_loops(world: &World, user: &str) {
    let calls = world.transport.calls();
    let id = world.integration(user).await.id;
    world.put_tasks(user, 20, "changed again").await;
    for _ in 0..3 {
        world.advance(HOUR);
        maintenance::round(&world.engine).await.unwrap();
        world.sync().await;
        assert!(consent::writable_calendars(&world.engine, &id).await.is_err());
    }
    assert_eq!(world.transport.calls(), calls, "{user}: nothing is asked of Google any more");
    let told = told(world).await.into_iter().filter(|one| *one == format!("{user} needs_reconnect"));
    assert_eq!(told.count(), 1, "{user} is told once");
}

async fn refresh_token(world: &World) -> String {
    world.tokens("ana").await.refresh.unwrap().unwrap().expose_secret().to_owned()
}

/// What the pages and the API say of `cause` to the admin: who acts.
fn acts(cause: Cause) -> Actor {
    cause.next_step().who
}

on_both_databases! {
    async fn a_grant_that_nobody_wants_is_used_about_once_a_month(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 1).await;
        for _ in 0..400 {
            world.advance(DAY);
            maintenance::round(&world.engine).await.unwrap();
            world.sync().await;
        }
        assert_eq!(world.integration("ana").await.state, IntegrationState::Active);
        let uses: u64 = world.transport.refreshed().values().sum();
        assert!((11..=16).contains(&uses), "{uses} uses in 400 days");
        assert_eq!(world.transport.unauthorized(), 0);
    }

    async fn a_revoked_grant_keeps_all_work_and_a_new_one_does_it(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 3).await;
        world.google.revoke(&email("ana"), RevokeCause::User);
        let (reason, cause, evidence) = ended(&world, "ana").await;
        assert_eq!((reason, cause), (Reason::GrantUnknown, Cause::Unknown));
        assert!(evidence.starts_with("It was issued less than a minute before Google refused it"), "{evidence}");

        world.connect("ana", &email("ana"), CalendarChoice::New).await;
        world.sync().await;
        let events = world.events("ana", true);
        assert_eq!(events.len(), 20, "what changed meanwhile is there, and nothing doubled");
        assert!(events.iter().all(|event| event["summary"].as_str().unwrap().ends_with("changed again")));
    }

    async fn an_unused_grant_says_so(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 1).await;
        world.advance(184 * DAY);
        let (reason, cause, evidence) = ended(&world, "ana").await;
        assert_eq!((reason, cause, acts(cause)), (Reason::GrantExpired, Cause::Unused, Actor::User));
        assert_eq!(evidence, "It was last used 184 days before Google refused it.");
    }

    async fn a_grant_of_an_app_in_testing_says_so(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 1).await;
        for _ in 0..6 {
            world.advance(DAY);
            world.put_tasks("ana", 1, "changed").await;
            world.sync().await;
            world.put_tasks("ana", 1, "back").await;
            world.sync().await;
        }
        world.advance(DAY);
        world.google.revoke(&email("ana"), RevokeCause::Testing);
        let (reason, cause, evidence) = ended(&world, "ana").await;
        assert_eq!((reason, cause, acts(cause)), (Reason::GrantExpired, Cause::Testing, Actor::Operator));
        assert!(evidence.starts_with("It was issued 7 days before"), "{evidence}");
    }

    async fn access_for_a_limited_time_says_so(db: TestDatabase) {
        let world = World::new(db).await;
        account(&world, json!({"email": email("ana"), "access_seconds": 30 * DAY}));
        world.synced("ana", 1).await;
        world.advance(20 * DAY);
        world.put_tasks("ana", 1, "in time").await;
        world.sync().await;
        assert_eq!(world.integration("ana").await.state, IntegrationState::Active);
        world.advance(10 * DAY);
        let (reason, cause, evidence) = ended(&world, "ana").await;
        assert_eq!((reason, cause, acts(cause)), (Reason::GrantExpired, Cause::TimeBased, Actor::User));
        assert_eq!(evidence, "It was given for 30 days, and that time was over.");
    }

    async fn an_account_that_granted_too_often_says_so(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 1).await;
        for number in 0..100 {
            let choice = if number == 0 { CalendarChoice::New } else { CalendarChoice::Existing };
            world.connect(&format!("other-{number}"), &email("ana"), choice).await;
        }
        world.advance(HOUR);
        let (reason, cause, evidence) = ended(&world, "ana").await;
        assert_eq!((reason, cause, acts(cause)), (Reason::GrantExpired, Cause::TooMany, Actor::Support));
        assert_eq!(evidence, "100 newer ones were issued for the same Google account.");
        world.google.revoke(&email("ana"), RevokeCause::TooMany);
        let (reason, cause, _) = ended(&world, "other-0").await;
        assert_eq!((reason, cause), (Reason::GrantUnknown, Cause::Unknown), "only 99 are newer");
    }

    async fn what_no_date_or_count_shows_is_unknown(db: TestDatabase) {
        let world = World::new(db).await;
        let causes = [RevokeCause::Unused, RevokeCause::Testing, RevokeCause::TimeBased, RevokeCause::TooMany];
        for (user, cause) in ["ana", "ben", "cho", "dan"].into_iter().zip(causes) {
            world.synced(user, 1).await;
            world.advance(HOUR);
            world.google.revoke(&email(user), cause);
            let (reason, cause, evidence) = ended(&world, user).await;
            assert_eq!((reason, cause), (Reason::GrantUnknown, Cause::Unknown), "{user}");
            assert!(evidence.starts_with("It was issued 1 hour before"), "{user}: {evidence}");
        }
    }

    async fn a_rotated_refresh_token_is_kept_also_when_an_answer_is_lost(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 1).await;
        let rotate = FaultEffect { rotate: true, ..FaultEffect::default() };
        let lose = FaultEffect { lose_response: true, ..rotate.clone() };
        for (effect, title) in [(rotate.clone(), "rotated"), (lose, "lost"), (rotate, "rotated again")] {
            let before = refresh_token(&world).await;
            let matches = FaultMatch { method: Some("token".into()), ..FaultMatch::default() };
            let rule = FaultRule { matches, effect, times: Some(1), ..FaultRule::default() };
            let then = FaultEffect { rotate: true, ..FaultEffect::default() };
            let then = FaultRule { effect: then, ..rule.clone() };
            world.google.set_faults(vec![rule, then]);
            world.advance(2 * HOUR);
            world.put_tasks("ana", 1, title).await;
            for _ in 0..5 {
                world.sync().await;
                world.advance(30);
            }
            assert!(world.events("ana", true)[0]["summary"].as_str().unwrap().ends_with(title), "{title}");
            let kept = refresh_token(&world).await;
            assert_ne!(kept, before, "{title}");
            let grants = world.google.state()["grants"].clone();
            assert_eq!(grants[0]["refresh_token"], kept.as_str(), "{title}");
            assert!(world.transport.refreshed().contains_key(&before), "{title}: it was used");
        }
        assert_eq!((told(&world).await, world.transport.unauthorized()), (Vec::<String>::new(), 0));
    }

    async fn a_policy_is_unknown_until_the_whole_domain_is_seen_to_end(db: TestDatabase) {
        let world = World::new(db).await;
        for user in ["ana", "ben", "cho"] {
            account(&world, json!({"email": email(user), "hd": "example.org"}));
            world.synced(user, 1).await;
            world.google.revoke(&email(user), RevokeCause::AdminPolicy);
        }
        assert_eq!(ended(&world, "ana").await.1, Cause::Unknown);
        assert_eq!(ended(&world, "ben").await.1, Cause::Unknown);
        let (reason, cause, evidence) = ended(&world, "cho").await;
        assert_eq!((reason, cause, acts(cause)), (Reason::GrantUnknown, Cause::Administrator, Actor::Support));
        assert_eq!(evidence, "3 of 3 connections of example.org ended within a day.");
        let first = world.integration("ana").await;
        let mut tx = world.engine.store().read().await.unwrap();
        let first = dead_grant(world.engine.google(), &mut tx, &first).await.unwrap().unwrap();
        assert_eq!(first.cause(), Cause::Administrator, "what came later tells of the first one, too");
    }

    async fn a_deployment_at_fault_marks_nobody_and_one_call_a_minute_tries(db: TestDatabase) {
        const USERS: [&str; 5] = ["ana", "ben", "cho", "dan", "eve"];
        let world = World::new(db).await;
        for user in USERS {
            world.synced(user, 1).await;
        }
        for error in ["invalid_client", "unauthorized_client"] {
            refuse(&world, "oauth", "token", 401, error);
            let calls = world.transport.calls();
            world.advance(HOUR);
            for user in USERS {
                world.put_tasks(user, 1, error).await;
            }
            for _ in 0..30 {
                world.sync().await;
                world.advance(30);
            }
            let calls = world.transport.calls() - calls;
            assert!((10..=16).contains(&calls), "{calls} calls in a quarter of an hour");
            assert_eq!(told(&world).await, [""; 0]);
            world.google.set_faults(Vec::new());
            for _ in 0..10 {
                world.advance(30);
                world.sync().await;
            }
            for user in USERS {
                let integration = world.integration(user).await;
                assert_eq!((integration.state, integration.reason), (IntegrationState::Active, None));
                assert!(world.events(user, true)[0]["summary"].as_str().unwrap().ends_with(error), "{user}");
            }
        }
    }

    async fn a_token_that_google_does_not_take_is_renewed_and_tried_once(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 1).await;
        refuse(&world, "calendar", "events.update", 401, "authError");
        let calls = world.transport.calls();
        let (reason, _, _) = ended(&world, "ana").await;
        assert_eq!(reason, Reason::GrantUnknown);
        assert_eq!(world.transport.calls() - calls, 3, "update, refresh, update");
    }

    async fn a_page_whose_token_google_does_not_take_learns_the_same(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 1).await;
        refuse(&world, "calendar", "calendarList.list", 401, "authError");
        let calls = world.transport.calls();
        let id = world.integration("ana").await.id;
        let listed = consent::writable_calendars(&world.engine, &id).await;
        assert_eq!(listed.unwrap_err().reason(), Reason::GrantUnknown);
        assert_eq!(world.transport.calls() - calls, 3, "list, refresh, list");
        assert_eq!(world.integration("ana").await.state, IntegrationState::NeedsAction);
        nothing_loops(&world, "ana").await;
    }

    async fn a_page_waits_for_the_refresh_of_a_pass(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 1).await;
        world.advance(HOUR);
        world.put_tasks("ana", 1, "changed").await;
        let lease = reconcile::claim(&world.engine, "worker", 1).await.unwrap().remove(0);
        world.transport.hold("/token");
        let pass = tokio::spawn({
            let engine = world.engine.clone();
            async move { reconcile::pass(&engine, &lease).await }
        });
        world.transport.held_one().await;
        let page = tokio::spawn({
            let (engine, id) = (world.engine.clone(), world.integration("ana").await.id);
            async move { consent::writable_calendars(&engine, &id).await }
        });
        let mut tx = world.engine.store().begin().await.unwrap();
        users::put(&mut tx, &User { user_id: "ben".into(), ..User::default() }, world.engine.now()).await.unwrap();
        tx.commit().await.unwrap();
        assert!(!page.is_finished(), "it waits, and holds nothing open meanwhile");
        world.transport.let_through();
        pass.await.unwrap().unwrap();
        assert!(!page.await.unwrap().unwrap().unwrap().is_empty());
        assert_eq!(world.transport.refreshed().into_values().collect::<Vec<_>>(), [1]);
    }
}
