//! Connecting, connecting again, and the way to a calendar.

use std::collections::BTreeSet;

use calsync_core::integration::{CalendarChoice, IntegrationState};
use calsync_core::item::ItemKind;
use calsync_core::reason::Reason;
use calsync_store::integrations::{self, Integration, NewTarget, StopCause};
use calsync_store::users::{self, User};
use calsync_store::{StoreError, calendars, leases, overview, user_search};
use calsync_testing::on_both_databases;
use secrecy::ExposeSecret;

use crate::world::{World, at, quiet, stop_cause, task, task_body};

on_both_databases! {
    async fn a_new_connection_waits_for_its_calendar_and_then_works(db: TestDatabase) {
        let world = World::new(db).await;
        assert_eq!(integrations::of_user(&mut world.read().await, "ana").await.unwrap(), []);
        let new = world.consented("ana", "account-a", CalendarChoice::New).await;
        assert_eq!((&new.state, &new.target_calendar_id), (&IntegrationState::Connecting, &None));
        assert_eq!((new.epoch, new.token_version, new.expires_at), (1, 1, Some(at(60))));
        assert_eq!(new.account_email.as_deref(), Some("account-a@example.org"));
        assert!(new.scopes.contains("calendar") && new.scopes.contains("openid"));
        assert_eq!(world.claim("w1", at(0)).await.len(), 1, "a pass makes the calendar");

        let mut tx = world.begin().await;
        assert!(integrations::calendar_requested(&mut tx, &new.id).await.unwrap());
        let [announced] = &calendars::of_connection(&mut tx, (&new.id, 1)).await.unwrap()[..] else { panic!() };
        assert!(announced.id.is_none() && announced.is_ours, "{announced:?}");
        integrations::calendar_ready(&world.store, &mut tx, &new.id, "cal", "Mentoring", at(2)).await.unwrap();
        tx.commit().await.unwrap();
        let ready = integrations::get(&mut world.read().await, &new.id).await.unwrap().unwrap();
        assert_eq!((ready.state, ready.target_calendar_id.as_deref()), (IntegrationState::Active, Some("cal")));
        assert_eq!(ready.target_calendar_summary.as_deref(), Some("Mentoring"));
        assert_eq!(integrations::of_user(&mut world.read().await, "ana").await.unwrap(), [ready]);
        let [own] = &calendars::of_connection(&mut world.read().await, (&new.id, 1)).await.unwrap()[..] else { panic!() };
        assert_eq!((own.id.as_deref(), own.is_ours, own.stays), (Some("cal"), true, false));
    }

    async fn a_pass_opens_all_that_it_needs_at_once(db: TestDatabase) {
        let world = World::new(db).await;
        let (id, keyring) = (world.connected("ana").await, world.store.keyring());
        let mut tx = world.begin().await;
        let loaded = integrations::load(&mut tx, keyring, &id).await.unwrap().unwrap();
        assert_eq!(Some(&loaded.integration), integrations::get(&mut tx, &id).await.unwrap().as_ref());
        assert_eq!((loaded.tokens.version, loaded.tokens.expires_at), (1, Some(at(60))));
        assert_eq!(loaded.tokens.access.unwrap().unwrap().expose_secret(), "access-1");
        assert_eq!(loaded.tokens.refresh.unwrap().unwrap().expose_secret(), "refresh-1");
        assert_eq!(loaded.user_time_zone, None);
        let zone = User { user_id: "ana".into(), time_zone: Some("Asia/Seoul".into()), ..User::default() };
        users::put(&mut tx, &zone, at(1)).await.unwrap();
        let loaded = integrations::load(&mut tx, keyring, &id).await.unwrap().unwrap();
        assert_eq!(loaded.user_time_zone.as_deref(), Some("Asia/Seoul"));
        assert!(integrations::load(&mut tx, keyring, "x").await.unwrap().is_none());
    }

    async fn the_same_account_again_adopts_what_is_there(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        world.put(&task("read"), &task_body("ana", "Read"), at(1)).await;
        world.settle(at(1)).await;
        stop(&world, &id).await;

        let again = world.consented("ana", "ana", CalendarChoice::New).await;
        assert_eq!((again.id.as_str(), again.epoch, again.state), (id.as_str(), 1, IntegrationState::Active));
        assert_eq!((again.reason, again.target_calendar_id.as_deref()), (None, Some("calendar")));
        let due = world.due(&id, at(2)).await;
        assert!(due[0].mapping.event_state.copy().is_some(), "nothing is doubled");
    }

    async fn another_account_starts_from_nothing(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        world.put(&task("read"), &task_body("ana", "Read"), at(1)).await;
        world.settle(at(1)).await;

        let other = world.consented("ana", "another", CalendarChoice::New).await;
        assert_eq!((other.id.as_str(), other.epoch), (id.as_str(), 2));
        assert_eq!(other.state, IntegrationState::Connecting);
        assert_eq!((other.target_calendar_id, other.target_calendar_summary), (None, None));
        let due = world.due(&id, at(2)).await;
        assert_eq!((due.len(), due[0].mapping.event_state.copy()), (1, None), "the mappings are forgotten");

        let existing = world.consented("ana", "another", CalendarChoice::Existing).await;
        assert_eq!((existing.epoch, existing.target_calendar_id), (3, None), "nothing was there");
    }

    async fn another_choice_takes_what_is_there_along(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        world.put(&task("read"), &task_body("ana", "Read"), at(1)).await;
        world.settle(at(1)).await;

        let waits = world.consented("ana", "ana", CalendarChoice::Existing).await;
        assert_eq!((waits.epoch, waits.state), (1, IntegrationState::Active));
        let kept = (waits.calendar_choice, waits.target_calendar_id.as_deref());
        assert_eq!(kept, (CalendarChoice::New, Some("calendar")), "until another one is chosen");

        let work = NewTarget::Theirs { calendar_id: "work", summary: "Work" };
        assert!(change(&world, &id, work).await);
        let moves = world.consented("ana", "ana", CalendarChoice::New).await;
        assert_eq!((moves.epoch, moves.state), (1, IntegrationState::Connecting));
        assert_eq!((moves.calendar_choice, moves.target_calendar_id), (CalendarChoice::New, None));
        assert!(moves.leaves_own_calendar);
        assert!(world.due(&id, at(2)).await[0].mapping.event_state.copy().is_some(), "and knows what it leaves");
        let again = world.consented("ana", "ana", CalendarChoice::New).await;
        assert_eq!(again.epoch, 1, "also before it is there");

        world.raw().await.end_connections().await;
        let other = world.consented("ana", "ana", CalendarChoice::Existing).await;
        assert_eq!((other.epoch, other.state), (1, IntegrationState::Connecting), "what was kept moves, too");
        assert!(world.due(&id, at(2)).await[0].mapping.event_state.copy().is_some());
    }

    async fn a_lost_calendar_is_left_and_what_is_in_it_stays_known(db: TestDatabase) {
        let world = World::new(db).await;
        for (reason, choice) in [
            (Reason::CalendarGone, CalendarChoice::New),
            (Reason::CalendarReadOnly, CalendarChoice::New),
            (Reason::CalendarReadOnly, CalendarChoice::Existing),
        ] {
            let user = format!("{}-{}", reason.name(), choice.name());
            let id = world.connected(&user).await;
            world.put(&task(&user), &task_body(&user, "Read"), at(1)).await;
            world.settle(at(1)).await;
            let mut tx = world.begin().await;
            let stopped = integrations::needs_action(&world.store, &mut tx, &id, stop_cause(reason), at(2));
            assert!(stopped.await.unwrap());
            tx.commit().await.unwrap();
            let anew = world.consented(&user, &user, choice).await;
            assert_eq!((anew.state, anew.calendar_choice), (IntegrationState::Connecting, choice), "{user}");
            assert_eq!(anew.target_calendar_id, None, "{user}");
            assert!(anew.leaves_own_calendar, "{user}");
            let known = calendars::of_connection(&mut world.read().await, (&id, 1)).await.unwrap();
            let known: Vec<_> = known.iter().map(|one| (one.id.as_deref(), one.has_items)).collect();
            assert_eq!(known, [(Some("calendar"), true)], "{user}");
        }
    }

    async fn a_change_of_calendar_keeps_the_mappings_and_wins_over_what_was_under_way(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        world.put(&task("read"), &task_body("ana", "Read"), at(1)).await;
        let lease = world.claim_one("w1", at(1)).await;
        let work = NewTarget::Theirs { calendar_id: "work", summary: "Work" };
        assert!(change(&world, &id, work).await);

        // The pass that was under way meets that the calendar of before is gone.
        let mut tx = world.begin().await;
        let gone = Reason::CalendarGone;
        integrations::needs_action(&world.store, &mut tx, &id, stop_cause(gone), at(2)).await.unwrap();
        leases::passes::release(&mut tx, &lease, quiet(), at(2)).await.unwrap();
        tx.commit().await.unwrap();
        let changed = integrations::get(&mut world.read().await, &id).await.unwrap().unwrap();
        assert_eq!((changed.state, changed.reason), (IntegrationState::Active, None));
        assert_eq!(changed.target_calendar_id.as_deref(), Some("work"));
        assert!(changed.leaves_own_calendar);

        assert!(change(&world, &id, NewTarget::ToBeMade).await);
        let own = integrations::get(&mut world.read().await, &id).await.unwrap().unwrap();
        assert_eq!((own.state, own.calendar_choice), (IntegrationState::Connecting, CalendarChoice::New));
        assert_eq!((own.target_calendar_id, own.leaves_own_calendar), (None, true));

        world.raw().await.run("UPDATE user_integrations SET state = 'disconnecting'").await;
        assert!(!change(&world, &id, work).await);
        let mut tx = world.begin().await;
        let late = integrations::calendar_ready(&world.store, &mut tx, &id, "late", "Late", at(4)).await.unwrap();
        assert!(!late, "nobody waits for it any more");
    }

    async fn whoever_held_the_old_connection_writes_nothing_to_the_new_one(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        let old = world.claim_one("w1", at(1)).await;
        world.consented("ana", "another", CalendarChoice::New).await;
        let mut tx = world.begin().await;
        let error = leases::passes::renew(&mut tx, &old.lease).await.unwrap_err();
        assert!(matches!(error, StoreError::LeaseLost(lost) if lost == id));
    }

    async fn a_change_wakes_only_its_own_users(db: TestDatabase) {
        let world = World::new(db).await;
        let ana = world.connected("ana").await;
        world.connected("ben").await;
        world.settle(at(0)).await;
        world.put(&task("read"), &task_body("ana", "Read"), at(1)).await;
        assert_eq!(world.claim_one("w1", at(1)).await.lease.id, ana);
    }

    async fn kinds_are_turned_off_while_the_connection_stands(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        let off = BTreeSet::from([ItemKind::Session, ItemKind::Deadline]);
        for changed in [true, false] {
            let mut tx = world.begin().await;
            assert_eq!(integrations::turn_off(&mut tx, &id, &off, at(1)).await.unwrap(), changed);
            tx.commit().await.unwrap();
        }
        let integration = integrations::get(&mut world.read().await, &id).await.unwrap().unwrap();
        assert_eq!(integration.disabled_kinds, off);
        world.raw().await.run("UPDATE user_integrations SET state = 'disconnecting'").await;
        let mut tx = world.begin().await;
        assert!(!integrations::turn_off(&mut tx, &id, &BTreeSet::new(), at(1)).await.unwrap());
    }

    async fn what_was_met_with_tokens_of_before_stops_nothing(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        world.consented("ana", "ana", CalendarChoice::New).await;
        let state = async || integrations::get(&mut world.read().await, &id).await.unwrap().unwrap().state;
        for (token_version, expected) in [(1, IntegrationState::Active), (2, IntegrationState::NeedsAction)] {
            let cause = StopCause { token_version, ..stop_cause(Reason::GrantUnknown) };
            let mut tx = world.begin().await;
            let stopped = integrations::needs_action(&world.store, &mut tx, &id, cause, at(2)).await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!((stopped, state().await), (token_version == 2, expected));
        }
    }

    async fn a_calendar_is_made_only_while_it_is_awaited(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.consented("ana", "ana", CalendarChoice::New).await.id;
        let told = async || {
            let mut tx = world.begin().await;
            let told = integrations::calendar_requested(&mut tx, &id).await.unwrap();
            tx.commit().await.unwrap();
            told
        };
        let work = NewTarget::Theirs { calendar_id: "work", summary: "Work" };
        assert!(change(&world, &id, work).await);
        assert!(!told().await, "its user took one of theirs");
        assert!(change(&world, &id, NewTarget::ToBeMade).await);
        assert!(told().await);
        assert!(change(&world, &id, work).await);
        let mut tx = world.begin().await;
        let ready = integrations::calendar_ready(&world.store, &mut tx, &id, "late", "Late", at(3)).await.unwrap();
        tx.commit().await.unwrap();
        assert!(!ready);
        let one = integrations::get(&mut world.read().await, &id).await.unwrap().unwrap();
        assert_eq!((one.state, one.target_calendar_id.as_deref()), (IntegrationState::Active, Some("work")));
        assert!(one.leaves_own_calendar, "what was made in vain is looked for");
    }

    async fn a_choice_counts_for_the_connection_that_it_was_made_for(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        let mut tx = world.begin().await;
        let (store, chosen_for) = (&world.store, (id.as_str(), 2));
        let changed = integrations::change_calendar(store, &mut tx, chosen_for, NewTarget::ToBeMade, at(2));
        assert!(!changed.await.unwrap());
    }

    async fn only_a_live_connection_can_need_its_user(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        world.raw().await.run("UPDATE user_integrations SET state = 'disconnecting'").await;
        stop(&world, &id).await;
        let integration = integrations::get(&mut world.read().await, &id).await.unwrap().unwrap();
        assert_eq!(integration.state, IntegrationState::Disconnecting);
    }

    async fn a_damaged_row_is_read_as_what_does_no_harm(db: TestDatabase) {
        let world = World::new(db).await;
        let ana = world.connected("ana").await;
        world.connected("ben").await;
        let sound = integrations::get(&mut world.read().await, &ana).await.unwrap().unwrap();
        let asks = Integration {
            state: IntegrationState::NeedsAction, reason: Some(Reason::ServiceFault), ..sound.clone()
        };
        for (column, read) in [
            ("state", asks),
            ("reason", Integration { reason: Some(Reason::Unknown), ..sound.clone() }),
            ("calendar_choice", Integration { calendar_choice: CalendarChoice::Existing, ..sound.clone() }),
        ] {
            world.raw().await.set(&ana, column, "'odd'").await;
            assert_eq!(integrations::get(&mut world.read().await, &ana).await.unwrap(), Some(read), "{column}");
            assert_eq!(integrations::of_user(&mut world.read().await, "ana").await.unwrap().len(), 1);
            let counted = overview::connections(&mut world.read().await, at(1)).await.unwrap();
            assert_eq!(counted.iter().map(|(_, count)| count).sum::<i64>(), 2, "{column}: {counted:?}");
            let filter = user_search::Filter::default();
            let found = user_search::find(&mut world.read().await, &filter, None, 9, at(1)).await.unwrap();
            assert!(found.users.iter().all(|user| user.shown_state().is_some()), "{found:?}");
            world.raw().await.run(&format!(
                "UPDATE user_integrations SET state = 'active', reason = NULL, calendar_choice = 'new' WHERE id = '{ana}'"
            )).await;
        }
        world.raw().await.run("UPDATE calendars SET closed_reason = 'odd', closed_at = 1").await;
        let closed = integrations::get(&mut world.read().await, &ana).await.unwrap().unwrap();
        assert_eq!(closed.target_calendar_closed, Some(Reason::CalendarReadOnly));
        world.raw().await.run("UPDATE calendars SET closed_reason = NULL, closed_at = NULL").await;
        world.raw().await.set(&ana, "state", "'odd'").await;
        let renewed = world.consented("ana", "ana", CalendarChoice::New).await;
        assert_eq!((renewed.id, renewed.state), (ana.clone(), IntegrationState::Active), "a consent mends it");
        assert_eq!(integrations::get(&mut world.read().await, "nobody's").await.unwrap(), None);
    }
}

async fn stop(world: &World, id: &str) {
    let mut tx = world.begin().await;
    integrations::needs_action(&world.store, &mut tx, id, stop_cause(Reason::GrantRevoked), at(1))
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

async fn change(world: &World, id: &str, target: NewTarget<'_>) -> bool {
    let mut tx = world.begin().await;
    let changed = integrations::change_calendar(&world.store, &mut tx, (id, 1), target, at(2)).await.unwrap();
    tx.commit().await.unwrap();
    changed
}
