//! Why a grant is dead. Google answers `invalid_grant` whatever the cause, so the likely one is
//! inferred from dates and counts of our own, and said together with them.
//!
//! What they don't show stays [`Cause::Unknown`]: that a user took the access away leaves no trace.
//! The rules of Google's that this follows are in its guide "Refresh token expiration".

mod sample;
mod words;

pub use sample::{DOUBT_MAX, OTHERS_ASKED, Sample, SampleResult, workspace};

use jiff::{SignedDuration, Timestamp};

use crate::reason::Reason;
use crate::text_enum::text_enum;

/// An access token is renewed at most this long before its end.
pub const RENEW_BEFORE_END_MAX: SignedDuration = SignedDuration::from_mins(5);
/// Google ends a grant that isn't used for six months: the shortest six months there are.
const UNUSED: SignedDuration = SignedDuration::from_hours(181 * 24);
/// How long a grant lives while our Google app is in testing.
pub const TESTING: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Found dead this long after its seventh day, a grant may have ended for any cause.
const TESTING_FOUND: SignedDuration = SignedDuration::from_hours(3 * 24);
/// Grants that one account may have of one client; one more, and the oldest dies.
const GRANTS_MAX: i64 = 100;
/// Connections of a domain that ended together are its administrator's doing from this many on…
const DOMAIN_ENDED_MIN: i64 = 3;
/// …if they are at least this share, in percent, of those that were tried.
const DOMAIN_ENDED_PERCENT: i64 = 60;

text_enum! {
    /// Why Google likely ended a grant.
    Cause {
        /// It was not used for six months.
        Unused => "unused",
        /// Our Google app is in testing: a grant lives for seven days.
        Testing => "testing",
        /// The user gave access for a limited time.
        TimeBased => "time_based",
        /// The account granted too often, and Google dropped the oldest.
        TooMany => "too_many",
        /// It was given to another Google app than ours is now.
        ClientChanged => "client_changed",
        /// The domain's administrator ended it for everyone.
        Administrator => "administrator",
        /// Nothing shows it.
        Unknown => "unknown",
    }
}

/// What is known of a grant that Google refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadGrant {
    /// When its refresh token was issued.
    pub issued_at: Option<Timestamp>,
    /// Until when it was given, where Google told an end.
    pub ends_at: Option<Timestamp>,
    /// When Google last accepted it.
    pub used_at: Option<Timestamp>,
    /// When Google first refused it.
    pub refused_at: Timestamp,
    /// Grants of the same account and client that are newer.
    pub newer: i64,
    /// Whether it was given to another client than ours is now.
    pub of_other_client: bool,
    /// Whether any grant of our client was accepted for longer than [`TESTING`].
    pub others_outlive_testing: bool,
    /// How the account's Workspace domain fares.
    pub domain: Option<Domain>,
}

/// The connections of one Workspace domain, at the time when one of them ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// Its name.
    pub name: String,
    /// Those that Google refused within the same day.
    pub ended: i64,
    /// Those that Google accepted since.
    pub accepted_since: i64,
}

impl Domain {
    fn ended_together(&self) -> bool {
        let tried = self.ended + self.accepted_since;
        self.ended >= DOMAIN_ENDED_MIN && self.ended * 100 >= tried * DOMAIN_ENDED_PERCENT
    }
}

impl DeadGrant {
    /// The likely cause. What a date or count proves goes before what is only likely.
    pub fn cause(&self) -> Cause {
        if self.of_other_client {
            Cause::ClientChanged
        } else if self.ends_at.is_some_and(|end| end <= self.refused_at) {
            Cause::TimeBased
        } else if self.newer >= GRANTS_MAX {
            Cause::TooMany
        } else if self.unused_for().is_some_and(|unused| unused >= UNUSED) {
            Cause::Unused
        } else if self.died_in_testing() {
            Cause::Testing
        } else if self.domain.as_ref().is_some_and(Domain::ended_together) {
            Cause::Administrator
        } else {
            Cause::Unknown
        }
    }

    /// What the cause is inferred from, in a sentence; where it is unknown, what is known.
    pub fn evidence(&self) -> Option<String> {
        Some(match (self.cause(), &self.domain) {
            (Cause::ClientChanged, _) => {
                "It was given to another client id than google.client_id is now.".into()
            }
            (Cause::TimeBased, _) => {
                let given_for = self.ends_at?.duration_since(self.issued_at?);
                format!("It was given for {}, and that time was over.", in_words(given_for))
            }
            (Cause::TooMany, _) => {
                format!("{} newer ones were issued for the same Google account.", self.newer)
            }
            (Cause::Unused, _) => {
                format!("It was last used {} before Google refused it.", in_words(self.unused_for()?))
            }
            (Cause::Testing, _) => format!(
                "It was issued {} before Google refused it, and no other one of our Google app lived longer than 7 days.",
                in_words(self.age()?)
            ),
            (Cause::Administrator, Some(Domain { name, ended, accepted_since })) => {
                format!("{ended} of {} connections of {name} ended within a day.", ended + accepted_since)
            }
            (Cause::Administrator | Cause::Unknown, _) => format!(
                "It was issued {} before Google refused it, and last used {} before.",
                in_words(self.age()?),
                in_words(self.unused_for()?)
            ),
        })
    }

