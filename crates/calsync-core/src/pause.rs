//! When a failure is everybody's: what Google refuses the deployment, or can't do for anybody, pauses every
//! connection at once. While it lasts one connection a minute tries whether it is over. Refused grants are
//! [`crate::grant`]'s.

use std::collections::{HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

use crate::item::{FieldError, check_id};
use crate::outcome::Operation;
use crate::reason::Reason;
use crate::text_enum::text_enum;

text_enum! {
    /// What a pause covers.
    PauseScope {
        /// All that is sent to Google, disconnects too: an admin's.
        Everything => "everything",
        /// Google's API, which fails for everybody.
        Api => "api",
        /// Our OAuth client: no token can be renewed.
        Client => "client",
        /// Our Google Cloud project: no call is answered.
        Project => "project",
        /// A Google Workspace domain: no token of its can be renewed, or an admin paused it.
        Domain => "domain",
        /// A user: an admin's.
        User => "user",
        /// One of the operations by which passes change something: an admin's.
        Operation => "operation",
    }
}

/// What an admin pauses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PauseTarget {
    /// All that is sent to Google.
    Everything,
    /// The connections of a Workspace domain.
    Domain(String),
    /// The connections of a user, by the platform's id.
    User(String),
    /// An operation, of all connections; one that [`Operation::can_be_paused`].
    Operation(Operation),
}

impl PauseTarget {
    /// The one that is named; where nothing is, everything is meant.
    ///
    /// # Errors
    /// All bad fields at once.
    pub fn parse(
        user_id: Option<&str>,
        domain: Option<&str>,
        operation: Option<&str>,
    ) -> Result<Self, Vec<FieldError>> {
        let mut errors: Vec<FieldError> = Vec::new();
        let mut named = Vec::new();
        if let Some(user_id) = user_id {
            errors.extend(check_id("user_id", user_id).err());
            named.push(Self::User(user_id.to_owned()));
        }
        if let Some(domain) = domain {
            if !is_domain(domain) {
                errors.push(FieldError::new("domain", "must be a domain, as in school.example"));
            }
            named.push(Self::Domain(domain.to_ascii_lowercase()));
        }
        if let Some(operation) = operation {
            match Operation::from_name(operation).filter(|operation| operation.can_be_paused()) {
                Some(operation) => named.push(Self::Operation(operation)),
                None => errors.push(FieldError::new("operation", PAUSABLE)),
            }
        }
        if named.len() > 1 {
            errors.push(FieldError::new("operation", "give one of user_id, domain and operation"));
        }
        match errors.is_empty() {
            true => Ok(named.pop().unwrap_or(Self::Everything)),
            false => Err(errors),
        }
    }

    /// Its scope.
    pub const fn scope(&self) -> PauseScope {
        match self {
            Self::Everything => PauseScope::Everything,
            Self::Domain(_) => PauseScope::Domain,
            Self::User(_) => PauseScope::User,
            Self::Operation(_) => PauseScope::Operation,
        }
    }

    /// Which of its scope; empty where there is but one.
    pub fn key(&self) -> &str {
        match self {
            Self::Everything => "",
            Self::Domain(key) | Self::User(key) => key,
            Self::Operation(operation) => operation.name(),
        }
    }
}

const PAUSABLE: &str = "must be insert, update, delete, create_calendar or delete_calendar";

fn is_domain(name: &str) -> bool {
    let is_of_a_name = |c: char| c.is_alphanumeric() || c == '-' || c == '.';
    name.contains('.') && name.len() <= DOMAIN_LENGTH_MAX && name.chars().all(is_of_a_name)
}

/// Between two tries whether a pause is over.
pub const PROBE_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// A quota of the minute may open again this soon, where Google doesn't say when.
const QUOTA_OPENS_AFTER: SignedDuration = SignedDuration::from_secs(5);
/// Fewer connections than this are never everybody.
const CONNECTIONS_MIN: usize = 5;
/// The share of connections that must fail, in percent.
const FAILING_PERCENT_MIN: usize = 60;
/// The longest name of a domain, in bytes.
const DOMAIN_LENGTH_MAX: usize = 253;
/// How far back calls count.
const WINDOW: SignedDuration = SignedDuration::from_mins(1);

impl PauseScope {
    /// The scope that Google names with `reason`. One answer is enough, since the reason is the deployment's
    /// by nature.
    pub const fn named_by(reason: Reason) -> Option<Self> {
        match reason {
            Reason::ClientInvalid => Some(Self::Client),
            Reason::ApiDisabled | Reason::ProjectQuota | Reason::DailyLimit => Some(Self::Project),
            _ => None,
        }
    }

    /// Whether every connection is covered.
    pub const fn is_everybodys(self) -> bool {
        matches!(self, Self::Everything | Self::Api | Self::Client | Self::Project)
    }

    /// Whether no call may be made at all; else only tokens can't be renewed.
    pub const fn stops_calls(self) -> bool {
        matches!(self, Self::Everything | Self::Api | Self::Project)
    }
}

/// How long nobody tries after Google named `reason`, and asked to wait for `retry_after`.
pub fn first_probe_after(reason: Reason, retry_after: Option<SignedDuration>) -> SignedDuration {
    match reason {
        Reason::ProjectQuota => retry_after.unwrap_or(QUOTA_OPENS_AFTER),
        _ => PROBE_EVERY.max(retry_after.unwrap_or_default()),
    }
}

/// Whether `reason` says that Google couldn't do for us what it does on other days: a server error, a
/// time-out, a broken connection.
pub const fn is_outage(reason: Reason) -> bool {
    matches!(reason, Reason::GoogleUnavailable | Reason::GoogleSlow | Reason::Network | Reason::AnswerGarbled)
}

