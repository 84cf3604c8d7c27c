//! Recurring events: which days a series falls on.
//!
//! Everything is computed on the wall clock of the series' own zone and made an instant last, so a meeting at
//! nine stays at nine across a change of the clocks. Source: RFC 5545, section 3.3.10, without `SECONDLY` to
//! `HOURLY`, `BYWEEKNO` and `BYYEARDAY`, which are refused.

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::{Map, Value};

use super::event_time::{Moment, Span};
use super::rrule::{Rule, wall_clock};
use crate::api_error::ApiError;

/// Occurrences that one listing or lookup gives of a series without an end.
const OCCURRENCES_MAX: usize = 1_000;

/// What repeats, how, and for how long each time.
#[derive(Debug, Clone)]
pub(crate) struct Recurrence {
    rules: Vec<Rule>,
    /// `RDATE`.
    added: Vec<DateTime>,
    /// `EXDATE`.
    left_out: BTreeSet<DateTime>,
    first: Moment,
    length: Length,
    /// The zone that days begin in: the calendar's.
    day_zone: TimeZone,
}

#[derive(Debug, Clone, Copy)]
enum Length {
    Days(i32),
    Time(SignedDuration),
}

impl Recurrence {
    pub(crate) fn read(
        fields: &Map<String, Value>,
        first: &Span,
        day_zone: &TimeZone,
    ) -> Result<Self, ApiError> {
        let length = match (&first.start, &first.end) {
            (Moment::Day { date: start, .. }, Moment::Day { date: end, .. }) => {
                Length::Days(start.until(*end).map_or(1, |span| span.get_days()))
            }
            (start, end) => Length::Time(end.instant().duration_since(start.instant())),
        };
        let mut recurrence = Self {
            rules: Vec::new(),
            added: Vec::new(),
            left_out: BTreeSet::new(),
            first: first.start.clone(),
            length,
            day_zone: day_zone.clone(),
        };
        for line in fields.get("recurrence").and_then(Value::as_array).into_iter().flatten() {
            recurrence.take(line.as_str().unwrap_or_default())?;
        }
        Ok(recurrence)
    }

    fn take(&mut self, line: &str) -> Result<(), ApiError> {
        let bad = || ApiError::invalid("Invalid recurrence rule.");
        let (name, value) = line.split_once(':').ok_or_else(bad)?;
        let (name, parameters) = name.split_once(';').unwrap_or((name, ""));
        match name.to_uppercase().as_str() {
            "RRULE" => self.rules.push(Rule::read(value, &self.zone()).ok_or_else(bad)?),
            "RDATE" => self.added.extend(self.dates(parameters, value).ok_or_else(bad)?),
            "EXDATE" => self.left_out.extend(self.dates(parameters, value).ok_or_else(bad)?),
            _ => return Err(bad()),
        }
        Ok(())
    }

    /// The dates of a line, on the wall clock of the series.
    fn dates(&self, parameters: &str, value: &str) -> Option<Vec<DateTime>> {
        let named = parameters.split(';').find_map(|parameter| parameter.strip_prefix("TZID="));
        let named = named.and_then(|name| TimeZone::get(name).ok());
        let zone = self.zone();
        value.split(',').map(|text| wall_clock(text, named.as_ref(), &zone)).collect()
    }

    /// The zone of the series' wall clock.
    fn zone(&self) -> TimeZone {
        match &self.first {
            Moment::Day { .. } => self.day_zone.clone(),
            Moment::Time { zoned } => zoned.time_zone().clone(),
        }
    }

    /// Occurrences that end after `min` and begin before `max`, in their order.
    pub(crate) fn between(&self, min: Option<Timestamp>, max: Option<Timestamp>) -> Vec<Span> {
        let mut starts: Vec<DateTime> = Vec::new();
        for rule in &self.rules {
            let mut shown = 0;
            rule.each(self.first.civil(), |start| {
                let Some(span) = self.at(start) else { return true };
                if max.is_some_and(|max| span.start.instant() >= max) || shown == OCCURRENCES_MAX {
                    return false;
                }
                if min.is_none_or(|min| span.end.instant() > min) {
                    starts.push(start);
                    shown += 1;
                }
                true
            });
        }
        starts.extend(&self.added);
        if self.rules.is_empty() {
            starts.push(self.first.civil());
        }
        starts.sort();
        starts.dedup();
        let spans = starts
            .into_iter()
            .filter(|start| !self.left_out.contains(start))
            .filter_map(|start| self.at(start));
        spans
            .filter(|span| min.is_none_or(|min| span.end.instant() > min))
            .filter(|span| max.is_none_or(|max| span.start.instant() < max))
            .collect()
    }

