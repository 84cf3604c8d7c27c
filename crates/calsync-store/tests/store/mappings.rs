//! Mappings: due while they wait, for what is wanted, seen or ruled.

use std::collections::BTreeSet;

use calsync_core::integration::CalendarChoice;
use calsync_core::item::ItemKind;
use calsync_core::managed::{Base, ManagedFields, When};
use calsync_core::plan::{
    EventState, Intent, Mapping, PreviousCopy, PreviousLocation, PreviousState, PreviousVersion, RemoteCopy,
};
use calsync_core::reason::Reason;
use calsync_core::sync_state::SyncState;
use calsync_store::integrations::{self, Counts, Integration, NewTarget};
use calsync_store::mappings::{self, DueMapping, End};
use calsync_store::{StoreError, disconnects, items, leases};
use calsync_testing::on_both_databases;
use jiff::Timestamp;

use crate::disconnects::started;
use crate::world::{
    World, address, at, copy, due_changes, key, session_body, standing, stop_cause, task, task_body, there,
    unsent,
};

on_both_databases! {
    async fn a_put_is_due_told_done_and_settled(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        world.settle(at(0)).await;
        world.put(&task("read"), &task_body("ana", "Read"), at(1)).await;

        let lease = world.claim_one("w1", at(1)).await;
        let mut due = world.due(&id, at(1)).await;
        assert_eq!(due.len(), 1);
        assert_eq!((due[0].mapping.clone(), due[0].failures), (unsent(at(1)), 0));
        assert_eq!(due[0].item.body.title, "Read");

        let insert = Intent::Insert(address("calendar", "event1"));
        let intended = intend(&world, &id, &due[0], insert, at(1)).await;
        let told = world.due(&id, at(1)).await;
        assert_eq!(told[0].mapping, intended, "a worker that starts here knows that Google may know");

        due[0].mapping = there();
        world.end_pass(&lease, &due, at(2)).await.unwrap();
        assert_eq!(world.due(&id, at(9)).await, []);
        assert_eq!(world.claim("w1", at(9)).await, []);

        let shown = mappings::of_item(&mut world.read().await, ItemKind::Task, "read").await.unwrap();
        assert_eq!(shown.len(), 1);
        assert_eq!((shown[0].state, shown[0].reason), (SyncState::Synced, None));
        assert_eq!(shown[0].google_id.as_deref(), Some("event1"));
        assert_eq!(shown[0].calendar_id.as_deref(), Some("calendar"));
        assert_eq!(shown[0].etag.as_deref(), Some("\"1\""));
        assert_eq!(shown[0].html_link.as_deref(), Some("https://calendar.example.org/event1"));
        assert_eq!((shown[0].last_synced_at, shown[0].verified_at), (Some(at(2)), Some(at(2))));
    }

    async fn a_change_during_a_pass_stays_due(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        world.put(&task("read"), &task_body("ana", "Read"), at(1)).await;
        let lease = world.claim_one("w1", at(1)).await;
        let mut due = world.due(&id, at(1)).await;

        world.put(&task("read"), &task_body("ana", "Read more"), at(2)).await;
        due[0].mapping = there();
        world.end_pass(&lease, &due, at(3)).await.unwrap();

        let shown = mappings::of_item(&mut world.read().await, ItemKind::Task, "read").await.unwrap();
        assert_eq!(shown[0].state, SyncState::Waiting);
        let lease = world.claim_one("w1", at(3)).await;
        let due = world.due(&id, at(3)).await;
        assert_eq!((due.len(), due[0].item.body.title.as_str()), (1, "Read more"));
        assert_eq!(due[0].mapping, there(), "what the first pass learned is kept");
        world.end_pass(&lease, &due, at(4)).await.unwrap();
        assert_eq!(world.claim("w1", at(9)).await, []);
    }

    async fn a_change_of_rules_during_a_pass_stays_due(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        world.put(&task("read"), &task_body("ana", "Read"), at(1)).await;
        let lease = world.claim_one("w1", at(1)).await;
        let due = world.due(&id, at(1)).await;

        let mut tx = world.begin().await;
        mappings::mark_all_due(&mut tx, "ana", at(2)).await.unwrap();
        tx.commit().await.unwrap();
        world.end_pass(&lease, &due, at(3)).await.unwrap();

        assert_eq!(world.due(&id, at(3)).await.len(), 1, "the pass read the rules of before");
    }

    async fn at_a_connection_every_live_item_is_due_at_once(db: TestDatabase) {
        let world = World::new(db).await;
        for id in ["a", "b", "gone"] {
            world.put(&task(id), &task_body("ana", id), at(1)).await;
        }
        world.put(&task("bens"), &task_body("ben", "x"), at(1)).await;
        world.delete(&task("gone"), at(1)).await;
        let id = world.connected("ana").await;
        let due: Vec<_> = world.due(&id, at(1)).await.into_iter().map(|due| due.item.key.id).collect();
        assert_eq!(due, ["a", "b"]);

        // What waited for a later try is due now as well.
        let lease = world.claim_one("w1", at(1)).await;
        let due = world.due(&id, at(1)).await;
        put_off(&world, &id, &due[0].item.key.id, at(500)).await;
        world.end_pass(&lease, &[], at(1)).await.unwrap();
        let mut tx = world.begin().await;
        mappings::mark_all_due(&mut tx, "ana", at(2)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(world.due(&id, at(2)).await.len(), 2);
        assert_eq!(world.claim("w2", at(2)).await.len(), 1);
    }

    async fn a_mapping_that_failed_waits_for_its_time_or_for_a_change(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        world.put(&task("read"), &task_body("ana", "Read"), at(1)).await;
        let lease = world.claim_one("w1", at(1)).await;
        put_off(&world, &id, "read", at(30)).await;
        world.end_pass(&lease, &[], at(1)).await.unwrap();

        assert_eq!(world.claim("w1", at(29)).await, []);
        assert_eq!(world.due(&id, at(29)).await, []);
        let again = world.due(&id, at(30)).await;
        assert_eq!((again[0].failures, again[0].reason), (2, Some(Reason::GoogleUnavailable)));
        assert_eq!(leases::passes::next_due(&mut world.read().await, at(1)).await.unwrap(), Some(at(30)));

        world.put(&task("read"), &task_body("ana", "Read more"), at(5)).await;
        let due = world.due(&id, at(5)).await;
        assert_eq!((due.len(), due[0].failures), (1, 0), "a change gives it a fresh start");
        assert_eq!(world.claim("w1", at(5)).await.len(), 1);
    }

    async fn rounds_without_progress_are_counted_until_something_changes(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        let again = End::Retry { due_at: at(30), failures: 0, reason: Some(Reason::NoProgress) };
        let rounds = async || world.due(&id, at(60)).await[0].rounds_without_progress;
        for title in ["Read", "Read more"] {
            world.put(&task("read"), &task_body("ana", title), at(1)).await;
            assert_eq!(rounds().await, 0);
            let mut due = world.due(&id, at(60)).await.remove(0);
            due.rounds_without_progress = 2;
            let mut tx = world.begin().await;
            mappings::finish(&mut tx, &id, &[(&due, again)], at(2)).await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(rounds().await, 2);
        }
        let mut tx = world.begin().await;
        mappings::retry_now(&mut tx, "ana", at(3)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(rounds().await, 0);

        let mut due = world.due(&id, at(60)).await.remove(0);
        due.rounds_without_progress = 2;
        world.put(&task("read"), &task_body("ana", "Read all"), at(4)).await;
        let mut tx = world.begin().await;
        mappings::finish(&mut tx, &id, &[(&due, again)], at(5)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(rounds().await, 0, "the wish that came meanwhile was not tried");
    }

    async fn what_waits_or_was_stopped_is_hurried(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        for name in ["waits", "stopped", "done"] {
            world.put(&task(name), &task_body("ana", "Read"), at(1)).await;
        }
        world.settle(at(1)).await;
        world.put(&task("waits"), &task_body("ana", "Read more"), at(1)).await;
        put_off(&world, &id, "waits", at(60)).await;
        world.put(&task("stopped"), &task_body("ana", "Read more"), at(1)).await;
        end(&world, &id, "stopped", PARKED).await;
        let mut tx = world.begin().await;
        mappings::retry_now(&mut tx, "ana", at(3)).await.unwrap();
        mappings::retry_now(&mut tx, "nobody", at(3)).await.unwrap();
        tx.commit().await.unwrap();
        let due: Vec<_> = world.due(&id, at(3)).await.into_iter().map(|due| due.item.key.id).collect();
        assert_eq!(due, ["stopped", "waits"]);
    }

    async fn what_was_stopped_was_not_synced(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        let has_skipped = async || world.due(&id, at(9)).await[0].revisions.has_skipped();
        let put = async |title: &str| world.put(&task("read"), &task_body("ana", title), at(1)).await;
        put("Read").await;
        world.settle(at(1)).await;
        put("Read more").await;
        assert!(!has_skipped().await, "one wish after the other");
        end(&world, &id, "read", PARKED).await;
        assert_eq!(world.due(&id, at(9)).await, [], "it is stopped");
        assert_eq!(mappings::next_due(&mut world.read().await, &id).await.unwrap(), None);
        put("Read").await;
        assert!(has_skipped().await, "a wish in between may have been sent");
        world.settle(at(3)).await;

        put("Read more").await;
        let due = world.due(&id, at(9)).await.remove(0);
        put("Read").await;
        let mut tx = world.begin().await;
        mappings::finish(&mut tx, &id, &[(&due, PARKED)], at(4)).await.unwrap();
        tx.commit().await.unwrap();
        assert!(has_skipped().await, "what came meanwhile is not stopped");
    }

    async fn a_wish_that_was_left_with_its_connection_was_not_synced(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        world.put(&task("read"), &task_body("ana", "Read"), at(1)).await;
        world.settle(at(1)).await;
        world.put(&task("read"), &task_body("ana", "Read more"), at(2)).await;
        let saga = started(&world, "ana").await;
        let mut tx = world.begin().await;
        disconnects::wipe(&world.store, &mut tx, &id, saga.before.epoch, false, at(3)).await.unwrap();
        tx.commit().await.unwrap();
        let mut raw = world.raw().await;
        assert_eq!(raw.count("sync_mappings", "sync_state = 'not_connected'").await, 1);
        assert_eq!(world.due(&id, at(9)).await, []);
        world.put(&task("read"), &task_body("ana", "Read"), at(4)).await;
        assert_eq!(raw.count("sync_mappings", "sync_state = 'not_connected'").await, 1);
        world.consented("ana", "ana", CalendarChoice::New).await;
        let due = world.due(&id, at(9)).await;
        assert_eq!((due.len(), due[0].revisions.has_skipped()), (1, true));
    }

    async fn wishes_observations_and_rules_are_counted_apart(db: TestDatabase) {
        let world = World::new(db).await;
        let Integration { id, epoch, .. } = world.consented("ana", "ana", CalendarChoice::Existing).await;
        let change_to = async |to: NewTarget<'_>, minute: i64| {
            let mut tx = world.begin().await;
            let changed = integrations::change_calendar(&world.store, &mut tx, (&id, epoch), to, at(minute)).await;
            assert!(changed.unwrap());
            tx.commit().await.unwrap();
        };
        change_to(NewTarget::Theirs { calendar_id: "calendar", summary: "Mentoring" }, 0).await;
        world.put(&task("read"), &task_body("ana", "Read"), at(1)).await;
        world.settle(at(1)).await;
        let counted = async || {
            let revisions = world.due(&id, at(9)).await[0].revisions;
            (revisions.desired_revision, revisions.remote_revision, revisions.policy_revision)
        };
        world.put(&task("read"), &task_body("ana", "Read more"), at(2)).await;
        assert_eq!(counted().await, (2, 0, 0));
        let mut tx = world.begin().await;
        mappings::mark_all_due(&mut tx, "ana", at(3)).await.unwrap();
        mappings::retry_now(&mut tx, "ana", at(3)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(counted().await, (2, 0, 2));
        world.settle(at(3)).await;

        let mut tx = world.begin().await;
        let stop_cause = stop_cause(Reason::CalendarGone);
        assert!(integrations::needs_action(&world.store, &mut tx, &id, stop_cause, at(4)).await.unwrap());
        tx.commit().await.unwrap();
        change_to(NewTarget::ToBeMade, 5).await;
        assert_eq!(counted().await, (2, 1, 2), "its calendar is seen no more");
    }

    async fn the_oldest_due_mappings_come_first_and_a_limit_holds(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        for (minute, item) in [(3, "c"), (1, "z"), (2, "b")] {
            world.put(&task(item), &task_body("ana", item), at(minute)).await;
        }
        let due = mappings::due(&mut world.read().await, &id, at(9), 2).await.unwrap().mappings;
        let ids: Vec<_> = due.iter().map(|due| due.item.key.id.as_str()).collect();
        assert_eq!(ids, ["z", "b"]);
        assert_eq!(mappings::next_due(&mut world.read().await, &id).await.unwrap(), Some(at(1)));
    }

    async fn a_removal_by_the_user_stays_until_the_platform_starts_anew(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        world.put(&task("read"), &task_body("ana", "Read"), at(1)).await;
        leave(&world, &standing(EventState::DeletedByUser), at(1)).await;

        world.put(&task("read"), &task_body("ana", "Read more"), at(2)).await;
        assert_eq!(world.due(&id, at(2)).await[0].mapping.event_state, EventState::DeletedByUser, "whatever a PUT changes");
        world.delete(&task("read"), at(3)).await;
        world.put(&task("read"), &task_body("ana", "Read more"), at(3)).await;
        assert_eq!(world.due(&id, at(3)).await[0].mapping.event_state, EventState::Deleted);
    }

    async fn a_removal_that_a_pass_hears_of_late_does_not_outlive_a_new_start(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        world.put(&task("read"), &task_body("ana", "Read"), at(1)).await;
        let address = address("calendar", "event1");
        let deleting =
            |copy| EventState::Deleting { address: address.clone(), copy, delete_sent_at: None };
        let cases = [
            (10, EventState::DeletedByUser, EventState::Deleted),
            (20, there().event_state, deleting(Some(copy()))),
            (30, EventState::Unconfirmed { address: address.clone(), copy: None }, deleting(None)),
            (40, EventState::Unreachable { address: address.clone(), copy: copy() }, deleting(Some(copy()))),
            (50, EventState::Deleted, EventState::Deleted),
        ];
        for (minute, heard, then) in cases {
            let lease = world.claim_one("w1", at(minute)).await;
            let mut due = world.due(&id, at(minute)).await;
            world.delete(&task("read"), at(minute + 1)).await;
            world.put(&task("read"), &task_body("ana", "Read more"), at(minute + 1)).await;
            due[0].mapping = standing(heard);
            world.end_pass(&lease, &due, at(minute + 2)).await.unwrap();
            assert_eq!(world.due(&id, at(minute + 2)).await[0].mapping.event_state, then);
        }
    }

    async fn a_removal_by_the_platform_outlasts_what_google_is_about_to_be_told(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        world.put(&task("read"), &task_body("ana", "Read"), at(1)).await;
        world.settle(at(1)).await;
        world.put(&task("read"), &task_body("ana", "Read more"), at(2)).await;
        let due = world.due(&id, at(2)).await;
        world.delete(&task("read"), at(3)).await;
        let insert = Intent::Insert(address("work", "event2"));
        let intended = intend(&world, &id, &due[0], insert, at(3)).await;
        let mapping = world.due(&id, at(3)).await.remove(0).mapping;
        let address = address("work", "event2");
        assert_eq!(mapping.event_state, EventState::Deleting { address, copy: None, delete_sent_at: None });
        assert_eq!(mapping.previous, intended.previous);
    }

    async fn since_when_a_delete_may_be_under_way_is_kept_until_the_items_life_ends(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        world.put(&task("read"), &task_body("ana", "Read"), at(1)).await;
        world.settle(at(1)).await;
        world.put(&task("read"), &task_body("ana", "Read more"), at(2)).await;
        let since = async || match &world.due(&id, at(3)).await[0].mapping.event_state {
            EventState::Deleting { delete_sent_at, .. } => *delete_sent_at,
            other => panic!("{other:?}"),
        };

        let lease = world.claim_one("w1", at(2)).await;
        let mut due = world.due(&id, at(2)).await;
        due[0].mapping = intend(&world, &id, &due[0], Intent::Delete, at(2)).await;
        assert_eq!(since().await, Some(at(2)));

        world.put(&task("read"), &task_body("ana", "Read on"), at(3)).await;
        world.end_pass(&lease, &due, at(3)).await.unwrap();
        assert_eq!(since().await, Some(at(2)), "its answer never came");
        world.delete(&task("read"), at(3)).await;
        assert_eq!(since().await, None, "whoever removes it now, it starts anew");
    }

    async fn what_starts_anew_goes_first_and_only_once(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        world.put(&task("read"), &task_body("ana", "Read"), at(1)).await;
        world.settle(at(1)).await;
        world.delete(&task("read"), at(2)).await;
        world.put(&task("read"), &task_body("ana", "Read"), at(2)).await;
        let due = world.due(&id, at(2)).await;
        let EventState::Deleting { copy: known, .. } = &due[0].mapping.event_state else { panic!("{due:?}") };
        assert_eq!(known, &Some(copy()), "what is there is known");

        world.settle(at(3)).await;
        world.put(&task("read"), &task_body("ana", "Read more"), at(4)).await;
        assert_eq!(world.due(&id, at(4)).await[0].mapping, there());
    }

    async fn a_failure_does_not_put_off_a_change_that_came_meanwhile(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        world.put(&task("read"), &task_body("ana", "Read"), at(1)).await;
        let due = world.due(&id, at(1)).await;
        world.put(&task("read"), &task_body("ana", "Read more"), at(2)).await;
        let mut tx = world.begin().await;
        let end = End::Retry { due_at: at(90), failures: 2, reason: Some(Reason::GoogleUnavailable) };
        mappings::finish(&mut tx, &id, &[(&due[0], end)], at(3)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(world.due(&id, at(3)).await.len(), 1);
    }

    async fn a_restore_by_the_platform_forgets_the_removal(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        world.put(&task("read"), &task_body("ana", "Read"), at(1)).await;
        leave(&world, &standing(EventState::DeletedByUser), at(1)).await;
        let mut tx = world.begin().await;
        let ana = BTreeSet::from(["ana".to_owned()]);
        mappings::mark_due(&mut tx, &due_changes(&task("read"), &ana, 1), at(2)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(world.due(&id, at(2)).await[0].mapping.event_state, EventState::Deleted);
    }

    async fn a_session_is_shown_for_each_of_its_users(db: TestDatabase) {
        let world = World::new(db).await;
        world.connected("ana").await;
        let talk = key(ItemKind::Session, "talk");
        world.put(&talk, &session_body(&["ana", "ben"], "Talk"), at(1)).await;
        let shown = mappings::of_item(&mut world.read().await, ItemKind::Session, "talk").await.unwrap();
        let states: Vec<_> = shown.iter().map(|one| (one.user_id.as_str(), one.state, one.reason)).collect();
        assert_eq!(
            states,
            [
                ("ana", SyncState::Waiting, None),
                ("ben", SyncState::NotConnected, Some(Reason::NotConnected))
            ]
        );
    }

    async fn an_integration_counts_its_mappings(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        assert_eq!(integrations::counts(&mut world.read().await, &id).await.unwrap(), Counts::default());
        for item in ["a", "b", "c", "d"] {
            world.put(&task(item), &task_body("ana", item), at(1)).await;
        }
        let mut tx = world.begin().await;
        let states = [SyncState::Synced, SyncState::Parked, SyncState::Held];
        let due = mappings::due(&mut tx, &id, at(1), 3).await.unwrap().mappings;
        let ends = states.map(|state| End::Done { state, reason: None });
        let mappings: Vec<_> = due.iter().zip(ends).collect();
        mappings::finish(&mut tx, &id, &mappings, at(2)).await.unwrap();
        tx.commit().await.unwrap();
        // A change of what waits makes it wait no shorter.
        world.put(&task("d"), &task_body("ana", "D"), at(7)).await;
        let counts = integrations::counts(&mut world.read().await, &id).await.unwrap();
        let oldest = Some(at(1).as_microsecond());
        assert_eq!(counts, Counts { synced: 1, waiting: 1, parked: 1, held: 1, oldest_waiting_at: oldest });
    }

    async fn a_failing_mapping_has_waited_since_it_became_due(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        world.put(&task("read"), &task_body("ana", "Read"), at(1)).await;
        put_off(&world, &id, "read", at(30)).await;
        let counts = integrations::counts(&mut world.read().await, &id).await.unwrap();
        assert_eq!(counts.oldest_waiting_at, Some(at(1).as_microsecond()));
    }

    async fn a_mapping_is_read_as_it_was_stored(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        world.put(&task("read"), &task_body("ana", "Read"), at(1)).await;
        let mut stored = world.due(&id, at(1)).await.remove(0);
        let previous = Some(address("work", "event0"));
        for event_state in event_states() {
            for state in [None].into_iter().chain(previous_states().into_iter().map(Some)) {
                let previous = previous.clone().zip(state).map(|(address, state)| PreviousLocation { address, state });
                stored.mapping = Mapping { event_state: event_state.clone(), last_generation: 3, previous };
                let mut tx = world.begin().await;
                let again = End::Retry { due_at: at(1), failures: 0, reason: None };
                mappings::finish(&mut tx, &id, &[(&stored, again)], at(1)).await.unwrap();
                tx.commit().await.unwrap();
                let read = world.due(&id, at(1)).await.remove(0);
                assert_eq!(read.mapping, stored.mapping);
                let copies = stored.mapping.event_state.copy().into_iter();
                let copies = copies.chain(stored.mapping.previous.as_ref().and_then(PreviousLocation::copy));
                assert_eq!(world.raw().await.count("remote_events", "TRUE").await, i64::try_from(copies.count()).unwrap(), "{read:?}");
                stored = read;
            }
        }
    }

    async fn a_copy_that_did_not_change_is_not_written_again(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        world.put(&task("read"), &task_body("ana", "Read"), at(1)).await;
        world.settle(at(1)).await;
        world.put(&task("read"), &task_body("ana", "Read more"), at(2)).await;
        let mut due = world.due(&id, at(2)).await.remove(0);
        world.raw().await.run("UPDATE remote_events SET event = 'as it was'").await;
        let again = End::Retry { due_at: at(2), failures: 0, reason: None };
        let mut tx = world.begin().await;
        mappings::finish(&mut tx, &id, &[(&due, again)], at(2)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(world.raw().await.count("remote_events", "event = 'as it was'").await, 1);

        let mut changed = copy();
        changed.event.0.insert("summary".into(), "Read more".into());
        due.mapping = standing(EventState::Present { address: address("calendar", "event1"), copy: changed });
        let mut tx = world.begin().await;
        mappings::finish(&mut tx, &id, &[(&due, again)], at(2)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(world.due(&id, at(2)).await[0].mapping, due.mapping);
    }

    async fn a_damaged_mapping_is_parked_alone_and_names_its_place(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        world.put(&task("read"), &task_body("ana", "Read"), at(1)).await;
        world.put(&task("other"), &task_body("ana", "Other"), at(1)).await;
        let there = "calendar_id = 'work', google_id = 'event0', generation = 0, etag = '1'";
        let previous = "previous_calendar_id = 'work', previous_google_id = 'event0', previous_generation = 0";
        for (table, column, damage) in [
            ("sync_mappings", "event_state", "event_state = 'lost'".to_owned()),
            ("sync_mappings", "base", "base = '[]'".to_owned()),
            ("sync_mappings", "previous_state", format!("previous_state = 'lost', {previous}")),
            ("sync_mappings", "previous_base", format!("previous_state = 'abandoned', previous_base = '{{', {previous}")),
            ("remote_events", "event", format!("previous_state = 'present', {previous}")),
            ("remote_events", "event", format!("event_state = 'present', {there}")),
            // Together with a copy that can't be read.
            ("remote_events", "event", format!("event_state = 'unconfirmed', {there}")),
        ] {
            world.raw().await.run(&format!("UPDATE sync_mappings SET {damage} WHERE item_id = 'read'")).await;
            if damage.contains("unconfirmed") {
                world.raw().await.run("INSERT INTO remote_events (integration_id, kind, item_id, google_id, event)
                    SELECT integration_id, kind, item_id, 'event0', '{' FROM sync_mappings WHERE item_id = 'read'").await;
            }
            let due = mappings::due(&mut world.read().await, &id, at(9), 9).await.unwrap();
            assert_eq!(due.mappings.iter().map(|one| &*one.item.key.id).collect::<Vec<_>>(), ["other"]);
            let [unreadable] = &due.unreadable[..] else { panic!("{damage}: {due:?}") };
            let StoreError::Corrupt { table: of, column: named, id: row } = &unreadable.error else {
                panic!("{unreadable:?}")
            };
            assert_eq!((*of, *named), (table, column), "{damage}");
            assert_eq!((row.as_str(), unreadable.item_id.as_str()), ("task:read", "read"));

            let mut tx = world.begin().await;
            mappings::park_unreadable(&mut tx, &id, &due.unreadable, at(9)).await.unwrap();
            tx.commit().await.unwrap();
            let due = mappings::due(&mut world.read().await, &id, at(9), 9).await.unwrap();
            assert_eq!((due.mappings.len(), due.unreadable.len()), (1, 0), "until the platform changes it");
            let shown = mappings::of_item(&mut world.read().await, ItemKind::Task, "read").await.unwrap();
            assert_eq!((shown[0].state, shown[0].reason), (SyncState::Parked, Some(Reason::ServiceFault)));
            world.raw().await.run("UPDATE sync_mappings SET event_state = 'unsent', calendar_id = NULL,
                google_id = NULL, generation = NULL, etag = NULL, base = NULL, previous_state = NULL,
                previous_calendar_id = NULL, previous_google_id = NULL, previous_generation = NULL,
                previous_base = NULL WHERE item_id = 'read'").await;
            world.put(&task("read"), &task_body("ana", &format!("Read {damage}")), at(2)).await;
        }
    }

    async fn a_pass_whose_mappings_are_gone_stores_nothing(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        for name in ["read", "gone"] {
            world.put(&task(name), &task_body("ana", name), at(1)).await;
        }
        let due = world.due(&id, at(1)).await;
        world.raw().await.run("DELETE FROM sync_mappings WHERE item_id = 'gone'").await;
        let missing = |result: calsync_store::Result<()>| {
            assert!(matches!(result, Err(StoreError::RowsMissing { table: "sync_mappings", .. })), "{result:?}");
        };
        let mut tx = world.begin().await;
        let intents: Vec<_> = due.iter().map(|due| (due, there())).collect();
        missing(mappings::record_intents(&mut tx, &id, &intents).await);
        let again = End::Retry { due_at: at(1), failures: 0, reason: None };
        let ends: Vec<_> = due.iter().map(|due| (due, again)).collect();
        missing(mappings::finish(&mut tx, &id, &ends, at(1)).await);
        drop(tx);
        assert_eq!(world.due(&id, at(1)).await[0].mapping, unsent(at(1)));
    }

    async fn those_who_are_not_connected_have_no_mappings(db: TestDatabase) {
        let world = World::new(db).await;
        let mut tx = world.begin().await;
        assert_eq!(mappings::schedule(&mut tx, "nobody", at(1)).await.unwrap(), None);
        drop(tx);
        world.put(&task("read"), &task_body("ana", "Read"), at(1)).await;
        assert_eq!(world.raw().await.count("sync_mappings", "TRUE").await, 0);
        world.connected("ben").await;
        world.raw().await.end_connections().await;
        world.put(&task("bens"), &task_body("ben", "Read"), at(1)).await;
        assert_eq!(world.raw().await.count("sync_mappings", "TRUE").await, 0);
    }

    async fn many_mappings_go_through_a_pass_together(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        world.settle(at(0)).await;
        // More than one statement's rows, and not a round number of them.
        let keys: Vec<_> = (0..87).map(|number| task(&format!("read-{number}"))).collect();
        let mut tx = world.begin().await;
        for key in &keys {
            items::put(&mut tx, key, &task_body("ana", "Read"), at(1)).await.unwrap();
        }
        let all = keys.iter().flat_map(|key| due_changes(key, &["ana".into()].into(), 0)).collect();
        mappings::mark_due(&mut tx, &all, at(1)).await.unwrap();
        tx.commit().await.unwrap();

        let lease = world.claim_one("w1", at(1)).await;
        let mut due = world.due(&id, at(1)).await;
        assert_eq!(due.len(), keys.len());
        // Some of them move: from where they were and with what was there.
        let mut tx = world.begin().await;
        for due in due.iter_mut().filter(|due| due.item.key.id.ends_with('7')) {
            let copy = RemoteCopy { base: Some(base()), ..copy() };
            due.mapping = standing(EventState::Present { address: address("calendar", "event1"), copy });
            let again = End::Retry { due_at: at(1), failures: 0, reason: None };
            mappings::finish(&mut tx, &id, &[(due, again)], at(1)).await.unwrap();
        }
        let intents: Vec<_> = due
            .iter()
            .map(|due| {
                let mut mapping = due.mapping.clone();
                mapping.on_insert_sent(address("work", &due.item.key.id));
                (due, mapping)
            })
            .collect();
        mappings::record_intents(&mut tx, &id, &intents).await.unwrap();
        tx.commit().await.unwrap();
        let told = world.due(&id, at(1)).await;
        for (told, (_, intended)) in told.iter().zip(&intents) {
            assert_eq!(&told.mapping, intended, "each mapping is told, and no other");
        }
        let due = told;

        world.end_pass(&lease, &due, at(2)).await.unwrap();
        assert!(world.due(&id, at(2)).await.is_empty());
    }
}

fn base() -> Base {
    let day = |text: &str| text.parse().unwrap();
    let agreed = ManagedFields {
        title: "Read".into(),
        when: When::AllDay { first: day("2031-03-09"), end: day("2031-03-10") },
        location: None,
        managed_text: String::new(),
        source_url: None,
    };
    Base::of_write(&agreed.clone(), agreed)
}

const PARKED: End = End::Done { state: SyncState::Parked, reason: Some(Reason::ItemRefused) };

/// A try of `item`, which is due, failed; the next is at `due_at`.
async fn put_off(world: &World, integration_id: &str, item: &str, due_at: Timestamp) {
    let put_off = End::Retry { due_at, failures: 2, reason: Some(Reason::GoogleUnavailable) };
    end(world, integration_id, item, put_off).await;
}

/// A pass ends so for `item`, which is due.
async fn end(world: &World, integration_id: &str, item: &str, end: End) {
    let due = world.due(integration_id, at(1)).await;
    let due = due.iter().find(|due| due.item.key.id == item).unwrap();
    let mut tx = world.begin().await;
    mappings::finish(&mut tx, integration_id, &[(due, end)], at(2)).await.unwrap();
    tx.commit().await.unwrap();
}

/// A pass leaves everything that is due as `mapping`.
async fn leave(world: &World, mapping: &Mapping, now: Timestamp) {
    let lease = world.claim_one("w1", now).await;
    let mut due = world.due(&lease.lease.id, now).await;
    for one in &mut due {
        one.mapping.clone_from(mapping);
    }
    world.end_pass(&lease, &due, now).await.unwrap();
}

/// Stores what a pass intends for a mapping; answers how it stands then.
async fn intend(world: &World, id: &str, due: &DueMapping, intent: Intent, now: Timestamp) -> Mapping {
    let mut mapping = due.mapping.clone();
    mapping.on_intent(intent, now);
    let mut tx = world.begin().await;
    mappings::record_intents(&mut tx, id, &[(due, mapping.clone())]).await.unwrap();
    tx.commit().await.unwrap();
    mapping
}

/// Every way in which a mapping's event may stand.
fn event_states() -> Vec<EventState> {
    let address = || address("calendar", "event1");
    let known = || RemoteCopy { base: Some(base()), ..copy() };
    vec![
        EventState::Unsent,
        EventState::Unconfirmed { address: address(), copy: None },
        EventState::Unconfirmed { address: address(), copy: Some(known()) },
        EventState::Present { address: address(), copy: copy() },
        EventState::Present { address: address(), copy: known() },
        EventState::Unreachable { address: address(), copy: known() },
        EventState::Deleting { address: address(), copy: None, delete_sent_at: None },
        EventState::Deleting { address: address(), copy: Some(known()), delete_sent_at: Some(at(1)) },
        EventState::Deleted,
        EventState::DeletedByUser,
    ]
}

/// The same, at the location that its item moves away from.
fn previous_states() -> Vec<PreviousState> {
    let known = |version| PreviousCopy { copy: RemoteCopy { base: Some(base()), ..copy() }, version };
    vec![
        PreviousState::Present(known(PreviousVersion::Copied)),
        PreviousState::Present(known(PreviousVersion::Unknown)),
        PreviousState::Deleting(known(PreviousVersion::Copied)),
        PreviousState::Deleting(known(PreviousVersion::Unknown)),
        PreviousState::Abandoned(Some(copy())),
        PreviousState::Abandoned(None),
    ]
}
