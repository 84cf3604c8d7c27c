//! When to try again, at Google and at the platform's webhook. The pauses double from a start to a
//! limit and are jittered by ±25 %, so that what failed together doesn't come back together.

use jiff::SignedDuration;

use crate::pause::PROBE_EVERY;
use crate::reason::{Reaction, Reason};

/// Refusals in a row for the same reason that park an item.
pub const REFUSALS_TO_PARK: i64 = 3;

/// The first pause and the longest one.
struct BackoffRange {
    first: SignedDuration,
    longest: SignedDuration,
}

impl BackoffRange {
    /// The pause after `failures` (≥ 1) in a row. `jitter` is a random byte.
    fn after(&self, failures: u32, jitter: u8) -> SignedDuration {
        let doubled = self.first.saturating_mul(1 << failures.saturating_sub(1).min(20)).min(self.longest);
        let quarters = i32::from(jitter) * 2 - 255;
        doubled + doubled * quarters / (255 * 4)
    }
}

const fn backoff_range(reason: Reason) -> BackoffRange {
    let (first_secs, longest_secs) = match reason {
        Reason::UserQuota => (3_600, 4 * 3_600),
        Reason::DailyLimit => (900, 3_600),
        Reason::ClientInvalid | Reason::ApiDisabled => (30, 60),
        Reason::ProjectQuota | Reason::UserRate | Reason::GrantInDoubt => (5, 60),
        _ => (1, 300),
    };
    BackoffRange {
        first: SignedDuration::from_secs(first_secs),
        longest: SignedDuration::from_secs(longest_secs),
    }
}

/// The pause before the next try, after `failures` (≥ 1) in a row for `reason`. `jitter` is a
/// random byte; `retry_after` is Google's own word, which is never undercut.
pub fn backoff(
    reason: Reason,
    failures: u32,
    jitter: u8,
    retry_after: Option<SignedDuration>,
) -> SignedDuration {
    backoff_range(reason).after(failures, jitter).max(retry_after.unwrap_or(SignedDuration::ZERO))
}

/// The pause of a connection that Google answers nothing but server errors, after `failures` (≥ 1) in a row: it
/// doubles to a minute, and is jittered upwards only. So one call a minute at most tries whether it is over.
pub fn probe_backoff(failures: u32, jitter: u8, retry_after: Option<SignedDuration>) -> SignedDuration {
    let doubled = SignedDuration::from_secs(1 << failures.saturating_sub(1).min(6)).min(PROBE_EVERY);
    (doubled + doubled * i32::from(jitter) / (255 * 4)).max(retry_after.unwrap_or(SignedDuration::ZERO))
}

/// The pause before a question is asked again whose answer decides over an event, after `failures` (≥ 1)
/// in a row without one. It doubles to an hour: nothing hurries, and each try costs the whole way.
pub fn backoff_in_doubt(failures: u32, jitter: u8, retry_after: Option<SignedDuration>) -> SignedDuration {
    let backoff_range =
        BackoffRange { first: SignedDuration::from_secs(1), longest: SignedDuration::from_secs(3_600) };
    backoff_range.after(failures, jitter).max(retry_after.unwrap_or(SignedDuration::ZERO))
}

/// For so long a delivery to the webhook is tried again from its first failure on: an outage over a
/// long weekend loses nothing.
pub const WEBHOOK_TRIED_FOR: SignedDuration = SignedDuration::from_hours(5 * 24);

/// The pause before the next try of a delivery to the webhook, after `failures` (≥ 1) in a row; the
/// longest is an hour, so that a receiver that is back after days hears all within one.
pub fn webhook_backoff(failures: u32, jitter: u8) -> SignedDuration {
    let backoff_range =
        BackoffRange { first: SignedDuration::from_secs(5), longest: SignedDuration::from_secs(3_600) };
    backoff_range.after(failures, jitter)
}

/// What becomes of an item after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryDecision {
    /// Tried again after a pause.
    Retry,
    /// Stopped until something changes.
    Parked,
}

/// What becomes of an item after the `refusals`-th failure in a row for `reason`.
pub fn retry_decision(reason: Reason, refusals: i64) -> RetryDecision {
    match reason.info().reaction {
        Reaction::Park if refusals >= REFUSALS_TO_PARK => RetryDecision::Parked,
        _ => RetryDecision::Retry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_their_limit_and_jitter_by_a_quarter() {
        let middle = |failures| backoff(Reason::GoogleUnavailable, failures, 127, None).as_millis();
        let seconds: Vec<i128> = (1..=10).map(|failures| (middle(failures) + 500) / 1000).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]);
        assert_eq!(backoff(Reason::GoogleUnavailable, 3, 0, None).as_millis(), 3_000);
        assert_eq!(backoff(Reason::GoogleUnavailable, 3, 255, None).as_millis(), 5_000);
    }

    #[test]
    fn a_webhook_is_tried_again_soon_at_first_and_hourly_for_days() {
        let seconds: Vec<i64> = (1..=12).map(|failures| webhook_backoff(failures, 255).as_secs()).collect();
        assert_eq!(seconds, [6, 12, 25, 50, 100, 200, 400, 800, 1_600, 3_200, 4_500, 4_500]);
        assert_eq!(webhook_backoff(1_000, 0).as_secs(), 2_700);
    }

    #[test]
    fn what_is_in_doubt_is_asked_again_within_the_hour() {
        let seconds: Vec<i64> =
            (1..=13).map(|failures| backoff_in_doubt(failures, 255, None).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 5, 10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 4_500]);
        let asked = SignedDuration::from_hours(5);
        assert_eq!(backoff_in_doubt(1, 0, Some(asked)), asked);
    }

    #[test]
    fn a_connection_that_fails_is_tried_once_a_minute_at_most() {
        let seconds = |jitter| (1..=8).map(move |failures| probe_backoff(failures, jitter, None).as_secs());
        assert_eq!(seconds(0).collect::<Vec<_>>(), [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(seconds(255).collect::<Vec<_>>(), [1, 2, 5, 10, 20, 40, 75, 75]);
        assert_eq!(probe_backoff(1, 0, Some(SignedDuration::from_secs(90))).as_secs(), 90);
    }

    #[test]
    fn googles_own_pause_is_never_undercut() {
        let asked = SignedDuration::from_secs(120);
        assert_eq!(backoff(Reason::UserRate, 1, 0, Some(asked)), asked);
    }

    #[test]
    fn only_refusals_for_good_park() {
        assert_eq!(retry_decision(Reason::ItemRefused, 2), RetryDecision::Retry);
        assert_eq!(retry_decision(Reason::ItemRefused, 3), RetryDecision::Parked);
        assert_eq!(retry_decision(Reason::GoogleUnavailable, 1_000), RetryDecision::Retry);
    }
}
