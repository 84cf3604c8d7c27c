//! While a pause of the whole deployment stands, one connection at a time tries whether it is over.

use calsync_core::integration::CalendarChoice;
use calsync_core::pause::PauseScope;
use calsync_core::reason::Reason;
use calsync_store::pauses::{self, NewPause, Pause};
use calsync_store::{integrations, leases};
use calsync_testing::on_both_databases;
use jiff::{SignedDuration, Timestamp};

use crate::world::{World, at, grant, quiet};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

fn new_pause(scope: PauseScope, reason: Reason, now: Timestamp) -> NewPause<'static> {
    NewPause { scope, key: "", reason, probe_at: now + MINUTE, until: None }
}

/// Refusals of many that are not believed for 20 minutes.
fn doubt(scope: PauseScope, key: &str, now: Timestamp) -> NewPause<'_> {
    let until = Some(now + MINUTE * 20);
    NewPause { key, until, ..new_pause(scope, Reason::GrantInDoubt, now) }
}

async fn begin_one(world: &World, new: NewPause<'_>, now: Timestamp) {
    let mut tx = world.begin().await;
    let fresh_id = format!("{}{} since {now}", new.scope.name(), new.key);
    pauses::begin(&mut tx, &fresh_id, new, now).await.unwrap();
    tx.commit().await.unwrap();
}

async fn begin(world: &World, scope: PauseScope, reason: Reason, now: Timestamp) {
    begin_one(world, new_pause(scope, reason, now), now).await;
}

async fn all(world: &World) -> Vec<Pause> {
    pauses::all(&mut world.read().await).await.unwrap()
}

async fn standing(world: &World, now: Timestamp) -> usize {
    pauses::standing(&mut world.read().await, now).await.unwrap().len()
}

async fn end(world: &World, pause: &Pause) -> bool {
    let mut tx = world.begin().await;
    let ended = pauses::end(&mut tx, pause).await.unwrap();
    tx.commit().await.unwrap();
    ended
}

async fn take_probe(world: &World, pause: &Pause, now: Timestamp) -> bool {
    let mut tx = world.begin().await;
    let taken = pauses::take_probe(&mut tx, pause, now).await.unwrap();
    tx.commit().await.unwrap();
    taken
}

async fn next_due(world: &World, now: Timestamp) -> Option<Timestamp> {
    leases::passes::next_due(&mut world.read().await, now).await.unwrap()
}

/// The users whose connections `owner` claims at `now`, and whether they are probes.
async fn claim(world: &World, owner: &str, now: Timestamp) -> Vec<(String, bool)> {
    let leases = world.claim(owner, now).await;
    let mut users: Vec<_> = leases
        .iter()
        .map(|lease| (lease.lease.id.replace("integration-of-", ""), lease.lease.is_probe))
        .collect();
    users.sort_unstable();
    users
}

fn users(names: &[&str], is_probe: bool) -> Vec<(String, bool)> {
    names.iter().map(|name| ((*name).to_owned(), is_probe)).collect()
}

