//! `events.list`: a window, a search, or everything that changed since a sync token.
//!
//! Without an order asked for, events come in the order of their last change: a page ends at a position and the
//! next begins there. An event that is written meanwhile moves behind all others, into a later page, and comes
//! again in the next sync, which begins where the calendar stood when the first page was read. It has to: an
//! event deleted between two pages may have been on the first, and is on none after.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::filter::Filter;
use super::shape::View;
use crate::api_error::ApiError;
use crate::calendar::reply::Item;
use crate::calendar::tokens::{Cursor, PageToken, SyncToken, parameters_hash};
use crate::calendar::{Context, Payload, Reply};
use crate::query::Query;
use crate::world::calendar::{Calendar, Event, Role};
use crate::world::event_time::stamp;

const PAGE_DEFAULT: usize = 250;
const PAGE_MAX: usize = 2_500;

/// A page looks at this many events at most; it may then be empty and still not be the last.
const EXAMINED_MAX: usize = 10_000;

/// Parameters that may differ between the listings that a sync token joins.
const FREE_PARAMETERS: &[&str] = &[
    "access_token",
    "alt",
    "fields",
    "key",
    "maxResults",
    "pageToken",
    "prettyPrint",
    "quotaUser",
    "syncToken",
];

/// Parameters of a first listing that later ones must not have.
const FIRST_ONLY: &[&str] = &["timeMax", "timeMin"];

/// Parameters that never go with a sync token.
const NEVER_WITH_SYNC: &[&str] = &[
    "iCalUID",
    "orderBy",
    "privateExtendedProperty",
    "q",
    "sharedExtendedProperty",
    "timeMax",
    "timeMin",
    "updatedMin",
];

pub(in crate::calendar) fn list(context: &mut Context<'_>) -> Result<Reply, ApiError> {
    let query = &context.call.query;
    let (calendar, role) = context.calendar()?;
    let epoch = calendar.access.get(&context.caller.email).map_or(0, |access| access.epoch);
    let request = Request::read(query, epoch, context.now)?;
    let mut view = View::read(query, role)?;
    view.bare_deletions = request.since.is_some() && !request.filter.show_deleted;

    let sync_from = request.resumed.as_ref().map_or(calendar.events.last_position(), |page| page.sync_from);

    let page = request.page(calendar);
    let mut head = head(calendar, role, context.caller.email == calendar.id);
    match page.next {
        Some(cursor) => {
            let token = PageToken { cursor, sync_from, parameters: request.page_parameters };
            head.insert("nextPageToken".to_owned(), json!(token.encode()));
        }
        None if request.can_sync_after(query) => {
            let token = SyncToken {
                position: sync_from,
                epoch,
                issued_second: context.now.as_second(),
                parameters: request.sync_parameters,
            };
            head.insert("nextSyncToken".to_owned(), json!(token.encode()));
        }
        None => {}
    }
    let items: Vec<Item> = page.events.iter().map(|event| view.show(event)).collect();
    let etag = head.get("etag").and_then(Value::as_str).map(str::to_owned);
    Ok(Reply { etag, payload: Payload::Page(head, items) })
}

/// What a listing says about its calendar.
pub(super) fn head(calendar: &Calendar, role: Role, primary: bool) -> Map<String, Value> {
    let mut head = Map::new();
    let mut set = |name: &str, value: Value| head.insert(name.to_owned(), value);
    set("kind", json!("calendar#events"));
    set(
        "etag",
        json!(format!("\"p{}\"", calendar.event_etag(calendar.events.last_position()).trim_matches('"'))),
    );
    set("summary", json!(calendar.summary));
    set("description", json!(calendar.description.as_deref().unwrap_or_default()));
    set("updated", json!(stamp(calendar.updated)));
    set("timeZone", json!(calendar.time_zone));
    set("accessRole", json!(role.name()));
    set("defaultReminders", if primary { json!([{"method": "popup", "minutes": 10}]) } else { json!([]) });
    head
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    LastChange,
    StartTime,
    Updated,
}

#[derive(Debug)]
struct Request {
    filter: Filter,
    order: Order,
    page_size: usize,
    /// Only what changed after this position.
    since: Option<u64>,
    /// The page before this one ended here.
    resumed: Option<PageToken>,
    page_parameters: u64,
    sync_parameters: u64,
}

struct Page {
    events: Vec<Arc<Event>>,
    next: Option<Cursor>,
}

