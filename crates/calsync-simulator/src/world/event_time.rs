//! Starts and ends: reading them strictly, and writing them as Google does.
//!
//! Google answers `dateTime` in the calendar's zone with its offset, whatever zone it was sent in, and
//! `timeZone` as it was sent. Ends are exclusive. An all-day event spans its days in the calendar's zone.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde_json::{Map, Value, json};

use crate::api_error::ApiError;

/// When an event begins and ends.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Span {
    pub(crate) start: Moment,
    pub(crate) end: Moment,
}

/// A start or an end: a day, or an instant with the zone that it is meant in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Moment {
    Day { date: Date, midnight: Timestamp },
    Time { zoned: Zoned },
}

impl Moment {
    pub(crate) fn instant(&self) -> Timestamp {
        match self {
            Self::Day { midnight, .. } => *midnight,
            Self::Time { zoned } => zoned.timestamp(),
        }
    }

    /// The wall-clock time in its own zone; midnight for a day.
    pub(crate) fn civil(&self) -> DateTime {
        match self {
            Self::Day { date, .. } => date.to_datetime(jiff::civil::Time::midnight()),
            Self::Time { zoned } => zoned.datetime(),
        }
    }

    pub(crate) fn is_day(&self) -> bool {
        matches!(self, Self::Day { .. })
    }

    pub(crate) fn of_day(date: Date, zone: &TimeZone) -> Self {
        let midnight = date.to_zoned(zone.clone()).map_or(Timestamp::UNIX_EPOCH, |zoned| zoned.timestamp());
        Self::Day { date, midnight }
    }

    /// As a resource's `start`, `end` or `originalStartTime`.
    pub(crate) fn to_json(&self, calendar_zone: &TimeZone) -> Value {
        match self {
            Self::Day { date, .. } => json!({"date": date.to_string()}),
            Self::Time { zoned } => {
                let mut fields = json!({"dateTime": rfc3339(zoned.timestamp(), calendar_zone)});
                if let Some(name) = zoned.time_zone().iana_name() {
                    fields["timeZone"] = json!(name);
                }
                fields
            }
        }
    }
}

/// Reads `start` and `end` of an event and puts them into Google's form. `recurs`: a zone must be named.
pub(crate) fn normalise(
    fields: &mut Map<String, Value>,
    calendar_zone: &TimeZone,
    recurs: bool,
) -> Result<Span, ApiError> {
    let start = read(fields.get("start"), "start", calendar_zone, recurs)?;
    let end = read(fields.get("end"), "end", calendar_zone, recurs)?;
    if start.is_day() != end.is_day() {
        return Err(ApiError::invalid("Start and end times must either both be date or both be dateTime."));
    }
    if end.instant() <= start.instant() {
        return Err(ApiError::time_range_empty());
    }
    fields.insert("start".to_owned(), start.to_json(calendar_zone));
    fields.insert("end".to_owned(), end.to_json(calendar_zone));
    Ok(Span { start, end })
}

/// Reads one of an event's moments.
pub(crate) fn read(
    value: Option<&Value>,
    name: &'static str,
    calendar_zone: &TimeZone,
    recurs: bool,
) -> Result<Moment, ApiError> {
    let missing = || ApiError::required(format!("Missing {name} time."));
    let fields = value.and_then(Value::as_object).ok_or_else(missing)?;
    let text = |key: &str| fields.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let zone = match text("timeZone") {
        Some(zone_name) => Some(
            TimeZone::get(zone_name)
                .map_err(|_| ApiError::invalid(format!("Invalid time zone definition for {name} time.")))?,
        ),
        None => None,
    };
    match (text("date"), text("dateTime")) {
        (Some(_), Some(_)) => Err(ApiError::invalid(format!("Invalid {name} time."))),
        (Some(date), None) => {
            let date: Date = date.parse().map_err(|_| malformed(date))?;
            Ok(Moment::of_day(date, calendar_zone))
        }
        (None, Some(time)) => {
            if recurs && zone.is_none() {
                return Err(ApiError::required(format!("Missing time zone definition for {name} time.")));
            }
            read_time(time, name, zone, calendar_zone)
        }
        (None, None) => Err(missing()),
    }
}

fn read_time(
    text: &str,
    name: &str,
    zone: Option<TimeZone>,
    calendar_zone: &TimeZone,
) -> Result<Moment, ApiError> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        let zoned = instant.to_zoned(zone.unwrap_or_else(|| calendar_zone.clone()));
        return Ok(Moment::Time { zoned });
    }
    let civil: DateTime = text.parse().map_err(|_| malformed(text))?;
    let zone =
        zone.ok_or_else(|| ApiError::required(format!("Missing time zone definition for {name} time.")))?;
    let zoned = civil.to_zoned(zone).map_err(|_| malformed(text))?;
    Ok(Moment::Time { zoned })
}

fn malformed(text: &str) -> ApiError {
    ApiError::invalid(format!("Invalid value for: Invalid format: \"{text}\" is malformed"))
}

/// `2031-03-10T09:00:00+09:00`, or with `Z` in UTC; whole seconds, as Google answers.
pub(crate) fn rfc3339(instant: Timestamp, zone: &TimeZone) -> String {
    let offset = zone.to_offset(instant);
    let civil = offset.to_datetime(instant);
    let time = civil.strftime("%Y-%m-%dT%H:%M:%S");
    if offset.seconds() == 0 {
        return format!("{time}Z");
    }
    let minutes = offset.seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{time}{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

/// `2031-03-10T00:00:00.000Z`, as in `created` and `updated`.
pub(crate) fn stamp(instant: Timestamp) -> String {
    format!("{instant:.3}")
}
