//! Attempts, and how the roll-up counts them.

use calsync_core::item::ItemKind;
use calsync_core::outcome::{Operation, Outcome};
use calsync_core::reason::Reason;
use calsync_store::attempts::{self, Attempt, MESSAGE_LENGTH_MAX};
use calsync_store::sync_errors::{self, Group};
use calsync_testing::on_both_databases;

use crate::world::{World, at, key};

fn failure(id: &str, user: &str) -> Attempt {
    Attempt {
        id: id.into(),
        at: at(1),
        user_id: user.into(),
        integration_id: format!("integration-of-{user}"),
        item: Some(key(ItemKind::Task, "read")),
        operation: Operation::Insert,
        outcome: Outcome::Refused,
        reason: Some(Reason::ItemRefused),
        http_status: Some(400),
        provider_reason: Some("invalid".into()),
        provider_message: Some("Bad \0 start".replace('\0', "✓")),
        trace_id: "trace".into(),
    }
}

fn success(id: &str, user: &str) -> Attempt {
    Attempt {
        item: None,
        outcome: Outcome::Done,
        reason: None,
        http_status: None,
        provider_reason: None,
        provider_message: None,
        ..failure(id, user)
    }
}

async fn record<const N: usize>(world: &World, attempts: [Attempt; N]) {
    let mut tx = world.begin().await;
    attempts::record_all(&mut tx, &attempts).await.unwrap();
    tx.commit().await.unwrap();
}

async fn roll_up(world: &World, limit: i64) -> u64 {
    let mut tx = world.begin().await;
    let counted = attempts::roll_up(&mut tx, limit).await.unwrap();
    tx.commit().await.unwrap();
    counted
}

/// The groups, once all is counted.
async fn groups(world: &World) -> Vec<Group> {
    roll_up(world, 100).await;
    sync_errors::groups(&mut world.read().await, None, 10).await.unwrap()
}

/// How many attempts of each outcome were counted, hour by hour.
async fn by_hour(world: &World) -> Vec<(i64, String, i64)> {
    let hours = attempts::hourly(&mut world.read().await, at(0), 100).await.unwrap();
    let since_start = |hour: i64| (hour - at(0).as_microsecond()) / 3_600_000_000;
    hours.into_iter().map(|one| (since_start(one.hour), one.outcome, one.attempts)).collect()
}

