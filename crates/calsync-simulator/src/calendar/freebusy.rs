//! `freebusy.query`: when calendars are busy, without saying with what.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::events::busy_spans;
use super::{Context, Reply};
use crate::api_error::ApiError;
use crate::world::event_time::rfc3339;

/// Calendars that one query may name.
const CALENDARS_MAX: usize = 50;

pub(super) fn query(context: &mut Context<'_>) -> Result<Reply, ApiError> {
    let body = context.call.body()?;
    let time = |name: &str| {
        let text = body.get(name).and_then(Value::as_str);
        let text = text.ok_or_else(|| ApiError::required(format!("Missing {name} parameter.")))?;
        text.parse::<Timestamp>().map_err(|_| ApiError::bad_request("Bad Request"))
    };
    let (min, max) = (time("timeMin")?, time("timeMax")?);
    if min >= max {
        return Err(ApiError::window_empty());
    }
    let zone = match body.get("timeZone").and_then(Value::as_str) {
        Some(name) => TimeZone::get(name).map_err(|_| ApiError::invalid("Invalid time zone."))?,
        None => TimeZone::UTC,
    };
    let items = body.get("items").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if items.len() > CALENDARS_MAX {
        return Err(ApiError::calendar_rule("tooManyCalendarsRequested", "Too many calendars requested."));
    }
    let mut calendars = Map::new();
    for id in items.iter().filter_map(|item| item.get("id").and_then(Value::as_str)) {
        let shown = match context.calendar_named(id) {
            Ok((calendar, _)) => {
                let period =
                    |(start, end)| json!({"start": rfc3339(start, &zone), "end": rfc3339(end, &zone)});
                let busy: Vec<Value> =
                    joined(busy_spans(calendar, min, max)).into_iter().map(period).collect();
                json!({"busy": busy})
            }
            Err(_) => json!({"errors": [{"domain": "global", "reason": "notFound"}], "busy": []}),
        };
        calendars.insert(id.to_owned(), shown);
    }
    Ok(Reply::json(json!({
        "kind": "calendar#freeBusy",
        "timeMin": format!("{min:.3}"),
        "timeMax": format!("{max:.3}"),
        "calendars": calendars,
    })))
}

/// Periods that touch become one.
fn joined(mut periods: Vec<(Timestamp, Timestamp)>) -> Vec<(Timestamp, Timestamp)> {
    periods.sort();
    let mut joined: Vec<(Timestamp, Timestamp)> = Vec::new();
    for (start, end) in periods {
        match joined.last_mut() {
            Some((_, last_end)) if start <= *last_end => *last_end = end.max(*last_end),
            _ => joined.push((start, end)),
        }
    }
    joined
}
