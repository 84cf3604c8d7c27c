//! `events`: one method a file, and what they share.
//!
//! A write goes [`body`] (types) → [`validate`] (values) → [`build`] (what Google fills in) →
//! the calendar's log. A read goes from the log through [`shape`] (what this caller may see).

mod body;
mod build;
pub(super) mod delete;
mod filter;
pub(super) mod get;
pub(super) mod import;
pub(super) mod insert;
pub(super) mod instances;
pub(super) mod list;
mod lookup;
pub(super) mod move_event;
mod occurrences;
mod organizer;
pub(super) mod patch;
mod shape;
pub(super) mod update;
mod validate;

use std::sync::Arc;

use jiff::Timestamp;

use crate::world::calendar::{Calendar, Event};

/// The live events and occurrences that overlap a window, series expanded.
pub(crate) fn in_window(calendar: &Calendar, min: Timestamp, max: Timestamp) -> Vec<Arc<Event>> {
    let filter = filter::Filter::window(min, max);
    calendar.events.after(0).flat_map(|stored| filter.matching(calendar, stored)).collect()
}

/// When a calendar is busy in a window.
pub(super) fn busy_spans(calendar: &Calendar, min: Timestamp, max: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let busy = |event: &Arc<Event>| {
        let span = event.span.as_ref().filter(|_| event.text("transparency") != Some("transparent"))?;
        Some((span.start.instant().max(min), span.end.instant().min(max)))
    };
    in_window(calendar, min, max).iter().filter_map(busy).collect()
}
