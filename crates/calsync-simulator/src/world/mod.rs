//! All state of the simulated Google, behind one lock.
//!
//! A critical section is one call's checks and its write, so what one call saw and did
//! can't be torn by another. JSON is read before and written after it: resources leave as `Arc`s.

pub(crate) mod calendar;
pub(crate) mod event_time;
pub(crate) mod grants;
pub(crate) mod recurrence;
pub(crate) mod rrule;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::faults::Faults;
use crate::quirks::Quirks;
use crate::quota::Quota;
use crate::random::Random;
use calendar::{Access, Calendar, Role};
use grants::Grants;

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) random: Random,
    pub(crate) accounts: BTreeMap<String, Account>,
    pub(crate) calendars: BTreeMap<String, Calendar>,
    pub(crate) grants: Grants,
    pub(crate) faults: Faults,
    pub(crate) quota: Quota,
    /// Calendars that are no more, with the version at which they went, oldest first.
    pub(crate) deleted_calendars: Vec<(u64, String)>,
    /// Counts every change of an account, a calendar or its events.
    version: u64,
    pub(crate) quirks: Quirks,
    /// Counts every change of any calendar list.
    list_changes: u64,
}

/// A Google account.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) email: String,
    pub(crate) name: String,
    /// The identity that never changes.
    pub(crate) sub: String,
    /// The Workspace domain; absent for consumer accounts.
    pub(crate) hd: Option<String>,
    pub(crate) time_zone: String,
    /// How long a consent of theirs lasts, if it is for a limited time.
    pub(crate) access_for: Option<SignedDuration>,
    /// The account's calendar list, by calendar id.
    pub(crate) list: BTreeMap<String, ListEntry>,
    /// The version of the world at which it or its list last changed.
    pub(crate) version: u64,
}

/// A calendar's place in an account's list.
#[derive(Debug, Clone)]
pub(crate) struct ListEntry {
    /// When it last changed, as a position among the changes of all lists.
    pub(crate) position: u64,
    pub(crate) deleted: bool,
    pub(crate) color_id: &'static str,
}

/// The body of `POST /_control/accounts`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// The address; also the id of the primary calendar.
    pub email: String,
    /// Shown on Google's pages; absent: the address up to the `@`.
    #[serde(default)]
    pub name: Option<String>,
    /// The Workspace domain.
    #[serde(default)]
    pub hd: Option<String>,
    /// IANA zone of the account and its calendars; absent: `UTC`.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// The user grants access for this long only; absent: without an end.
    #[serde(default)]
    pub access_seconds: Option<i64>,
    /// Calendars beside the primary one.
    #[serde(default)]
    pub calendars: Vec<NewCalendar>,
}

/// A calendar in [`NewAccount`].
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCalendar {
    /// Absent: Google makes one up. One that exists already is shared with the account.
    #[serde(default)]
    pub id: Option<String>,
    /// The calendar's title.
    pub summary: String,
    /// `owner` (when absent), `writer`, `writerWithoutPrivateAccess`, `reader` or `freeBusyReader`.
    #[serde(default)]
    pub access_role: Option<Role>,
}

impl NewAccount {
    /// An account with nothing but its primary calendar.
    pub fn of(email: &str) -> Self {
        Self { email: email.to_owned(), ..Self::default() }
    }
}

impl Account {
    /// The domain that fault rules match: `hd`, else the address's.
    pub(crate) fn domain(&self) -> &str {
        self.hd.as_deref().unwrap_or_else(|| domain_of(&self.email))
    }
}

pub(crate) fn domain_of(email: &str) -> &str {
    email.rsplit_once('@').map_or("", |(_, domain)| domain)
}

const LIST_COLORS: [&str; 6] = ["14", "15", "2", "7", "21", "11"];

impl World {
    pub(crate) fn new(seed: u64, quirks: Quirks) -> Self {
        Self {
            random: Random::new(seed),
            accounts: BTreeMap::new(),
            calendars: BTreeMap::new(),
            grants: Grants::default(),
            faults: Faults::default(),
            quota: Quota::default(),
            deleted_calendars: Vec::new(),
            version: 0,
            quirks,
            list_changes: 0,
        }
    }

    /// The version of the last change.
    pub(crate) const fn version(&self) -> u64 {
        self.version
    }

    const fn next_version(&mut self) -> u64 {
        self.version += 1;
        self.version
    }

    /// A calendar that is about to be changed, or its events.
    pub(crate) fn calendar_to_change(&mut self, id: &str) -> Option<&mut Calendar> {
        let version = self.next_version();
        let calendar = self.calendars.get_mut(id)?;
        calendar.version = version;
        Some(calendar)
    }

