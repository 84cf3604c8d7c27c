//! Which calendars are ours, and which events in them. A calendar of ours has our marker in its description;
//! an event of ours has our stamp, under an id that we derive. A copy that the user made of one is theirs.

use std::collections::BTreeSet;

use calsync_core::event_id::{EventPlace, event_id};
use calsync_core::remote::RemoteEvent;
use calsync_core::stamp::stamped_item;
use calsync_google::{CalendarEntry, EventPage, ListQuery};
use calsync_store::integrations::Integration;

use crate::Engine;

/// Connections of the same integration whose events are looked for, newest first.
const EPOCHS_MAX: i64 = 100;
/// Google's limit for a page.
const EVENTS_A_PAGE: u32 = 2_500;
/// 100,000 events: a calendar with more is never taken for one of ours alone.
const PAGES_MAX: usize = 40;

/// What tells our calendar from every other one.
pub(crate) fn calendar_marker(engine: &Engine, integration: &Integration) -> String {
    format!("[calsync {}/{}/{}]", engine.store().deployment_id(), integration.id, integration.epoch)
}

/// Whether `calendar` is one that we made for this connection.
pub(crate) fn is_our_own(engine: &Engine, integration: &Integration, calendar: &CalendarEntry) -> bool {
    let marker = calendar_marker(engine, integration);
    calendar.description.as_deref().is_some_and(|description| description.contains(&marker))
}

/// Whether `event` of `calendar_id` is one that we made for `integration`.
pub(crate) fn is_ours(
    engine: &Engine,
    integration: &Integration,
    calendar_id: &str,
    event: &RemoteEvent,
) -> bool {
    let stamped = stamped_item(event, engine.store().deployment_id(), &integration.id);
    let Some((item, generation)) = stamped else { return false };
    let oldest = (integration.epoch - EPOCHS_MAX).max(0) + 1;
    (oldest..=integration.epoch).rev().any(|epoch| {
        let place = EventPlace { integration_id: &integration.id, epoch, calendar_id };
        event_id(place, &item, generation) == event.id()
    })
}

/// A look through a whole calendar, page by page, for anything that is not ours.
pub(crate) struct CalendarScan {
    query: ListQuery,
    pages: usize,
    is_over: bool,
    /// Ids of events of ours.
    ours: BTreeSet<String>,
    /// Whether an event is not ours. A changed occurrence belongs to its series.
    is_foreign_there: bool,
    /// Series that changed occurrences belong to.
    series: BTreeSet<String>,
}

impl CalendarScan {
    pub(crate) fn new() -> Self {
        Self {
            query: ListQuery { max_results: Some(EVENTS_A_PAGE), ..ListQuery::default() },
            pages: 0,
            is_over: false,
            ours: BTreeSet::new(),
            is_foreign_there: false,
            series: BTreeSet::new(),
        }
    }

    /// The page to list next; none once enough was seen.
    pub(crate) fn next(&self) -> Option<&ListQuery> {
        let goes_on = !self.is_over && !self.is_foreign_there && self.pages < PAGES_MAX;
        goes_on.then_some(&self.query)
    }

    /// Looks through the page that was listed.
    pub(crate) fn add_page(
        &mut self,
        engine: &Engine,
        integration: &Integration,
        calendar_id: &str,
        page: EventPage,
    ) {
        for event in page.events.iter().filter(|event| !event.is_cancelled()) {
            if is_ours(engine, integration, calendar_id, event) {
                self.ours.insert(event.id().to_owned());
            } else if let Some(series) = event.0.get("recurringEventId").and_then(|id| id.as_str()) {
                self.series.insert(series.to_owned());
            } else {
                self.is_foreign_there = true;
            }
        }
        self.pages += 1;
        self.is_over = page.next_page_token.is_none();
        self.query.page_token = page.next_page_token;
    }

    /// How many events are in the calendar, if the whole of it was seen and all are ours.
    pub(crate) fn owned_event_count(&self) -> Option<usize> {
        let all_ours = self.is_over && !self.is_foreign_there && self.series.is_subset(&self.ours);
        all_ours.then_some(self.ours.len())
    }
}