    /// The occurrence that begins at this instant.
    pub(crate) fn starting_at(&self, start: Timestamp) -> Option<Span> {
        let after = start.checked_add(SignedDuration::from_millis(1)).ok()?;
        self.between(Some(start), Some(after)).into_iter().find(|span| span.start.instant() == start)
    }

    fn at(&self, start: DateTime) -> Option<Span> {
        match self.length {
            Length::Days(days) => {
                let end = start.date().checked_add(days.days()).ok()?;
                let day = |date: Date| Moment::of_day(date, &self.day_zone);
                Some(Span { start: day(start.date()), end: day(end) })
            }
            Length::Time(length) => {
                let start = start.to_zoned(self.zone()).ok()?;
                let end = start.checked_add(length).ok()?;
                Some(Span { start: Moment::Time { zoned: start }, end: Moment::Time { zoned: end } })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::world::event_time::normalise;

    fn days(lines: &[&str], start: &str, max: &str) -> Vec<String> {
        let zone = TimeZone::get("Europe/Paris").unwrap();
        let end: DateTime = start.parse().unwrap();
        let end = end.checked_add(1.hour()).unwrap().to_string();
        let mut fields = json!({
            "start": {"dateTime": start, "timeZone": "Europe/Paris"},
            "end": {"dateTime": end, "timeZone": "Europe/Paris"},
            "recurrence": lines,
        })
        .as_object()
        .cloned()
        .unwrap();
        let span = normalise(&mut fields, &zone, true).unwrap();
        let recurrence = Recurrence::read(&fields, &span, &zone).unwrap();
        let spans = recurrence.between(None, Some(max.parse().unwrap()));
        spans.iter().map(|span| span.start.civil().to_string()[..16].to_owned()).collect()
    }

    #[test]
    fn series_fall_on_their_days() {
        let cases: &[(&[&str], &[&str])] = &[
            (&["RRULE:FREQ=DAILY;COUNT=3"], &["03-03", "03-04", "03-05"]),
            (&["RRULE:FREQ=DAILY;INTERVAL=2;UNTIL=20310307T080000Z"], &["03-03", "03-05", "03-07"]),
            (&["RRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=4"], &["03-03", "03-05", "03-10", "03-12"]),
            (&["RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=3"], &["03-03", "03-17", "03-31"]),
            (&["RRULE:FREQ=MONTHLY;BYDAY=1MO;COUNT=3"], &["03-03", "04-07", "05-05"]),
            (&["RRULE:FREQ=MONTHLY;BYDAY=-1FR;COUNT=2"], &["03-28", "04-25"]),
            (&["RRULE:FREQ=MONTHLY;BYMONTHDAY=31;COUNT=3"], &["03-31", "05-31", "07-31"]),
            (&["RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=2"], &["03-31", "04-30"]),
            (&["RRULE:FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=1;COUNT=1"], &["06-01"]),
            (&["RRULE:FREQ=DAILY;COUNT=3", "EXDATE;TZID=Europe/Paris:20310304T090000"], &["03-03", "03-05"]),
            (
                &["RRULE:FREQ=DAILY;COUNT=2", "EXDATE:20310304T080000Z", "RDATE:20310308T080000Z"],
                &["03-03", "03-08"],
            ),
        ];
        for (lines, expected) in cases {
            let expected: Vec<String> = expected.iter().map(|day| format!("2031-{day}T09:00")).collect();
            assert_eq!(days(lines, "2031-03-03T09:00:00", "2032-01-01T00:00:00Z"), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_series_keeps_its_hour_when_the_clocks_change() {
        let days = days(&["RRULE:FREQ=WEEKLY"], "2031-03-24T09:00:00", "2031-04-08T00:00:00Z");
        assert_eq!(days, ["2031-03-24T09:00", "2031-03-31T09:00", "2031-04-07T09:00"]);
    }

    #[test]
    fn rules_that_mean_nothing_are_refused() {
        for bad in [
            "FREQ=SOMETIMES",
            "COUNT=3",
            "FREQ=DAILY;COUNT=x",
            "FREQ=DAILY;BYHOUR=3",
            "FREQ=DAILY;INTERVAL=0",
        ] {
            assert!(Rule::read(bad, &TimeZone::UTC).is_none(), "{bad}");
        }
    }
}
