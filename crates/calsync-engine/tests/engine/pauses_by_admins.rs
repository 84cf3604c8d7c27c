//! What an admin paused costs Google nothing, and goes on once the pause is ended. A disconnect waits for no pause but
//! that of everything.

use calsync_core::integration::{CalendarChoice, IntegrationState};
use calsync_core::outcome::Operation;
use calsync_core::pause::PauseTarget;
use calsync_core::reason::Reason;
use calsync_engine::disconnect::{RemoteItems, SagaState, Started};
use calsync_engine::target_calendar::{self, TargetChoice};
use calsync_store::pauses::{self, Begun, NewPauseByAdmin};
use calsync_testing::on_both_databases;
use calsync_testing::world::{World, email};

use crate::pauses::{minutes, waiting};

/// Pauses `target`; the pause's id.
async fn pause(world: &World, target: PauseTarget) -> String {
    let (store, now) = (world.engine.store(), world.engine.now());
    let new = NewPauseByAdmin { target: &target, admin_id: "kim", note: "They asked for it." };
    let mut tx = store.begin().await.unwrap();
    let Begun::Now(pause) = pauses::begin_by_admin(store, &mut tx, new, now).await.unwrap() else { panic!() };
    tx.commit().await.unwrap();
    pause.id
}

async fn end(world: &World, id: &str) {
    let (store, now) = (world.engine.store(), world.engine.now());
    let mut tx = store.begin().await.unwrap();
    let ended = pauses::end_by_admin(store, &mut tx, id, ("kim", "It is over."), now).await.unwrap();
    assert!(ended.is_some());
    tx.commit().await.unwrap();
}

on_both_databases! {
    async fn a_paused_user_costs_no_call_and_goes_on_afterwards(db: TestDatabase) {
        let world = World::new(db).await;
        for user in ["ana", "ben"] {
            world.synced(user, 1).await;
        }
        let id = pause(&world, PauseTarget::User("ana".into())).await;
        world.put_task("ana", 0, "changed", "active").await;
        assert_eq!(minutes(&world, 3).await, [0, 0, 0]);
        world.put_task("ben", 0, "changed", "active").await;
        assert_eq!(minutes(&world, 1).await, [1], "nobody else waits");
        end(&world, &id).await;
        minutes(&world, 1).await;
        assert_eq!(waiting(&world).await, 0);
    }

    async fn a_paused_operation_leaves_waiting_what_needs_it_and_nothing_else(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 2).await;
        let id = pause(&world, PauseTarget::Operation(Operation::Delete)).await;
        world.delete_task("ana", 0).await;
        world.put_task("ana", 1, "changed", "active").await;
        assert_eq!(minutes(&world, 1).await, [1], "the update");
        let passes = world.integration("ana").await;
        assert_eq!(minutes(&world, 5).await, [0; 5]);
        assert_eq!((passes.state, passes.failures), (IntegrationState::Active, 0));
        let stands = format!("sync_state = 'waiting' AND reason = '{}' AND failures = 0", Reason::Paused.name());
        assert_eq!(world.count("sync_mappings", &stands).await, 1);
        let unsent = "event_state = 'deleting' AND delete_sent_at IS NULL";
        assert_eq!(world.count("sync_mappings", unsent).await, 1, "no delete was announced");
        assert_eq!(world.count("user_integrations", "fence < 30").await, 1, "no pass follows on the other");
        end(&world, &id).await;
        assert_eq!(minutes(&world, 2).await, [1, 0]);
        assert_eq!((waiting(&world).await, world.events("ana", true).len()), (0, 1));
    }

    async fn a_paused_insert_announces_no_event(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 0).await;
        let id = pause(&world, PauseTarget::Operation(Operation::Insert)).await;
        world.put_task("ana", 0, "", "active").await;
        assert_eq!(minutes(&world, 2).await, [0, 0]);
        assert_eq!(world.count("sync_mappings", "event_state = 'unsent'").await, 1);
        end(&world, &id).await;
        assert_eq!(minutes(&world, 2).await, [1, 0]);
    }

    async fn no_calendar_is_made_while_that_is_paused(db: TestDatabase) {
        let world = World::new(db).await;
        let id = pause(&world, PauseTarget::Operation(Operation::CreateCalendar)).await;
        world.account("ana");
        world.connect("ana", &email("ana"), CalendarChoice::New).await;
        assert_eq!(minutes(&world, 3).await, [0, 0, 0]);
        assert_eq!(world.count("calendars", "TRUE").await, 0, "none is announced");
        end(&world, &id).await;
        minutes(&world, 2).await;
        assert_eq!(world.integration("ana").await.state, IntegrationState::Active);
    }

    async fn a_calendar_that_was_left_stays_while_its_removal_is_paused(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 1).await;
        world.connect("ana", &email("ana"), CalendarChoice::Existing).await;
        world.sync().await;
        let id = pause(&world, PauseTarget::Operation(Operation::DeleteCalendar)).await;
        let (integration, team) = (world.integration("ana").await, TargetChoice::Existing("team-ana".into()));
        target_calendar::change(&world.engine, &integration.id, &team).await.unwrap();
        minutes(&world, 1).await;
        assert_eq!(waiting(&world).await, 0, "the event moves");
        assert_eq!(minutes(&world, 3).await, [0, 0, 0]);
        world.put_task("ana", 0, "changed", "active").await;
        assert_eq!(minutes(&world, 1).await, [1], "a change waits for no calendar");
        end(&world, &id).await;
        minutes(&world, 2).await;
        assert_eq!(world.requests("calendars.delete"), 1);
    }

    async fn a_disconnect_waits_for_no_pause_but_that_of_everything(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 1).await;
        pause(&world, PauseTarget::User("ana".into())).await;
        pause(&world, PauseTarget::Operation(Operation::Delete)).await;
        let everything = pause(&world, PauseTarget::Everything).await;
        let Started::Started { saga } = world.start("ana", RemoteItems::Remove).await else { panic!() };
        world.resume().await;
        assert_eq!((world.saga(&saga.id).await.state, world.events("ana", true).len()), (SagaState::Running, 1));
        end(&world, &everything).await;
        assert_eq!(world.finish(&saga.id).await.state, SagaState::Done);
        assert_eq!(world.events("ana", true).len(), 0);
    }
}
