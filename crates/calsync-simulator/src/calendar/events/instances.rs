//! `events.instances`: a series, occurrence by occurrence, exceptions in their places.

use std::sync::Arc;

use serde_json::json;

use super::list::head;
use super::shape::View;
use super::{lookup, occurrences};
use crate::api_error::ApiError;
use crate::calendar::reply::Item;
use crate::calendar::tokens::{Cursor, PageToken, parameters_hash};
use crate::calendar::{Context, Payload, Reply};
use crate::world::calendar::Event;

const PAGE_DEFAULT: usize = 250;
const PAGE_MAX: usize = 2_500;

pub(in crate::calendar) fn instances(context: &mut Context<'_>) -> Result<Reply, ApiError> {
    let query = &context.call.query;
    let (calendar, role) = context.calendar()?;
    let series = lookup::find(calendar, context.call.item_id())?;
    let (min, max) = (query.time("timeMin")?, query.time("timeMax")?);
    if min.zip(max).is_some_and(|(min, max)| min >= max) {
        return Err(ApiError::window_empty());
    }
    let show_deleted = query.flag("showDeleted")?.unwrap_or(false);
    let in_window = |event: &Event| {
        event.span.as_ref().is_none_or(|span| {
            min.is_none_or(|min| span.end.instant() > min) && max.is_none_or(|max| span.start.instant() < max)
        })
    };
    let exceptions = calendar.events.exceptions_of(&series.id).cloned();
    let exceptions = exceptions.filter(|event| (show_deleted || !event.cancelled) && in_window(event));
    let all = occurrences::untouched(calendar, &series, min, max).into_iter().chain(exceptions);

    let parameters = parameters_hash(query, &["pageToken", "maxResults", "fields", "prettyPrint", "alt"]);
    let mut keyed: Vec<(Cursor, Arc<Event>)> = all.map(|event| (key(&event), event)).collect();
    if let Some(original) = query.get("originalStart") {
        keyed.retain(|(_, event)| has_original_start(event, original));
    }
    keyed.sort_by(|(one, _), (other, _)| one.cmp(other));
    if let Some(resume) = PageToken::of(query, parameters)? {
        keyed.retain(|(key, _)| *key > resume.cursor);
    }
    let page_size = query.number("maxResults", 1, PAGE_MAX)?.unwrap_or(PAGE_DEFAULT);
    let more = keyed.len() > page_size;
    keyed.truncate(page_size);

    let mut head = head(calendar, role, context.caller.email == calendar.id);
    if let Some((cursor, _)) = keyed.last().filter(|_| more) {
        let token = PageToken { cursor: cursor.clone(), sync_from: 0, parameters };
        head.insert("nextPageToken".to_owned(), json!(token.encode()));
    }
    let view = View::read(query, role)?;
    let items: Vec<Item> = keyed.iter().map(|(_, event)| view.show(event)).collect();
    Ok(Reply { etag: None, payload: Payload::Page(head, items) })
}

/// By start, then id.
fn key(event: &Event) -> Cursor {
    let start = event.span.as_ref().map_or(0, |span| span.start.instant().as_millisecond());
    Cursor::Key(start, event.id.clone())
}

/// `originalStart` is a date or an instant.
fn has_original_start(event: &Event, wanted: &str) -> bool {
    let Some(original) = event.resource.get("originalStartTime") else { return false };
    let instant = |text: &str| text.parse::<jiff::Timestamp>().ok();
    match (original["date"].as_str(), original["dateTime"].as_str()) {
        (Some(date), _) => date == wanted,
        (_, Some(time)) => instant(time).is_some() && instant(time) == instant(wanted),
        _ => false,
    }
}
