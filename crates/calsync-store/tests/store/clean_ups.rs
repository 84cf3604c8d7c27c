//! What a disconnect left, and the consent by which it is removed.

use calsync_core::disconnect::{SagaState, StepName, StepOutcome};
use calsync_core::integration::{CalendarChoice, IntegrationState};
use calsync_core::reason::Reason;
use calsync_store::clean_ups::{self, CleanUp, ConsentState};
use calsync_store::disconnects::{self, Reopened, Saga};
use calsync_store::{integrations, leases};
use calsync_testing::on_both_databases;
use secrecy::ExposeSecret;
use tokio::task::JoinSet;

use crate::disconnects::{claim, saga, start, started, step, synced};
use crate::world::{LEASE, World, at, grant};

/// `user`'s disconnect, ended with their one event left.
pub(crate) async fn left_over(world: &World, user: &str) -> Saga {
    let id = started(world, user).await.id;
    let mut lease = claim(world, "w1", at(2)).await.remove(0);
    let running = saga(world, &id).await;
    let mut tx = world.begin().await;
    leases::disconnects::extend(&mut tx, &mut lease, LEASE, at(3)).await.unwrap();
    for name in StepName::ALL {
        let outcome = if *name == StepName::RemoveItems { StepOutcome::CouldNot } else { StepOutcome::Done };
        disconnects::end_step(&mut tx, &lease, &step(*name, outcome)).await.unwrap();
    }
    disconnects::keep_leftovers(&mut tx, &running).await.unwrap();
    disconnects::wipe(&world.store, &mut tx, &running.integration_id, running.before.epoch, false, at(3))
        .await
        .unwrap();
    disconnects::finish(&mut tx, &lease, SagaState::DoneWithLeftovers, at(3)).await.unwrap();
    tx.commit().await.unwrap();
    saga(world, &id).await
}

async fn clean_up(world: &World, of: &Saga, token: &str) -> CleanUp {
    let new = CleanUp {
        id: format!("clean-up-{token}"),
        disconnect_id: of.id.clone(),
        user_id: of.user_id.clone(),
        expires_at: at(10),
        is_begun: false,
        ended_at: None,
        reason: None,
    };
    let mut tx = world.begin().await;
    clean_ups::create(&mut tx, &new, token, at(4)).await.unwrap();
    tx.commit().await.unwrap();
    new
}

async fn begin(world: &World, clean_up: &CleanUp, minute: i64) -> bool {
    let verifier = "the-verifier".into();
    let consent =
        ConsentState { state: "state-1", browser: "browser-1", verifier: &verifier, expires_at: at(30) };
    let mut tx = world.begin().await;
    let begun = clean_ups::begin(&world.store, &mut tx, clean_up, &consent, at(minute)).await.unwrap();
    tx.commit().await.unwrap();
    begun
}

async fn reopen(world: &World, id: &str) -> Reopened {
    let mut tx = world.begin().await;
    let reopened = disconnects::reopen(&mut tx, id, "clean-up", at(5)).await.unwrap();
    if reopened == Reopened::Running {
        tx.commit().await.unwrap();
    }
    reopened
}

