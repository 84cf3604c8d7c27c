//! What the pacer promises, whenever whoever asks for whatever.

use std::collections::BTreeMap;

use calsync_core::pacer::{Pacer, WINDOW_SECONDS};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

const ACCOUNTS: [&str; 3] = ["ana", "ben", "cleo"];
const MINUTE_MS: i64 = 60_000;

/// After a pause in milliseconds an account wants so many units.
type Wish = (i64, usize, u32);

fn wishes() -> impl Strategy<Value = Vec<Wish>> {
    let pause = prop_oneof![4 => 0..300_i64, 2 => 0..5_000_i64, 1 => 0..100_000_i64];
    prop::collection::vec((pause, 0..ACCOUNTS.len(), prop_oneof![Just(1_u32), Just(3)]), 1..300)
}

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_millis(1_700_000_000_000 + milliseconds)
}

/// What each account was let use, as times and units.
fn used(wishes: &[Wish], limit: u32, only: Option<usize>) -> BTreeMap<usize, Vec<(i64, u32)>> {
    let (mut pacer, mut now, mut used) = (Pacer::default(), 0, BTreeMap::<_, Vec<_>>::new());
    for (pause, account, units) in wishes {
        now += pause;
        if only.is_none_or(|only| only == *account)
            && pacer.take(ACCOUNTS[*account], *units, limit, at(now)).is_ok()
        {
            used.entry(*account).or_default().push((now, *units));
        }
    }
    used
}

proptest! {
    #![proptest_config(crate::cases(300))]

    #[test]
    fn no_minute_holds_more_than_the_limit(wishes in wishes(), limit in 3_u32..40) {
        for used in used(&wishes, limit, None).values() {
            for (from, _) in used {
                let minute = used.iter().filter(|(at, _)| (*from..=from + MINUTE_MS).contains(at));
                let units: u32 = minute.map(|(_, units)| units).sum();
                prop_assert!(units <= limit, "{units} units from {from} on");
            }
        }
    }

    #[test]
    fn accounts_dont_slow_each_other(wishes in wishes(), limit in 3_u32..40) {
        let together = used(&wishes, limit, None);
        for account in 0..ACCOUNTS.len() {
            let alone = used(&wishes, limit, Some(account));
            prop_assert_eq!(together.get(&account), alone.get(&account));
        }
    }

    #[test]
    fn who_waits_until_they_are_told_to_is_let_through(wishes in wishes(), limit in 1_u32..40) {
        let (mut pacer, mut now) = (Pacer::default(), at(0));
        for (pause, account, units) in wishes {
            now += SignedDuration::from_millis(pause);
            let account = ACCOUNTS[account];
            let has_room = pacer.room(account, limit, now) >= units;
            if let Err(opens_at) = pacer.take(account, units, limit, now) {
                prop_assert!(!has_room);
                prop_assert!(now < opens_at && opens_at <= now + SignedDuration::from_secs(WINDOW_SECONDS));
                prop_assert_eq!(pacer.opens_at(account, units, limit, now), opens_at);
                now = opens_at;
                prop_assert_eq!(pacer.take(account, units, limit, now), Ok(()));
            }
        }
    }

    #[test]
    fn a_clock_that_is_set_back_stops_nobody_for_longer_than_a_window(hours in 1_i64..10_000, limit in 1_u32..40) {
        let mut pacer = Pacer::default();
        let later = at(0) + SignedDuration::from_hours(hours);
        while pacer.take("ana", 1, limit, later).is_ok() {}
        let opens_at = pacer.take("ana", 1, limit, at(0)).unwrap_err();
        prop_assert!(opens_at <= at(0) + SignedDuration::from_secs(WINDOW_SECONDS));
        prop_assert_eq!(pacer.take("ana", 1, limit, opens_at), Ok(()));
    }
}

#[test]
fn who_rests_is_forgotten() {
    let mut pacer = Pacer::default();
    for number in 0..10_000 {
        pacer.take(&format!("user{number}"), 1, 600, at(number * 100)).unwrap();
    }
    let known = pacer.accounts();
    assert!(known <= 1_300, "{known} of 10,000 accounts are known after 1,000 seconds");
}