on_both_databases! {
    async fn attempts_come_back_as_they_were_newest_first(db: TestDatabase) {
        let world = World::new(db).await;
        record(&world, [failure("1", "ana"), success("2", "ana"), failure("3", "ben")]).await;
        let listed = attempts::of_user(&mut world.read().await, "ana", 10).await.unwrap();
        assert_eq!(listed, [success("2", "ana"), failure("1", "ana")]);
        let newest = attempts::of_user(&mut world.read().await, "ana", 1).await.unwrap();
        assert_eq!(newest, [success("2", "ana")]);
    }

    async fn errors_of_one_kind_make_one_group_with_its_users(db: TestDatabase) {
        let world = World::new(db).await;
        let other = Attempt { provider_reason: Some("other".into()), ..failure("4", "ana") };
        record(&world, [success("0", "ana"), failure("1", "ana"), failure("2", "ana"), failure("3", "ben")]).await;
        record(&world, [other]).await;
        let groups = groups(&world).await;
        let mut counts: Vec<_> =
            groups.iter().map(|g| (g.errors, g.affected_users, g.state.as_str(), g.reason.as_str())).collect();
        counts.sort_unstable();
        assert_eq!(counts, [(1, 1, "open", "item_refused"), (3, 2, "open", "item_refused")]);
        assert_eq!(world.raw().await.count("calendar_sync_logs", "group_id IS NULL").await, 1);
    }

    async fn a_resolved_group_that_errs_again_has_regressed_and_a_muted_one_stays_muted(db: TestDatabase) {
        let world = World::new(db).await;
        for (before, after) in
            [("resolved", "regressed"), ("muted", "muted"), ("open", "open"), ("regressed", "regressed")]
        {
            record(&world, [failure(&format!("{before}-1"), "ana")]).await;
            roll_up(&world, 100).await;
            world.raw().await.run(&format!("UPDATE error_groups SET state = '{before}'")).await;
            record(&world, [failure(&format!("{before}-2"), "ana")]).await;
            assert_eq!(groups(&world).await[0].state, after);
        }
    }

    async fn a_late_error_of_long_ago_makes_a_group_seem_no_older(db: TestDatabase) {
        let world = World::new(db).await;
        record(&world, [Attempt { at: at(9), ..failure("2", "ana") }, failure("1", "ana")]).await;
        roll_up(&world, 100).await;
        let seen = (at(1).as_microsecond(), at(9).as_microsecond());
        let condition = format!("first_seen = {} AND last_seen = {}", seen.0, seen.1);
        assert_eq!(world.raw().await.count("error_groups", &condition).await, 1);
    }

    async fn an_attempt_is_counted_once_however_late_its_transaction_commits(db: TestDatabase) {
        let world = World::new(db).await;
        assert!(!attempts::is_uncounted(&mut world.read().await).await.unwrap());
        record(&world, [failure("2", "ana"), failure("3", "ana"), success("4", "ana")]).await;
        assert!(attempts::is_uncounted(&mut world.read().await).await.unwrap());
        assert_eq!((roll_up(&world, 1).await, roll_up(&world, 9).await, roll_up(&world, 9).await), (1, 1, 0));
        // An id from before all that was counted.
        record(&world, [Attempt { at: at(61), ..failure("1", "ben") }]).await;
        assert_eq!((groups(&world).await[0].errors, groups(&world).await[0].affected_users), (3, 2));
        let counted = [(0, "done".to_owned(), 1), (0, "refused".to_owned(), 2), (1, "refused".to_owned(), 1)];
        assert_eq!(by_hour(&world).await, counted);
    }

    async fn a_roll_up_that_is_cut_off_has_counted_nothing(db: TestDatabase) {
        let world = World::new(db).await;
        record(&world, [failure("1", "ana")]).await;
        let mut tx = world.begin().await;
        assert_eq!(attempts::roll_up(&mut tx, 9).await.unwrap(), 1);
        drop(tx);
        assert_eq!(groups(&world).await[0].errors, 1);
    }

    async fn what_was_counted_is_forgotten_by_its_age(db: TestDatabase) {
        let world = World::new(db).await;
        let other = Attempt { provider_reason: Some("other".into()), at: at(500), ..failure("4", "ana") };
        record(&world, [failure("1", "ana"), failure("2", "ben"), failure("3", "cho"), other]).await;
        assert_eq!(groups(&world).await.len(), 2);
        let mut tx = world.begin().await;
        for forgotten in [2, 2, 0] {
            assert_eq!(attempts::forget_groups(&mut tx, at(400), 2).await.unwrap(), forgotten);
        }
        assert_eq!(attempts::forget_hours(&mut tx, at(400), 9).await.unwrap(), 1);
        tx.commit().await.unwrap();
        assert_eq!(groups(&world).await.len(), 1);
        assert_eq!(by_hour(&world).await, [(8, "refused".to_owned(), 1)]);
        assert_eq!(world.raw().await.count("error_group_users", "TRUE").await, 1);
    }

    async fn a_long_message_is_cut_between_characters(db: TestDatabase) {
        let world = World::new(db).await;
        let long = Attempt { provider_message: Some("語".repeat(5_000)), ..failure("1", "ana") };
        record(&world, [long]).await;
        let listed = attempts::of_user(&mut world.read().await, "ana", 1).await.unwrap();
        assert_eq!(listed[0].provider_message.as_deref(), Some("語".repeat(MESSAGE_LENGTH_MAX).as_str()));
    }

    async fn a_nul_in_googles_message_stops_nothing(db: TestDatabase) {
        let world = World::new(db).await;
        let odd = |text: &str| Some(text.to_owned());
        let odd = Attempt { provider_message: odd("a\0b"), provider_reason: odd("c\0d"), ..failure("1", "ana") };
        record(&world, [odd]).await;
        let listed = attempts::of_user(&mut world.read().await, "ana", 1).await.unwrap();
        assert_eq!(listed[0].provider_message.as_deref(), Some("a\u{FFFD}b"));
    }
}
