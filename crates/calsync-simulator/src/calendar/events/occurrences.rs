//! The occurrences of a series as events of their own.
//!
//! An occurrence isn't stored until someone changes it; then it is an exception under the id that it always
//! had: the series' id and its original start.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use crate::world::calendar::{Calendar, Event};
use crate::world::event_time::{Moment, Span};
use crate::world::rrule::wall_clock;

/// The occurrences of a series in a window, but for those that are stored as exceptions.
pub(super) fn untouched(
    calendar: &Calendar,
    series: &Event,
    min: Option<Timestamp>,
    max: Option<Timestamp>,
) -> Vec<Arc<Event>> {
    let Some(recurrence) = &series.recurrence else { return Vec::new() };
    let spans = recurrence.between(min, max).into_iter();
    spans
        .filter(|span| calendar.events.get(&id_of(series, &span.start)).is_none())
        .map(|span| Arc::new(occurrence(calendar, series, span)))
        .collect()
}

/// The occurrence that an id names, if its series has it.
pub(super) fn named(calendar: &Calendar, id: &str) -> Option<Arc<Event>> {
    let (series_id, original) = id.rsplit_once('_')?;
    let series = calendar.events.get(series_id).filter(|series| !series.cancelled)?;
    let day_zone = &calendar.zone;
    let start = if original.len() == 8 {
        Moment::of_day(wall_clock(original, None, day_zone)?.date(), day_zone).instant()
    } else {
        wall_clock(original, None, &TimeZone::UTC)?.to_zoned(TimeZone::UTC).ok()?.timestamp()
    };
    let span = series.recurrence.as_ref()?.starting_at(start)?;
    (id_of(series, &span.start) == id).then(|| Arc::new(occurrence(calendar, series, span)))
}

fn occurrence(calendar: &Calendar, series: &Event, span: Span) -> Event {
    let id = id_of(series, &span.start);
    let mut resource = series.resource.clone();
    resource.remove("recurrence");
    let start = span.start.to_json(&calendar.zone);
    resource.insert("id".to_owned(), json!(id));
    resource.insert("recurringEventId".to_owned(), json!(series.id));
    resource.insert("originalStartTime".to_owned(), start.clone());
    resource.insert("start".to_owned(), start);
    resource.insert("end".to_owned(), span.end.to_json(&calendar.zone));
    Event {
        id,
        position: series.position,
        resource,
        cancelled: false,
        span: Some(span),
        updated: series.updated,
        recurrence: None,
        series: Some(series.id.clone()),
    }
}

fn id_of(series: &Event, start: &Moment) -> String {
    match start {
        Moment::Day { date, .. } => format!("{}_{}", series.id, date.strftime("%Y%m%d")),
        Moment::Time { zoned } => {
            format!("{}_{}", series.id, zoned.timestamp().strftime("%Y%m%dT%H%M%SZ"))
        }
    }
}