    /// Empties everything. The seeded sequence and the versions go on.
    pub(crate) fn reset(&mut self) {
        let mut fresh = Self::new(0, self.quirks);
        fresh.random = self.random.clone();
        fresh.version = self.next_version();
        let gone = self.calendars.keys().map(|id| (fresh.version, id.clone()));
        fresh.deleted_calendars = gone.collect();
        *self = fresh;
    }

    /// Adds an account, or what is new in the body to one that is there.
    pub(crate) fn add_account(&mut self, new: NewAccount, now: Timestamp) {
        let email = new.email.trim().to_lowercase();
        if !self.accounts.contains_key(&email) {
            let name = email.split('@').next().unwrap_or_default().to_owned();
            let sub = self.random.digits(21);
            let time_zone = new.time_zone.clone().unwrap_or_else(|| "UTC".to_owned());
            let account = Account {
                email: email.clone(),
                name,
                sub,
                hd: None,
                time_zone,
                access_for: None,
                list: BTreeMap::new(),
                version: self.next_version(),
            };
            self.accounts.insert(email.clone(), account);
            self.add_calendar(&email, Some(email.clone()), &email, Role::Owner, None, now);
        }
        if let Some(account) = self.accounts.get_mut(&email) {
            account.name = new.name.unwrap_or_else(|| account.name.clone());
            account.hd = new.hd.or_else(|| account.hd.clone());
            account.access_for = new.access_seconds.map(SignedDuration::from_secs).or(account.access_for);
        }
        for calendar in new.calendars {
            let role = calendar.access_role.unwrap_or(Role::Owner);
            self.add_calendar(&email, calendar.id, &calendar.summary, role, None, now);
        }
    }

    /// Adds a calendar to an account, or shares one that is there; gives its id.
    pub(crate) fn add_calendar(
        &mut self,
        email: &str,
        id: Option<String>,
        summary: &str,
        role: Role,
        made_by_client: Option<&str>,
        now: Timestamp,
    ) -> String {
        let id =
            id.unwrap_or_else(|| self.random.token("c_", 52).to_lowercase() + "@group.calendar.google.com");
        if !self.calendars.contains_key(&id) {
            let time_zone = self.accounts.get(email).map_or("UTC", |account| &account.time_zone);
            let mut calendar = Calendar::new(&id, summary, time_zone, self.random.next(), now);
            calendar.data_owner = (role == Role::Owner).then(|| email.to_owned());
            calendar.made_by_client = made_by_client.map(str::to_owned);
            self.calendars.insert(id.clone(), calendar);
        }
        self.give_access(email, &id, Some(role));
        id
    }

    /// Sets an account's role on a calendar; `None` takes it away. Sync tokens of before die.
    pub(crate) fn give_access(&mut self, email: &str, calendar_id: &str, role: Option<Role>) {
        let Some(calendar) = self.calendar_to_change(calendar_id) else { return };
        let epoch = calendar.access.get(email).map_or(0, |access| access.epoch + 1);
        calendar.access.insert(email.to_owned(), Access { role, epoch });
        self.touch_list_entry(email, calendar_id, role.is_none());
    }

    /// Deletes a calendar for everyone who had it in their list.
    pub(crate) fn delete_calendar(&mut self, calendar_id: &str) {
        let Some(calendar) = self.calendars.remove(calendar_id) else { return };
        let version = self.next_version();
        self.deleted_calendars.push((version, calendar_id.to_owned()));
        for email in calendar.access.keys() {
            self.touch_list_entry(email, calendar_id, true);
        }
    }

    /// Moves a calendar's list entries to the end of the change order, for all who have it.
    pub(crate) fn touch_lists_of(&mut self, calendar_id: &str) {
        let Some(calendar) = self.calendars.get(calendar_id) else { return };
        let emails: Vec<String> = calendar
            .access
            .iter()
            .filter(|(_, access)| access.role.is_some())
            .map(|(email, _)| email.clone())
            .collect();
        for email in emails {
            self.touch_list_entry(&email, calendar_id, false);
        }
    }

    fn touch_list_entry(&mut self, email: &str, calendar_id: &str, deleted: bool) {
        self.list_changes += 1;
        let (position, version) = (self.list_changes, self.next_version());
        let Some(account) = self.accounts.get_mut(email) else { return };
        account.version = version;
        let color_id = LIST_COLORS[account.list.len() % LIST_COLORS.len()];
        let entry =
            account.list.entry(calendar_id.to_owned()).or_insert(ListEntry { position, deleted, color_id });
        entry.position = position;
        entry.deleted = deleted;
    }
}