/// How the connections fared that called Google within the last minute, each by the last of its calls.
#[derive(Debug, Default)]
pub struct OutageWindow {
    calls: VecDeque<(Timestamp, String)>,
    last: HashMap<String, LastCall>,
    failing: usize,
}

#[derive(Clone, Copy, Debug)]
struct LastCall {
    at: Timestamp,
    failed: bool,
}

impl OutageWindow {
    /// Notes how a call of a connection ended, and answers whether Google fails for everybody: for five
    /// connections at least, and for most of those that called within the minute.
    pub fn note(&mut self, connection_id: &str, at: Timestamp, failed: bool) -> bool {
        self.forget_before(at.saturating_sub(WINDOW).unwrap_or(at));
        self.calls.push_back((at, connection_id.to_owned()));
        let replaced = self.last.insert(connection_id.to_owned(), LastCall { at, failed });
        self.failing -= usize::from(replaced.is_some_and(|last| last.failed));
        self.failing += usize::from(failed);
        self.is_outage()
    }

    /// Begins anew, as after a pause.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    fn is_outage(&self) -> bool {
        self.failing >= CONNECTIONS_MIN && self.failing * 100 >= self.last.len() * FAILING_PERCENT_MIN
    }

    fn forget_before(&mut self, oldest: Timestamp) {
        while let Some((at, connection_id)) = self.calls.pop_front_if(|(at, _)| *at < oldest) {
            if let Some(last) = self.last.get(&connection_id).copied()
                && last.at == at
            {
                self.last.remove(&connection_id);
                self.failing -= usize::from(last.failed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
    }

    /// Notes a call of each connection in turn, the first `failing` of them in vain.
    fn noted(window: &mut OutageWindow, connections: usize, failing: usize, seconds: i64) -> bool {
        let mut is_outage = false;
        for number in (0..connections).rev() {
            is_outage = window.note(&number.to_string(), at(seconds), number < failing);
        }
        is_outage
    }

    #[test]
    fn most_of_at_least_five_connections_make_an_outage() {
        for (connections, failing, expected) in [
            (4, 4, false),
            (5, 5, true),
            (5, 4, false),
            (8, 5, true),
            (9, 5, false),
            (100, 60, true),
            (100, 59, false),
        ] {
            let mut window = OutageWindow::default();
            assert_eq!(noted(&mut window, connections, failing, 0), expected, "{failing} of {connections}");
        }
    }

    #[test]
    fn the_last_call_of_a_connection_counts_and_only_for_a_minute() {
        let mut window = OutageWindow::default();
        assert!(noted(&mut window, 6, 6, 0));
        assert!(!noted(&mut window, 2, 0, 1), "two of them work again");
        assert!(!noted(&mut window, 4, 4, 61), "what was a minute ago is over");
        assert!(window.note("another", at(62), true));
        window.clear();
        assert!(!window.note("another", at(63), true));
    }

    #[test]
    fn one_connection_that_fails_for_ever_is_no_outage() {
        let mut window = OutageWindow::default();
        assert!((0..10_000).all(|second| !window.note("one", at(second), true)));
        assert!(window.calls.len() <= 62 && window.last.len() == 1);
    }

    #[test]
    fn a_quota_of_the_minute_is_tried_again_as_soon_as_google_says() {
        let seconds = |reason, asked: Option<i64>| {
            first_probe_after(reason, asked.map(SignedDuration::from_secs)).as_secs()
        };
        assert_eq!([None, Some(1), Some(90)].map(|asked| seconds(Reason::ProjectQuota, asked)), [5, 1, 90]);
        assert_eq!([None, Some(1), Some(90)].map(|asked| seconds(Reason::DailyLimit, asked)), [60, 60, 90]);
    }

    #[test]
    fn an_admin_names_one_target_or_none_for_everything() {
        let parse = PauseTarget::parse;
        assert_eq!(parse(None, None, None), Ok(PauseTarget::Everything));
        assert_eq!(parse(Some("ana"), None, None), Ok(PauseTarget::User("ana".into())));
        assert_eq!(
            parse(None, Some("School.example"), None),
            Ok(PauseTarget::Domain("school.example".into()))
        );
        for operation in Operation::ALL {
            let parsed = parse(None, None, Some(operation.name()));
            assert_eq!(parsed.is_ok(), operation.can_be_paused(), "{operation:?}");
            assert_eq!(PAUSABLE.contains(operation.name()), operation.can_be_paused(), "{operation:?}");
        }
        let fields = |parsed: Result<PauseTarget, Vec<FieldError>>| -> Vec<String> {
            parsed.unwrap_err().into_iter().map(|error| error.field).collect()
        };
        assert_eq!(
            fields(parse(Some(""), Some("a b.c"), Some("get"))),
            ["user_id", "domain", "operation", "operation"]
        );
        assert_eq!(fields(parse(Some("ana"), Some("school.example"), None)), ["operation"]);
        assert_eq!(fields(parse(None, Some("school"), None)), ["domain"]);
    }

    proptest! {
        #[test]
        fn the_counters_agree_with_a_count(calls in prop::collection::vec((0_u8..12, 0_i64..20, any::<bool>()), 0..200)) {
            let mut window = OutageWindow::default();
            let (mut now, mut noted) = (0, Vec::new());
            for (connection, later, failed) in calls {
                now += later;
                let answered = window.note(&connection.to_string(), at(now), failed);
                noted.push((connection, now, failed));
                let mut last = HashMap::new();
                for (connection, _, failed) in noted.iter().filter(|(_, at, _)| *at >= now - 60) {
                    last.insert(*connection, *failed);
                }
                let failing = last.values().filter(|failed| **failed).count();
                prop_assert_eq!(answered, failing >= 5 && failing * 10 >= last.len() * 6);
            }
        }
    }
}
