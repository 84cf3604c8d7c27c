//! What the oracle has seen of the simulated Google: events and calendars of ours, kept up by what
//! changed, so that a check after each step costs by the step.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, ensure};
use calsync_simulator::{CalendarSnapshot, EventSnapshot, Simulator, SnapshotCursor};

use crate::fixtures::{CLIENT, user_of};

/// The private property that names the item of an event of ours.
const ITEM: &str = "calsync_item";
/// What every property of our stamp begins with.
const STAMP: &str = "calsync_";
/// What stands in the description of a calendar that we made.
const CALENDAR_MARKER: &str = "[calsync ";

/// A live event of ours.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OurEvent {
    pub(crate) item: String,
    pub(crate) event: EventSnapshot,
}

/// Where an event stands: calendar and id.
type PlanContext = (String, String);

/// What is there of ours in one user's account.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Account {
    /// Calendars that we made.
    pub(crate) our_calendars: BTreeSet<String>,
    /// Live events of ours, in whatever calendar of theirs.
    events: BTreeMap<PlanContext, OurEvent>,
    by_item: BTreeMap<String, BTreeSet<PlanContext>>,
    /// Whether Google honours a grant of theirs to us.
    pub(crate) has_grant: bool,
}

/// Everything that was seen.
pub(crate) struct Observed {
    google: Simulator,
    cursor: SnapshotCursor,
    calendars: BTreeMap<String, CalendarSnapshot>,
    accounts: BTreeMap<String, Account>,
}

/// What changed since the last look.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    /// Users whose calendars or grants changed.
    pub(crate) users: BTreeSet<String>,
    /// Events of ours that changed, as user and item.
    pub(crate) items: BTreeSet<(String, String)>,
}

impl Observed {
    /// Has seen nothing yet.
    pub(crate) fn new(google: Simulator) -> Self {
        Self {
            google,
            cursor: SnapshotCursor::default(),
            calendars: BTreeMap::new(),
            accounts: BTreeMap::new(),
        }
    }

    /// Looks at what changed.
    pub(crate) fn look(&mut self) -> anyhow::Result<Changed> {
        let snapshot = self.google.changes_since(&mut self.cursor)?;
        let mut changed = Changed::default();
        for account in &snapshot.accounts {
            self.accounts.entry(user_of(&account.email)?).or_default();
        }
        for id in &snapshot.deleted_calendars {
            self.forget_calendar(id, &mut changed)?;
        }
        for calendar in snapshot.calendars {
            let user = owner(&calendar)?;
            if is_ours(&calendar)? && self.account_mut(&user)?.our_calendars.insert(calendar.id.clone()) {
                changed.users.insert(user);
            }
            self.calendars.insert(calendar.id.clone(), calendar);
        }
        for event in snapshot.events {
            self.keep(event, &mut changed)?;
        }
        let granted = snapshot.grants.iter().filter(|grant| grant.client_id == CLIENT);
        let granted: BTreeSet<String> =
            granted.map(|grant| user_of(&grant.email)).collect::<Result<_, _>>()?;
        for (user, account) in &mut self.accounts {
            if std::mem::replace(&mut account.has_grant, granted.contains(user)) != account.has_grant {
                changed.users.insert(user.clone());
            }
        }
        Ok(changed)
    }

    fn account_mut(&mut self, user: &str) -> anyhow::Result<&mut Account> {
        self.accounts.get_mut(user).with_context(|| format!("{user} has no Google account"))
    }

    fn forget_calendar(&mut self, id: &str, changed: &mut Changed) -> anyhow::Result<()> {
        // One that was made and deleted since the last look was never seen.
        let Some(calendar) = self.calendars.remove(id) else { return Ok(()) };
        let user = owner(&calendar)?;
        let account = self.account_mut(&user)?;
        account.our_calendars.remove(id);
        let gone: Vec<PlanContext> =
            account.events.keys().filter(|(calendar, _)| calendar == id).cloned().collect();
        for place in gone {
            if let Some(item) = account.remove(&place) {
                changed.items.insert((user.clone(), item));
            }
        }
        changed.users.insert(user);
        Ok(())
    }

    fn keep(&mut self, event: EventSnapshot, changed: &mut Changed) -> anyhow::Result<()> {
        let calendar = self.calendars.get(&event.calendar_id).context("an event in no calendar")?;
        let user = owner(calendar)?;
        let item = if event.private.keys().any(|key| key.starts_with(STAMP)) {
            Some(event.require_private(ITEM)?.to_owned())
        } else {
            None
        };
        let account = self.account_mut(&user)?;
        let place = (event.calendar_id.clone(), event.id.clone());
        if let Some(item) = account.remove(&place) {
            changed.items.insert((user.clone(), item));
        }
        if let Some(item) = item.filter(|_| !event.is_cancelled()) {
            changed.items.insert((user, item.clone()));
            account.by_item.entry(item.clone()).or_default().insert(place.clone());
            account.events.insert(place, OurEvent { item, event });
        }
        Ok(())
    }

    /// What is of ours with `user`; nothing before they have an account.
    pub(crate) fn of(&self, user: &str) -> anyhow::Result<&Account> {
        self.accounts.get(user).with_context(|| format!("{user} has no Google account"))
    }

    /// Whether a look at everything shows the same: what changed was seen, and nothing else.
    pub(crate) fn check_whole(&self) -> anyhow::Result<()> {
        let mut whole = Self::new(self.google.clone());
        whole.look()?;
        ensure!(whole.accounts == self.accounts, "the oracle lost track of the simulated Google");
        Ok(())
    }
}

impl Account {
    /// Its live events of ours.
    pub(crate) fn events(&self) -> impl Iterator<Item = &OurEvent> {
        self.events.values()
    }

    /// The live events of one item.
    pub(crate) fn of_item(&self, item: &str) -> impl Iterator<Item = &OurEvent> {
        self.by_item.get(item).into_iter().flatten().filter_map(|place| self.events.get(place))
    }

    /// Forgets the event at `place`; its item, if it was one of ours.
    fn remove(&mut self, place: &PlanContext) -> Option<String> {
        let event = self.events.remove(place)?;
        if let Some(places) = self.by_item.get_mut(&event.item) {
            places.remove(place);
            if places.is_empty() {
                self.by_item.remove(&event.item);
            }
        }
        Some(event.item)
    }
}

fn owner(calendar: &CalendarSnapshot) -> anyhow::Result<String> {
    user_of(calendar.owner.as_deref().with_context(|| format!("nobody owns {}", calendar.id))?)
}

/// Whether we made a calendar; one that we made says so.
fn is_ours(calendar: &CalendarSnapshot) -> anyhow::Result<bool> {
    let is_made = calendar.made_by_client.as_deref() == Some(CLIENT);
    let is_marked = calendar.description.as_deref().is_some_and(|text| text.contains(CALENDAR_MARKER));
    ensure!(is_made == is_marked, "{} is not marked as what it is", calendar.id);
    Ok(is_made)
}
