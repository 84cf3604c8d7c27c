//! Google's quota meter: units per sliding minute, by project and by user of a project.
//!
//! Everything is counted always; whether too much is refused is the simulator's option.
//! Source: the Calendar API's guide "Manage quotas" (10,000 a minute and project, 600 a minute, project and user).

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use crate::api_error::ApiError;

/// Units a minute for one Google Cloud project.
const PROJECT_UNITS_MAX: u64 = 10_000;
/// Units a minute for one user of one project.
const USER_UNITS_MAX: u64 = 600;
/// The sliding window.
const WINDOW_SECONDS: usize = 60;

#[derive(Debug, Default)]
pub(crate) struct Quota {
    /// Requests of the Calendar API that would change something, refused ones too.
    pub(crate) writes: u64,
    /// Requests by method, refused ones too.
    pub(crate) requests: BTreeMap<String, u64>,
    /// Quota units by method.
    pub(crate) units: BTreeMap<&'static str, u64>,
    projects: HashMap<String, Project>,
}

#[derive(Debug, Default)]
struct Project {
    all: Window,
    users: HashMap<String, Window>,
}

impl Quota {
    pub(crate) fn count_request(&mut self, method: &str) {
        match self.requests.get_mut(method) {
            Some(count) => *count += 1,
            None => {
                self.requests.insert(method.to_owned(), 1);
            }
        }
    }

    /// Takes units from both windows; refused where one is full and `enforce` is on.
    pub(crate) fn charge(
        &mut self,
        charge: &Charge<'_>,
        now: Timestamp,
        enforce: bool,
    ) -> Result<(), ApiError> {
        *self.units.entry(charge.method).or_default() += charge.units;
        if !self.projects.contains_key(charge.project) {
            self.projects.insert(charge.project.to_owned(), Project::default());
        }
        let Some(project) = self.projects.get_mut(charge.project) else { return Ok(()) };
        if !project.users.contains_key(charge.user) {
            project.users.insert(charge.user.to_owned(), Window::default());
        }
        let Some(user) = project.users.get_mut(charge.user) else { return Ok(()) };
        let second = now.as_second();
        if enforce && project.all.used(second) + charge.units > PROJECT_UNITS_MAX {
            return Err(ApiError::project_rate());
        }
        if enforce && user.used(second) + charge.units > USER_UNITS_MAX {
            return Err(ApiError::user_rate());
        }
        project.all.add(second, charge.units);
        user.add(second, charge.units);
        Ok(())
    }
}

/// What one call costs, and whom.
#[derive(Debug)]
pub(crate) struct Charge<'a> {
    pub(crate) project: &'a str,
    pub(crate) user: &'a str,
    pub(crate) method: &'static str,
    pub(crate) units: u64,
}

/// Units of the last minute, one bucket a second.
#[derive(Debug)]
struct Window {
    buckets: [u64; WINDOW_SECONDS],
    newest_second: i64,
    total: u64,
}

impl Default for Window {
    fn default() -> Self {
        Self { buckets: [0; WINDOW_SECONDS], newest_second: 0, total: 0 }
    }
}

impl Window {
    fn used(&mut self, second: i64) -> u64 {
        self.slide_to(second);
        self.total
    }

    fn add(&mut self, second: i64, units: u64) {
        self.slide_to(second);
        self.buckets[bucket(self.newest_second)] += units;
        self.total += units;
    }

    fn slide_to(&mut self, second: i64) {
        let steps = usize::try_from(second - self.newest_second).unwrap_or(0).min(WINDOW_SECONDS);
        for step in 0..steps {
            let emptied = bucket(second - i64::try_from(step).unwrap_or(0));
            self.total -= std::mem::take(&mut self.buckets[emptied]);
        }
        self.newest_second = self.newest_second.max(second);
    }
}

fn bucket(second: i64) -> usize {
    usize::try_from(second.rem_euclid(60)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_slides_by_the_second() {
        let mut window = Window::default();
        window.add(1_000, 400);
        window.add(1_030, 200);
        assert_eq!(window.used(1_059), 600);
        assert_eq!(window.used(1_060), 200);
        assert_eq!(window.used(1_090), 0);
        window.add(5_000, 1);
        assert_eq!(window.used(5_000), 1);
    }

    #[test]
    fn one_user_is_stopped_before_the_project_is() {
        let mut quota = Quota::default();
        let at = Timestamp::UNIX_EPOCH;
        let call = |user| Charge { project: "p", user, method: "events.patch", units: 3 };
        for _ in 0..200 {
            quota.charge(&call("ana"), at, true).unwrap();
        }
        let refusal = quota.charge(&call("ana"), at, true).unwrap_err().body();
        assert_eq!(refusal["error"]["errors"][0]["reason"], "userRateLimitExceeded");
        quota.charge(&call("ben"), at, true).unwrap();
        assert_eq!(quota.units["events.patch"], 606);
    }
}
