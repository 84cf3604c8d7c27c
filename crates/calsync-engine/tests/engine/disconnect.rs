//! The whole way of a disconnect, and what comes after it.

use calsync_core::change::Change;
use calsync_core::integration::{CalendarChoice, IntegrationState};
use calsync_core::reason::Reason;
use calsync_engine::consent::{self, CallbackResult, ConsentStart};
use calsync_engine::disconnect::{self, RemoteItems, RequestedBy, SagaState, Started, StepName};
use calsync_engine::{EngineError, feed, reconcile};
use calsync_simulator::{FaultEffect, FaultMatch, FaultRule, RevokeCause};
use calsync_store::audit;
use calsync_testing::world::{World, email, summary};
use calsync_testing::{DatabaseKind, TestDatabase, on_both_databases};
use jiff::SignedDuration;
use tokio::task::JoinHandle;

pub(crate) const ALL_DONE: &str = "done: freeze done, stop_channels skipped, remove_items done, revoke done, \
                        verify done, wipe done";

pub(crate) fn fault(method: &str, status: u16, times: Option<u64>) -> FaultRule {
    FaultRule {
        matches: FaultMatch { method: Some(method.into()), ..FaultMatch::default() },
        effect: FaultEffect { status: Some(status), ..FaultEffect::default() },
        times,
        ..FaultRule::default()
    }
}

/// Ana, and a page of hers whose refresh Google has answered already, though nobody heard it yet; with
/// the version of the tokens before, and what will keep the page from being shown.
async fn a_page_that_refreshes(world: &World) -> (i64, JoinHandle<Option<Reason>>) {
    world.synced("ana", 1).await;
    world.advance(3_600);
    let version = world.tokens("ana").await.version;
    world.transport.hold_next("/token");
    let (engine, id) = (world.engine.clone(), world.integration("ana").await.id);
    let page = tokio::spawn(async move {
        consent::writable_calendars(&engine, &id).await.err().map(|error| error.reason())
    });
    world.transport.held_one().await;
    (version, page)
}