/// Three connections that are due, whose tokens end at minutes 60, 60 and 300.
async fn three_are_due(db: calsync_testing::TestDatabase) -> World {
    let world = World::new(db).await;
    for user in ["ana", "ben"] {
        world.connected(user).await;
    }
    let cho = world.consented("cho", "cho", CalendarChoice::New).await;
    let (access_token, mut tx) = ("access-2".into(), world.begin().await);
    let renewed = grant(&access_token, None, at(300));
    let by = integrations::RefreshedBy::Sync;
    let version = cho.token_version;
    assert!(
        integrations::claim_refresh(&mut tx, &cho.id, version, SignedDuration::from_mins(1), at(0))
            .await
            .unwrap()
    );
    assert!(
        integrations::finish_refresh(&world.store, &mut tx, &cho.id, version, by, &renewed, at(0))
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();
    world
}

on_both_databases! {
    async fn a_pause_stands_until_it_is_ended(db: TestDatabase) {
        let world = World::new(db).await;
        begin(&world, PauseScope::Api, Reason::GoogleUnavailable, at(1)).await;
        begin(&world, PauseScope::Api, Reason::GoogleSlow, at(5)).await;
        begin(&world, PauseScope::Project, Reason::DailyLimit, at(7)).await;
        let pause = |scope: PauseScope, reason, began, probe| Pause {
            id: format!("{} since {}", scope.name(), at(began)),
            scope,
            key: String::new(),
            reason,
            began_at: at(began),
            probe_at: Some(at(probe)),
            until: None,
            by: None,
        };
        let api = pause(PauseScope::Api, Reason::GoogleSlow, 1, 6);
        let project = pause(PauseScope::Project, Reason::DailyLimit, 7, 8);
        assert_eq!(all(&world).await, [api.clone(), project.clone()]);
        assert!(end(&world, &api).await);
        assert!(!end(&world, &api).await, "it is over");
        assert_eq!(all(&world).await, std::slice::from_ref(&project));
        assert!(!end(&world, &Pause { id: "project since before".into(), ..project }).await, "it is another one by now");
    }

    async fn what_is_paused_is_claimed_by_one_probe_a_minute(db: TestDatabase) {
        let world = three_are_due(db).await;
        begin(&world, PauseScope::Api, Reason::GoogleUnavailable, at(1)).await;
        assert_eq!(claim(&world, "w1", at(1)).await, []);
        assert_eq!(next_due(&world, at(1)).await, Some(at(2)), "no use to look sooner");
        let probe = world.claim("w1", at(2)).await.remove(0);
        assert!(probe.lease.is_probe);
        assert_eq!(claim(&world, "w2", at(2)).await, [], "one at a time");
        let mut tx = world.begin().await;
        leases::passes::release(&mut tx, &probe, leases::passes::Release { due_at: Some(at(2)), ..quiet() }, at(2)).await.unwrap();
        tx.commit().await.unwrap();
        let next = world.claim("w2", at(3)).await.remove(0);
        assert_ne!(next.lease.id, probe.lease.id, "another in its turn");
        assert!(end(&world, &all(&world).await[0]).await);
        assert_eq!(world.claim("w1", at(3)).await.len(), 2, "the others, at once");
    }

    async fn several_pauses_are_tried_by_one_call_once_all_may_be(db: TestDatabase) {
        let world = three_are_due(db).await;
        begin(&world, PauseScope::Api, Reason::GoogleUnavailable, at(1)).await;
        begin(&world, PauseScope::Project, Reason::ProjectQuota, at(4)).await;
        assert_eq!(claim(&world, "w1", at(4)).await, []);
        assert_eq!(next_due(&world, at(4)).await, Some(at(5)));
        assert_eq!(claim(&world, "w1", at(5)).await.len(), 1);
        assert_eq!(claim(&world, "w1", at(5)).await, []);
    }

    async fn whose_token_is_good_goes_on_while_our_client_is_refused(db: TestDatabase) {
        let world = three_are_due(db).await;
        begin(&world, PauseScope::Client, Reason::ClientInvalid, at(58)).await;
        assert_eq!(next_due(&world, at(58)).await, Some(at(0)));
        assert_eq!(claim(&world, "w1", at(58)).await, users(&["cho"], false));
        assert_eq!(claim(&world, "w1", at(58)).await, []);
        let probe = claim(&world, "w1", at(59)).await;
        assert!(probe == users(&["ana"], true) || probe == users(&["ben"], true), "{probe:?}");
        assert_eq!(claim(&world, "w2", at(59)).await, []);
    }

    async fn a_doubt_keeps_its_end_and_holds_nobody_from_then_on(db: TestDatabase) {
        let world = World::new(db).await;
        begin_one(&world, doubt(PauseScope::Client, "", at(100)), at(100)).await;
        begin_one(&world, doubt(PauseScope::Client, "", at(110)), at(110)).await;
        let stored = all(&world).await.remove(0);
        assert_eq!((stored.began_at, stored.probe_at, stored.until), (at(100), Some(at(111)), Some(at(120))));
        assert_eq!(standing(&world, at(119)).await, 1);
        assert_eq!(standing(&world, at(120)).await, 0);
        world.connected("ana").await;
        assert_eq!(claim(&world, "w1", at(110)).await, []);
        assert_eq!(claim(&world, "w1", at(120)).await, users(&["ana"], false));

        begin(&world, PauseScope::Client, Reason::ClientInvalid, at(130)).await;
        let another = all(&world).await.remove(0);
        assert_eq!((another.reason, another.began_at, another.until), (Reason::ClientInvalid, at(130), None));
        assert!(!end(&world, &stored).await);
        let mut tx = world.begin().await;
        pauses::forget(&mut tx, at(9_999)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(all(&world).await, [another], "without an end it stays");
    }

    async fn a_doubt_of_a_domain_is_read_by_its_own_and_tried_by_one_of_them(db: TestDatabase) {
        let world = three_are_due(db).await;
        for domain in ["one.example", "two.example"] {
            begin_one(&world, doubt(PauseScope::Domain, domain, at(1)), at(1)).await;
        }
        begin(&world, PauseScope::Api, Reason::GoogleSlow, at(1)).await;
        let of = async |domain| {
            let pauses = pauses::of_grants(&mut world.read().await, domain).await.unwrap();
            pauses.into_iter().map(|pause| pause.key).collect::<Vec<_>>()
        };
        assert_eq!((of(None).await, of(Some("two.example")).await), (vec![], vec!["two.example".into()]));
        let pauses = all(&world).await;
        assert!(end(&world, &pauses[0]).await);
        assert_eq!(claim(&world, "w1", at(1)).await.len(), 3, "a claim knows no domain");
        let [one, two] = [&pauses[1], &pauses[2]];
        assert!(!take_probe(&world, one, at(1)).await, "it isn't due");
        assert!(take_probe(&world, one, at(2)).await);
        assert!(!take_probe(&world, one, at(2)).await, "somebody has it");
        assert!(take_probe(&world, two, at(2)).await, "the other one has its own");
        let mut tx = world.begin().await;
        pauses::forget(&mut tx, at(22)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(all(&world).await.len(), 0);
    }

    async fn a_try_that_nobody_can_make_stays_due(db: TestDatabase) {
        let world = World::new(db).await;
        begin(&world, PauseScope::Project, Reason::ApiDisabled, at(1)).await;
        assert_eq!(claim(&world, "w1", at(9)).await, []);
        assert_eq!(next_due(&world, at(9)).await, None);
        world.connected("ana").await;
        assert_eq!(claim(&world, "w1", at(9)).await, users(&["ana"], true));
    }
}