    fn age(&self) -> Option<SignedDuration> {
        Some(self.refused_at.duration_since(self.issued_at?))
    }

    fn unused_for(&self) -> Option<SignedDuration> {
        Some(self.refused_at.duration_since(self.used_at?))
    }

    /// Accepted within its first seven days only, and found dead soon after them.
    fn died_in_testing(&self) -> bool {
        let (Some(issued_at), Some(used_at), Some(age)) = (self.issued_at, self.used_at, self.age()) else {
            return false;
        };
        let fits =
            used_at.duration_since(issued_at) <= TESTING && age >= TESTING && age <= TESTING + TESTING_FOUND;
        fits && !self.others_outlive_testing
    }
}

/// A span in its largest unit.
fn in_words(span: SignedDuration) -> String {
    let (count, unit) = match span.as_secs().max(0) {
        ..60 => return "less than a minute".into(),
        seconds @ ..3_600 => (seconds / 60, "minute"),
        seconds @ ..172_800 => (seconds / 3_600, "hour"),
        seconds => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

impl Cause {
    /// Whether dates or counts prove it, whatever becomes of other grants.
    pub const fn is_proven(self) -> bool {
        matches!(self, Self::Unused | Self::TimeBased | Self::TooMany | Self::ClientChanged)
    }

    /// The reason that stands for it.
    pub const fn reason(self) -> Reason {
        match self {
            Self::Unused | Self::Testing | Self::TimeBased | Self::TooMany | Self::ClientChanged => {
                Reason::GrantExpired
            }
            Self::Administrator => Reason::GrantRevoked,
            Self::Unknown => Reason::GrantUnknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    fn days(days: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * days)
    }

    /// Refused on day 100, a day after its last use.
    fn revoked() -> DeadGrant {
        DeadGrant {
            issued_at: Some(days(0)),
            ends_at: None,
            used_at: Some(days(99)),
            refused_at: days(100),
            newer: 0,
            of_other_client: false,
            others_outlive_testing: false,
            domain: None,
        }
    }

    fn in_testing() -> DeadGrant {
        DeadGrant {
            issued_at: Some(days(93)),
            used_at: Some(days(100) - SignedDuration::from_mins(5)),
            ..revoked()
        }
    }

    fn of_domain(ended: i64, accepted_since: i64) -> DeadGrant {
        let domain = Domain { name: "example.org".into(), ended, accepted_since };
        DeadGrant { domain: Some(domain), ..revoked() }
    }

    #[test]
    fn the_cause_is_what_dates_and_counts_show() {
        let cases: &[(&str, DeadGrant)] = &[
            ("nothing shows", revoked()),
            ("no dates are known", DeadGrant { issued_at: None, used_at: None, ..revoked() }),
            ("180 days idle", DeadGrant { refused_at: days(279), ..revoked() }),
            ("181 days idle", DeadGrant { refused_at: days(280), ..revoked() }),
            ("its time is over", DeadGrant { ends_at: Some(days(100)), ..revoked() }),
            ("its time is not over", DeadGrant { ends_at: Some(days(101)), ..revoked() }),
            ("99 newer", DeadGrant { newer: 99, ..revoked() }),
            ("100 newer", DeadGrant { newer: 100, ..revoked() }),
            ("7 days old", in_testing()),
            ("less than 7 days old", DeadGrant { issued_at: Some(days(94)), ..in_testing() }),
            ("7 days old, others live longer", DeadGrant { others_outlive_testing: true, ..in_testing() }),
            ("accepted on its 8th day", DeadGrant { issued_at: Some(days(92)), ..in_testing() }),
            ("found dead on its 11th day", DeadGrant { refused_at: days(104), ..in_testing() }),
            ("another client", DeadGrant { of_other_client: true, ends_at: Some(days(1)), ..revoked() }),
            ("2 of a domain of 2", of_domain(2, 0)),
            ("3 of a domain of 5", of_domain(3, 2)),
            ("3 of a domain of 6", of_domain(3, 3)),
        ];
        let mut page = String::new();
        for (case, grant) in cases {
            let (cause, evidence) = (grant.cause(), grant.evidence().unwrap_or_default());
            writeln!(page, "{case}: {} ({}) {evidence}", cause.name(), cause.reason().name())
                .expect("a String");
        }
        insta::assert_snapshot!(page);
    }
}
