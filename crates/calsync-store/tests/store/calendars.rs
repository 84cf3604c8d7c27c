//! A row for each calendar of a connection: used, left, announced, closed, forgotten.

use calsync_core::disconnect::SagaState;
use calsync_core::integration::CalendarChoice;
use calsync_core::reason::Reason;
use calsync_store::calendars::{self, Calendar};
use calsync_store::disconnects;
use calsync_store::integrations::{self, Integration, NewTarget};
use calsync_testing::on_both_databases;

use crate::clean_ups::left_over;
use crate::disconnects::synced;
use crate::world::{World, at, stop_cause};

async fn known(world: &World, id: &str, epoch: i64) -> Vec<Calendar> {
    calendars::of_connection(&mut world.read().await, (id, epoch)).await.unwrap()
}

async fn integration(world: &World, id: &str) -> Integration {
    integrations::get(&mut world.read().await, id).await.unwrap().unwrap()
}

/// Goes over to a calendar of theirs, or of ours if `theirs` is none.
async fn goes_to(world: &World, id: &str, theirs: Option<&str>) {
    let to =
        theirs.map_or(NewTarget::ToBeMade, |calendar_id| NewTarget::Theirs { calendar_id, summary: "Work" });
    let mut tx = world.begin().await;
    assert!(integrations::change_calendar(&world.store, &mut tx, (id, 1), to, at(2)).await.unwrap());
    tx.commit().await.unwrap();
}

fn ours(id: &str) -> Calendar {
    Calendar { id: Some(id.into()), is_ours: true, stays: false, has_items: false }
}

fn theirs(id: &str) -> Calendar {
    Calendar { is_ours: false, ..ours(id) }
}

on_both_databases! {
    async fn one_that_was_left_is_known_until_it_is_gone(db: TestDatabase) {
        let world = World::new(db).await;
        let id = synced(&world, "ana").await;
        goes_to(&world, &id, Some("work")).await;
        let left = Calendar { has_items: true, ..ours("calendar") };
        assert_eq!(known(&world, &id, 1).await, [left.clone(), theirs("work")]);
        assert!(left.is_in_use() && !theirs("work").is_in_use());
        assert_eq!((left.choice(), theirs("work").choice()), (CalendarChoice::New, CalendarChoice::Existing));
        assert!(integration(&world, &id).await.leaves_own_calendar);

        let mut tx = world.begin().await;
        for found in [Some("calendar"), Some("found"), None] {
            calendars::stays(&mut tx, (&id, 1), found).await.unwrap();
        }
        tx.commit().await.unwrap();
        let stays = |one: Calendar| Calendar { stays: true, ..one };
        let announced = Calendar { id: None, ..stays(ours("")) };
        assert!(!announced.is_in_use() && stays(left.clone()).is_in_use());
        assert_eq!(known(&world, &id, 1).await, [announced, stays(left), stays(ours("found")), theirs("work")]);
        assert!(!integration(&world, &id).await.leaves_own_calendar, "it was looked at");

        let mut tx = world.begin().await;
        for gone in [Some("calendar"), None] {
            calendars::gone(&mut tx, (&id, 1), gone).await.unwrap();
        }
        tx.commit().await.unwrap();
        assert_eq!(known(&world, &id, 1).await, [stays(ours("found")), theirs("work")]);
    }

    async fn one_that_is_used_again_is_open_and_to_be_looked_at_again(db: TestDatabase) {
        let world = World::new(db).await;
        let id = world.connected("ana").await;
        goes_to(&world, &id, Some("work")).await;
        let mut tx = world.begin().await;
        calendars::stays(&mut tx, (&id, 1), Some("calendar")).await.unwrap();
        tx.commit().await.unwrap();
        goes_to(&world, &id, None).await;
        let mut tx = world.begin().await;
        assert!(integrations::calendar_requested(&mut tx, &id).await.unwrap());
        let ready = integrations::calendar_ready(&world.store, &mut tx, &id, "calendar", "Mentoring", at(3));
        assert!(ready.await.unwrap());
        integrations::needs_action(&world.store, &mut tx, &id, stop_cause(Reason::CalendarGone), at(4)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(known(&world, &id, 1).await, [ours("calendar"), theirs("work")]);
        assert_eq!(integration(&world, &id).await.target_calendar_closed, Some(Reason::CalendarGone));

        goes_to(&world, &id, Some("calendar")).await;
        let open = integration(&world, &id).await;
        assert_eq!((open.target_calendar_closed, open.lost_its_calendar()), (None, false));
        assert_eq!(known(&world, &id, 1).await[0], theirs("calendar"), "as whose they chose it");
    }

    async fn those_of_an_earlier_connection_stay_for_its_clean_up_alone(db: TestDatabase) {
        let world = World::new(db).await;
        let id = synced(&world, "ana").await;
        let saga = left_over(&world, "ana").await;
        world.consented("ana", "another", CalendarChoice::New).await;
        assert_eq!(known(&world, &id, 2).await, []);
        let left = calendars::of_disconnect(&mut world.read().await, (&id, 1), &saga.id).await.unwrap();
        assert_eq!(left, [Calendar { has_items: true, ..ours("calendar") }]);
        assert_eq!(known(&world, &id, 1).await, [ours("calendar")], "no mapping tells of it");

        let mut tx = world.begin().await;
        let forgotten = disconnects::forget(&mut tx, SagaState::DoneWithLeftovers, at(9), 9).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!((forgotten, known(&world, &id, 1).await), (1, Vec::new()));
    }

    async fn what_is_still_to_be_adopted_outlives_its_disconnect(db: TestDatabase) {
        let world = World::new(db).await;
        let id = synced(&world, "ana").await;
        left_over(&world, "ana").await;
        let mut tx = world.begin().await;
        disconnects::forget(&mut tx, SagaState::DoneWithLeftovers, at(9), 9).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(known(&world, &id, 1).await.len(), 1);
        let again = world.consented("ana", "ana", CalendarChoice::New).await;
        assert_eq!((again.epoch, again.target_calendar_id.as_deref()), (1, Some("calendar")));
        world.raw().await.end_connections().await;
        world.consented("ana", "another", CalendarChoice::New).await;
        assert_eq!(known(&world, &id, 1).await, [], "in another account nobody asks for it any more");
    }

    async fn a_calendar_that_was_lost_is_not_taken_up_after_a_disconnect(db: TestDatabase) {
        let world = World::new(db).await;
        for (reason, user) in [(Reason::CalendarGone, "ana"), (Reason::CalendarReadOnly, "ben")] {
            let id = synced(&world, user).await;
            let mut tx = world.begin().await;
            integrations::needs_action(&world.store, &mut tx, &id, stop_cause(reason), at(2)).await.unwrap();
            tx.commit().await.unwrap();
            left_over(&world, user).await;
            let again = world.consented(user, user, CalendarChoice::New).await;
            assert_eq!((again.epoch, again.target_calendar_id), (1, None), "{reason:?}");
        }
    }
}