on_both_databases! {
    async fn everything_goes_and_nothing_syncs_any_more(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 3).await;
        assert_eq!(world.events("ana", true).len(), 3);

        let saga = world.disconnect("ana", RemoteItems::Remove).await;
        assert_eq!(summary(&saga), ALL_DONE);
        let removal = &saga.step(StepName::RemoveItems).unwrap().receipt;
        assert_eq!(removal, "The calendar that we made is removed, with 3 items.");
        assert!(saga.steps.iter().all(|step| step.receipt.ends_with('.')), "{saga:?}");
        assert_eq!(saga.requested_by, RequestedBy::Admin { id: "kim".into() });
        assert_eq!(world.events("ana", true).len(), 0);
        assert!(!world.has_grant("ana"));
        let tokens = world.tokens("ana").await;
        assert!(tokens.access.is_none() && tokens.refresh.is_none() && tokens.expires_at.is_none());
        assert_eq!(world.integration("ana").await.state, IntegrationState::Disconnected);

        let calls = world.transport.calls();
        world.put_tasks("ana", 20, "changed").await;
        world.advance(3_600);
        world.sync().await;
        world.resume().await;
        assert_eq!(world.transport.calls(), calls, "20 changes, no call");
    }

    async fn what_an_admin_starts_is_in_the_audit(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 1).await;
        let saga = world.disconnect("ana", RemoteItems::Keep).await;
        let mut tx = world.engine.store().read().await.unwrap();
        let [row] = &audit::list(&mut tx, Some("ana"), None, 10).await.unwrap()[..] else { panic!("one deed") };
        assert_eq!((row.admin_id.as_str(), row.action.as_str()), ("kim", "integration.disconnect"));
        assert_eq!(row.note.as_deref(), Some("asked by mail"));
        assert_eq!(row.metadata["disconnect_id"], saga.id);
        assert_eq!(row.metadata["remote_items"], "keep");
    }

    async fn what_is_to_stay_stays_and_is_adopted_by_a_new_connection(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 3).await;
        let before = world.events("ana", true);
        let saga = world.disconnect("ana", RemoteItems::Keep).await;
        assert_eq!(
            summary(&saga),
            "done: freeze done, stop_channels skipped, remove_items skipped, revoke done, verify done, wipe done"
        );
        assert_eq!(world.events("ana", true), before);

        world.connect("ana", &email("ana"), CalendarChoice::New).await;
        world.put_tasks("ana", 4, "").await;
        world.sync().await;
        assert_eq!(world.events("ana", true).len(), 4, "nothing is doubled");
    }

    async fn a_new_connection_after_a_removal_starts_anew(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 3).await;
        let epoch = world.integration("ana").await.epoch;
        for round in 1..=2 {
            assert_eq!(summary(&world.disconnect("ana", RemoteItems::Remove).await), ALL_DONE);
            world.connect("ana", &email("ana"), CalendarChoice::New).await;
            world.sync().await;
            assert_eq!(world.events("ana", true).len(), 3);
            assert_eq!(world.integration("ana").await.epoch, epoch + round);
        }
    }

    /// Seed 5041 of the simulation, on Postgres: Google gave its refresh token with the consent that was lost.
    async fn a_grant_that_only_the_access_token_is_of_is_revoked_too(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 1).await;
        world.google.revoke(&email("ana"), RevokeCause::User);
        world.google.set_faults(vec![fault("userinfo", 503, None)]);
        let lost = world.connect("ana", &email("ana"), CalendarChoice::New).await;
        assert!(matches!(lost, CallbackResult::Failed { .. }), "{lost:?}");
        world.google.set_faults(Vec::new());
        let again = world.connect("ana", &email("ana"), CalendarChoice::New).await;
        assert!(matches!(again, CallbackResult::Connected { .. }), "{again:?}");
        let saga = world.disconnect("ana", RemoteItems::Remove).await;
        assert_eq!(summary(&saga), ALL_DONE);
        assert!(!world.has_grant("ana"));
    }

    async fn a_dead_grant_leaves_what_the_receipt_names(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 3).await;
        world.google.revoke(&email("ana"), RevokeCause::User);

        let saga = world.disconnect("ana", RemoteItems::Remove).await;
        assert_eq!(
            summary(&saga),
            "done_with_leftovers: freeze done, stop_channels skipped, remove_items could_not, \
             revoke already_so, verify done, wipe done"
        );
        assert_eq!(
            saga.step(StepName::RemoveItems).unwrap().receipt,
            "Google has ended our access. 0 removed, 3 may be left: task:ana-0, task:ana-1, task:ana-2."
        );
        assert!(world.tokens("ana").await.refresh.is_none());

        world.connect("ana", &email("ana"), CalendarChoice::New).await;
        world.sync().await;
        assert_eq!(world.events("ana", true).len(), 3, "what was left is adopted");
        assert_eq!(summary(&world.disconnect("ana", RemoteItems::Remove).await), ALL_DONE);
        assert_eq!(world.events("ana", true).len(), 0);
    }

    async fn an_unreadable_token_causes_no_call(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 2).await;
        // Sealed for one column, neither opens in the other.
        let swap = "UPDATE user_integrations SET access_token = refresh_token, refresh_token = access_token";
        world.sql(swap).await;
        let calls = world.transport.calls();
        let saga = world.disconnect("ana", RemoteItems::Remove).await;
        assert_eq!(
            summary(&saga),
            "done_with_leftovers: freeze done, stop_channels skipped, remove_items could_not, \
             revoke could_not, verify could_not, wipe done"
        );
        assert_eq!(world.transport.calls(), calls);
        world.connect("ana", &email("ana"), CalendarChoice::New).await;
        world.sync().await;
        assert_eq!(world.events("ana", true).len(), 2, "nothing is doubled");
    }

    async fn a_second_wish_answers_the_running_disconnect(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 1).await;
        let Started::Started { saga } = world.start("ana", RemoteItems::Keep).await else { panic!() };
        let again = world.start("ana", RemoteItems::Remove).await;
        assert_eq!(again, Started::AlreadyRunning { saga: saga.clone() });
        let ended = world.finish(&saga.id).await;
        assert_eq!(ended.remote_items, RemoteItems::Keep);
        assert_eq!(world.start("ana", RemoteItems::Keep).await, Started::NothingConnected);
        assert_eq!(world.start("nobody", RemoteItems::Keep).await, Started::NothingConnected);
        assert_eq!(disconnect::saga(&world.engine, "unknown").await.unwrap(), None);
    }

    async fn the_preview_tells_what_would_end(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 3).await;
        world.put_tasks("ana", 2, "changed").await;
        let preview = disconnect::preview(&world.engine, "ana", "google").await.unwrap().unwrap();
        assert_eq!((preview.channels, preview.items, preview.waiting), (0, 3, 2));
        assert_eq!(preview.other_scopes.len(), 0, "{preview:?}");
        assert_eq!(disconnect::preview(&world.engine, "ana", "zoom").await.unwrap(), None);
    }

    async fn another_provider_is_wiped(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 1).await;
        world.sql("UPDATE user_integrations SET provider = 'zoom'").await;
        let calls = world.transport.calls();
        let Started::Started { saga } = world.start_from("ana", "zoom", RemoteItems::Remove).await else {
            panic!()
        };
        let saga = world.finish(&saga.id).await;
        assert_eq!(
            summary(&saga),
            "done: freeze done, stop_channels skipped, remove_items skipped, revoke skipped, \
             verify skipped, wipe done"
        );
        assert_eq!(world.transport.calls(), calls);
        let tokens = world.tokens("ana").await;
        assert!(tokens.access.is_none() && tokens.refresh.is_none());
        let last = feed::after(&world.engine, 0, 100).await.unwrap().pop().unwrap();
        assert_eq!((last.user_id.as_str(), last.change), ("ana", Change::Disconnected), "the platform is told");
        assert_eq!(last.after["provider"], "zoom");
    }

    async fn the_grant_lives_as_long_as_another_user_needs_it(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 2).await;
        world.connect("ben", &email("ana"), CalendarChoice::New).await;
        world.put_tasks("ben", 1, "").await;
        world.sync().await;

        let saga = world.disconnect("ana", RemoteItems::Remove).await;
        assert_eq!(
            summary(&saga),
            "done: freeze done, stop_channels skipped, remove_items done, revoke skipped, verify skipped, wipe done"
        );
        assert!(world.has_grant("ana"));
        assert_eq!(world.events("ana", true).len(), 1, "only what is ben's");
        assert_eq!(summary(&world.disconnect("ben", RemoteItems::Remove).await), ALL_DONE);
        assert!(!world.has_grant("ana"));
    }

    async fn two_that_share_a_grant_and_end_at_once_both_remove_their_items(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 2).await;
        world.connect("ben", &email("ana"), CalendarChoice::New).await;
        world.put_tasks("ben", 2, "").await;
        world.sync().await;
        let Started::Started { saga: ana } = world.start("ana", RemoteItems::Remove).await else { panic!() };
        let Started::Started { saga: ben } = world.start("ben", RemoteItems::Remove).await else { panic!() };
        let (ana, ben) = (world.finish(&ana.id).await, world.finish(&ben.id).await);
        assert_eq!((ana.state, ben.state), (SagaState::Done, SagaState::Done), "{ana:?} {ben:?}");
        assert_eq!(world.events("ana", true).len(), 0);
        assert!(!world.has_grant("ana"));
    }

    async fn the_grant_stays_if_the_deployment_wants_it_so(db: TestDatabase) {
        let world = World::with(db, |settings| settings.revoke = false).await;
        world.synced("ana", 1).await;
        let saga = world.disconnect("ana", RemoteItems::Remove).await;
        assert_eq!(
            summary(&saga),
            "done: freeze done, stop_channels skipped, remove_items done, revoke skipped, verify skipped, wipe done"
        );
        assert!(world.has_grant("ana"));
        assert!(world.tokens("ana").await.refresh.is_none());
    }

    async fn a_google_that_fails_is_asked_again(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 2).await;
        world.google.set_faults(["events.list", "calendars.delete", "revoke", "token"].map(|method| fault(method, 503, Some(3))).into());
        assert_eq!(summary(&world.disconnect("ana", RemoteItems::Remove).await), ALL_DONE);
        assert_eq!(world.events("ana", true).len(), 0);
    }

    async fn a_google_that_never_answers_ends_with_leftovers(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 2).await;
        world.google.set_faults(vec![FaultRule { matches: FaultMatch::default(), ..fault("", 503, None) }]);
        let saga = world.disconnect("ana", RemoteItems::Remove).await;
        assert_eq!(
            summary(&saga),
            "done_with_leftovers: freeze done, stop_channels skipped, remove_items could_not, \
             revoke could_not, verify could_not, wipe done"
        );
        assert!(world.tokens("ana").await.refresh.is_none());
    }

    async fn a_token_that_google_still_takes_is_told(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 1).await;
        world.transport.pretend("/revoke");
        let began = world.engine.now();
        let saga = world.disconnect("ana", RemoteItems::Remove).await;
        assert_eq!(saga.state, SagaState::DoneWithLeftovers);
        let verified = saga.step(StepName::Verify).unwrap();
        assert_eq!(verified.receipt, "Google still accepted the old token after 2 minutes.");
        assert!(verified.at.duration_since(began).as_secs() >= 120);
        assert!(world.tokens("ana").await.refresh.is_none());
    }

    async fn a_pass_under_way_is_waited_for_and_writes_nothing(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 1).await;
        world.put_tasks("ana", 2, "").await;
        let lease = reconcile::claim(&world.engine, "worker", 1).await.unwrap().remove(0);
        world.transport.hold("/events");
        let pass = tokio::spawn({
            let engine = world.engine.clone();
            async move { reconcile::pass(&engine, &lease).await }
        });
        world.transport.held_one().await;
        assert_eq!(world.events("ana", true).len(), 2, "the insert reached Google, its answer did not reach us");

        let Started::Started { saga } = world.start("ana", RemoteItems::Remove).await else { panic!() };
        for _ in 0..3 {
            world.resume().await;
            world.advance(1);
        }
        assert_eq!(world.saga(&saga.id).await.steps, [], "it waits for the pass");
        world.transport.let_through();
        let lost: EngineError = pass.await.unwrap().unwrap_err();
        assert!(lost.is_lease_lost(), "{lost}");
        world.resume().await;
        assert!(world.saga(&saga.id).await.steps.len() > 2, "the pass let go, so it goes on at once");
        assert_eq!(summary(&world.finish(&saga.id).await), ALL_DONE);
        assert_eq!(world.events("ana", true).len(), 0);
    }

    async fn a_refresh_under_way_writes_nothing_back(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 1).await;
        world.advance(3_600);
        world.put_tasks("ana", 1, "changed").await;
        let version = world.tokens("ana").await.version;
        let lease = reconcile::claim(&world.engine, "worker", 1).await.unwrap().remove(0);
        world.transport.hold("/token");
        let pass = tokio::spawn({
            let engine = world.engine.clone();
            async move { reconcile::pass(&engine, &lease).await }
        });
        world.transport.held_one().await;
        let Started::Started { saga } = world.start("ana", RemoteItems::Remove).await else { panic!() };
        world.resume().await;
        assert_eq!(world.saga(&saga.id).await.steps, []);
        world.transport.let_through();
        assert!(pass.await.unwrap().is_err());
        assert_eq!(world.tokens("ana").await.version, version, "the new token was not stored");
        assert_eq!(summary(&world.finish(&saga.id).await), ALL_DONE);
        assert!(world.tokens("ana").await.refresh.is_none());
    }

    async fn a_refresh_for_a_page_is_waited_for_and_writes_nothing_back(db: TestDatabase) {
        let world = World::new(db).await;
        let (version, page) = a_page_that_refreshes(&world).await;
        let Started::Started { saga } = world.start("ana", RemoteItems::Remove).await else { panic!() };
        world.resume().await;
        assert_eq!(world.saga(&saga.id).await.steps, []);
        world.transport.let_through();
        assert_eq!(page.await.unwrap(), Some(Reason::NotConnected));
        assert_eq!(world.tokens("ana").await.version, version, "the new token was not stored");
        assert_eq!(summary(&world.finish(&saga.id).await), ALL_DONE);
        assert!(world.tokens("ana").await.refresh.is_none());
    }

    async fn a_connection_waits_for_the_end_of_the_one_before(db: TestDatabase) {
        let world = World::new(db).await;
        world.synced("ana", 1).await;
        let leave = async || { world.start("ana", RemoteItems::Remove).await; };
        let early = world.connect_while("ana", &email("ana"), CalendarChoice::New, leave).await;
        assert!(matches!(early, CallbackResult::Failed { reason: Reason::WaitingTurn, .. }), "{early:?}");
        let Started::AlreadyRunning { saga } = world.start("ana", RemoteItems::Remove).await else { panic!() };
        let link = consent::create_link(&world.engine, "ana", None, SignedDuration::from_mins(15)).await.unwrap();
        let token = link.unwrap().url.rsplit('/').next().unwrap().to_owned();
        let begun = async || consent::begin(&world.engine, &token, CalendarChoice::New).await.unwrap();
        assert!(matches!(begun().await, ConsentStart::Disconnecting));
        assert_eq!(summary(&world.finish(&saga.id).await), ALL_DONE);
        assert!(matches!(begun().await, ConsentStart::Redirect { .. }), "the link stays good");
        let then = world.connect("ana", &email("ana"), CalendarChoice::New).await;
        assert!(matches!(then, CallbackResult::Connected { .. }), "{then:?}");
    }
}

/// On SQLite, whose leases end by the clock of the story.
#[tokio::test]
async fn a_refresh_that_outlasts_the_disconnect_writes_nothing_back() {
    let world = World::new(TestDatabase::new(DatabaseKind::Sqlite)).await;
    let (_, page) = a_page_that_refreshes(&world).await;
    assert_eq!(summary(&world.disconnect("ana", RemoteItems::Remove).await), ALL_DONE);
    world.transport.let_through();
    assert_eq!(page.await.unwrap(), Some(Reason::NotConnected));
    let tokens = world.tokens("ana").await;
    assert!(tokens.access.is_none() && tokens.refresh.is_none() && tokens.expires_at.is_none());
    assert_eq!(world.integration("ana").await.state, IntegrationState::Disconnected);
}