impl Request {
    fn read(query: &Query, epoch: u64, now: jiff::Timestamp) -> Result<Self, ApiError> {
        let filter = Filter::read(query, now)?;
        let order = match query.word("orderBy", &["startTime", "updated"])? {
            Some("startTime") if !filter.single_events => {
                let message = "The requested ordering is not available for the particular query.";
                return Err(ApiError::invalid_parameter("orderBy", message));
            }
            Some("startTime") => Order::StartTime,
            Some(_) => Order::Updated,
            None => Order::LastChange,
        };
        let page_parameters = parameters_hash(
            query,
            &["pageToken", "maxResults", "fields", "prettyPrint", "alt", "access_token"],
        );
        let sync_parameters = parameters_hash(query, &[FREE_PARAMETERS, FIRST_ONLY].concat());
        let since = match query.get("syncToken") {
            Some(text) => {
                refuse_beside_sync(query)?;
                let token = SyncToken::decode(text)?;
                token.check(epoch, sync_parameters, now)?;
                Some(token.position)
            }
            None => None,
        };
        Ok(Self {
            filter: if since.is_some() { filter.of_sync() } else { filter },
            order,
            page_size: query.number("maxResults", 1, PAGE_MAX)?.unwrap_or(PAGE_DEFAULT),
            since,
            resumed: PageToken::of(query, page_parameters)?,
            page_parameters,
            sync_parameters,
        })
    }

    fn can_sync_after(&self, query: &Query) -> bool {
        NEVER_WITH_SYNC.iter().filter(|name| !FIRST_ONLY.contains(name)).all(|name| query.get(name).is_none())
    }

    fn page(&self, calendar: &Calendar) -> Page {
        match self.order {
            Order::LastChange => self.page_by_change(calendar),
            Order::StartTime => self.page_by_key(calendar, |event| {
                event.span.as_ref().map_or(0, |span| span.start.instant().as_millisecond())
            }),
            Order::Updated => self.page_by_key(calendar, |event| event.updated.as_microsecond()),
        }
    }

    fn page_by_change(&self, calendar: &Calendar) -> Page {
        let (resume_at, skip) = match self.resumed.as_ref().map(|page| &page.cursor) {
            Some(Cursor::Position(position, skip)) => (*position, *skip),
            _ => (self.since.unwrap_or(0) + 1, 0),
        };
        let mut events: Vec<Arc<Event>> = Vec::new();
        for (examined, stored) in calendar.events.after(resume_at - 1).enumerate() {
            if examined == EXAMINED_MAX {
                return Page { events, next: Some(Cursor::Position(stored.position, 0)) };
            }
            let seen = if stored.position == resume_at { skip } else { 0 };
            for (index, event) in self.filter.matching(calendar, stored).into_iter().enumerate().skip(seen) {
                if events.len() == self.page_size {
                    return Page { events, next: Some(Cursor::Position(stored.position, index)) };
                }
                events.push(event);
            }
        }
        Page { events, next: None }
    }

    /// A listing by another order is sorted anew for every page and resumes after the last key.
    fn page_by_key(&self, calendar: &Calendar, key: impl Fn(&Event) -> i64) -> Page {
        let all = calendar.events.after(0).flat_map(|stored| self.filter.matching(calendar, stored));
        let mut keyed: Vec<(Cursor, Arc<Event>)> =
            all.map(|event| (Cursor::Key(key(&event), event.id.clone()), event)).collect();
        keyed.sort_by(|(one, _), (other, _)| one.cmp(other));
        if let Some(resume) = &self.resumed {
            keyed.retain(|(key, _)| *key > resume.cursor);
        }
        let more = keyed.len() > self.page_size;
        keyed.truncate(self.page_size);
        let next = if more { keyed.last().map(|(key, _)| key.clone()) } else { None };
        Page { events: keyed.into_iter().map(|(_, event)| event).collect(), next }
    }
}

fn refuse_beside_sync(query: &Query) -> Result<(), ApiError> {
    let refused = NEVER_WITH_SYNC.iter().find(|name| query.get(name).is_some());
    if let Some(name) = refused {
        return Err(ApiError::bad_request(format!("Sync token cannot be used with {name}.")));
    }
    if query.flag("showDeleted")? == Some(false) {
        return Err(ApiError::bad_request("Sync token cannot be used with showDeleted=false."));
    }
    Ok(())
}