on_both_databases! {
    async fn a_link_is_used_once_in_time_and_secrets_are_sealed_then_wiped(db: TestDatabase) {
        let world = World::new(db).await;
        synced(&world, "ana").await;
        let left = left_over(&world, "ana").await;
        let late = clean_up(&world, &left, "late").await;
        let made = clean_up(&world, &left, "token").await;
        assert_eq!(clean_ups::of_link(&mut world.read().await, "token").await.unwrap(), Some(made.clone()));
        assert!(!begin(&world, &late, 10).await, "too late");
        assert!(begin(&world, &made, 9).await);
        assert!(!begin(&world, &made, 9).await, "once");
        let begun = clean_ups::of_browser(&mut world.read().await, "browser-1").await.unwrap().unwrap();
        assert_eq!(begun, CleanUp { is_begun: true, expires_at: at(30), ..made.clone() });

        let mut tx = world.begin().await;
        for (state, browser, minute) in
            [("state-2", "browser-1", 11), ("state-1", "browser-2", 11), ("state-1", "browser-1", 30)] {
            assert!(clean_ups::take(&world.store, &mut tx, state, browser, at(minute)).await.unwrap().is_none());
        }
        drop(tx);
        let mut takers = JoinSet::new();
        for _ in 0..8 {
            let store = world.store.clone();
            takers.spawn(async move {
                let mut tx = store.begin().await.unwrap();
                let taken = clean_ups::take(&store, &mut tx, "state-1", "browser-1", at(11)).await.unwrap();
                tx.commit().await.unwrap();
                taken.map(|(_, verifier)| verifier.unwrap().expose_secret().to_owned())
            });
        }
        let taken: Vec<String> = takers.join_all().await.into_iter().flatten().collect();
        assert_eq!(taken, ["the-verifier"], "once, and readable");

        let (access_token, refresh_token) = ("access-9".into(), "refresh-9".into());
        let grant = grant(&access_token, Some(&refresh_token), at(60));
        let mut tx = world.begin().await;
        clean_ups::keep_grant(&world.store, &mut tx, &made, &grant).await.unwrap();
        tx.commit().await.unwrap();
        let keyring = world.store.keyring();
        let kept = clean_ups::tokens(&mut world.read().await, keyring, &made.id).await.unwrap().unwrap();
        assert_eq!(kept.access.unwrap().unwrap().expose_secret(), "access-9");
        assert_eq!(kept.refresh.unwrap().unwrap().expose_secret(), "refresh-9");
        assert_eq!(kept.expires_at, Some(at(60)));
        let sealed = "access_token IS NOT NULL AND refresh_token IS NOT NULL";
        assert_eq!(world.raw().await.count("clean_ups", sealed).await, 1);

        let mut tx = world.begin().await;
        clean_ups::end(&mut tx, &made.id, Some(Reason::OtherAccount), at(12)).await.unwrap();
        tx.commit().await.unwrap();
        let ended = clean_ups::of_link(&mut world.read().await, "token").await.unwrap().unwrap();
        assert_eq!((ended.ended_at, ended.reason), (Some(at(12)), Some(Reason::OtherAccount)));
        let secrets = "verifier IS NOT NULL OR access_token IS NOT NULL OR refresh_token IS NOT NULL";
        assert_eq!(world.raw().await.count("clean_ups", secrets).await, 0);
    }

    async fn what_was_left_is_listed_until_it_is_gone(db: TestDatabase) {
        let world = World::new(db).await;
        synced(&world, "ana").await;
        let left = left_over(&world, "ana").await;
        let mut tx = world.begin().await;
        let page = disconnects::leftovers(&mut tx, &left.id, None, None, 9).await.unwrap();
        let [event] = &page[..] else { panic!("one is left: {page:?}") };
        assert_eq!((event.google_id.as_str(), event.item.id.as_str()), ("event1", "ana"));
        assert_eq!(disconnects::leftovers(&mut tx, &left.id, Some("calendar"), Some(event), 9).await.unwrap(), []);
        assert_eq!(disconnects::leftovers(&mut tx, &left.id, Some("work"), None, 9).await.unwrap(), []);
        assert_eq!(disconnects::count_leftovers(&mut tx, &left.id, Some("calendar")).await.unwrap(), 1);
        disconnects::leftover_removed(&mut tx, &left.id, "another").await.unwrap();
        assert_eq!(disconnects::count_leftovers(&mut tx, &left.id, Some("calendar")).await.unwrap(), 1);
        disconnects::leftover_removed(&mut tx, &left.id, "event1").await.unwrap();
        assert_eq!(disconnects::count_leftovers(&mut tx, &left.id, Some("calendar")).await.unwrap(), 0);
        drop(tx);
        let mut tx = world.begin().await;
        disconnects::nothing_left(&mut tx, &left.id).await.unwrap();
        assert_eq!(disconnects::count_leftovers(&mut tx, &left.id, Some("calendar")).await.unwrap(), 0);
    }

    async fn a_clean_up_carries_the_disconnect_on_and_keeps_others_out(db: TestDatabase) {
        let world = World::new(db).await;
        let id = synced(&world, "ana").await;
        let left = left_over(&world, "ana").await;
        let found = disconnects::to_clean_up(&mut world.read().await, "ana").await.unwrap();
        assert_eq!(found.as_ref(), Some(&left));
        assert_eq!(reopen(&world, &left.id).await, Reopened::Running);
        assert_eq!(reopen(&world, &left.id).await, Reopened::NothingLeft, "it runs already");
        assert_eq!(disconnects::to_clean_up(&mut world.read().await, "ana").await.unwrap(), None);
        let running = saga(&world, &left.id).await;
        assert_eq!(running.next_step(), Some(StepName::RemoveItems));
        assert_eq!(running.steps.len(), 6, "what they told before can be read");
        assert_eq!(disconnects::running(&mut world.read().await, &id).await.unwrap(), Some(running));
        assert_eq!(world.tries_to_connect("ana", "ana", CalendarChoice::New).await, None);

        let mut lease = claim(&world, "w1", at(5)).await.remove(0);
        let mut tx = world.begin().await;
        leases::disconnects::extend(&mut tx, &mut lease, LEASE, at(5)).await.unwrap();
        disconnects::end_step(&mut tx, &lease, &step(StepName::RemoveItems, StepOutcome::Done)).await.unwrap();
        tx.commit().await.unwrap();
        let after = saga(&world, &left.id).await;
        assert_eq!(after.next_step(), Some(StepName::Revoke));
        let removal = after.step(StepName::RemoveItems).unwrap();
        assert_eq!((removal.outcome, removal.receipt.as_str()),
            (StepOutcome::Done, "remove_items it is. remove_items it is."));
    }

    async fn what_a_new_connection_took_over_is_not_cleaned_up(db: TestDatabase) {
        let world = World::new(db).await;
        let id = synced(&world, "ana").await;
        let left = left_over(&world, "ana").await;
        assert!(!disconnects::is_in_use(&mut world.read().await, &left.id).await.unwrap());
        world.consented("ana", "ana", CalendarChoice::New).await;
        assert!(disconnects::is_in_use(&mut world.read().await, &left.id).await.unwrap());
        assert_eq!(reopen(&world, &left.id).await, Reopened::ConnectedAgain);
        assert_eq!(disconnects::to_clean_up(&mut world.read().await, "ana").await.unwrap(), None);
        let live = integrations::get(&mut world.read().await, &id).await.unwrap().unwrap();
        assert_eq!(live.state, IntegrationState::Active);

        world.consented("ana", "elsewhere", CalendarChoice::New).await;
        assert_eq!(reopen(&world, &left.id).await, Reopened::Running, "that is another calendar");
        let live = integrations::get(&mut world.read().await, &id).await.unwrap().unwrap();
        assert_eq!((live.state, live.epoch), (IntegrationState::Connecting, 2), "and stays as it is");
        let mut tx = world.begin().await;
        disconnects::wipe(&world.store, &mut tx, &id, 1, true, at(6)).await.unwrap();
        tx.commit().await.unwrap();
        let live = integrations::get(&mut world.read().await, &id).await.unwrap().unwrap();
        assert_eq!(live.state, IntegrationState::Connecting);
        let start = start(&world, "ana", &disconnects::RequestedBy::User).await;
        assert!(matches!(start, disconnects::Start::Started(_)), "both may run: {start:?}");
    }

    async fn a_later_disconnect_settles_the_earlier_one(db: TestDatabase) {
        let world = World::new(db).await;
        synced(&world, "ana").await;
        synced(&world, "ben").await;
        let left = left_over(&world, "ana").await;
        let other = left_over(&world, "ben").await;
        world.consented("ana", "ana", CalendarChoice::New).await;
        let later = started(&world, "ana").await;
        let mut tx = world.begin().await;
        assert!(!disconnects::others_remove(&mut tx, &later).await.unwrap());
        assert!(disconnects::others_remove(&mut tx, &left).await.unwrap(), "the later one has the same account");
        disconnects::settle_earlier(&mut tx, &later).await.unwrap();
        assert_eq!(disconnects::count_leftovers(&mut tx, &left.id, Some("calendar")).await.unwrap(), 0);
        assert_eq!(disconnects::count_leftovers(&mut tx, &other.id, Some("calendar")).await.unwrap(), 1);
        tx.commit().await.unwrap();
        let settled = saga(&world, &left.id).await;
        assert_eq!(settled.state, SagaState::Done);
        let removal = settled.step(StepName::RemoveItems).unwrap();
        assert_eq!(removal.outcome, StepOutcome::AlreadySo);
        assert_eq!(removal.receipt, "remove_items it is. A later disconnect from the same calendar did it.");
        assert_eq!(saga(&world, &other.id).await, other);
    }
}
