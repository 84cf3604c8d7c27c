//! A request to the Calendar API, read; and what a method works with.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, header};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::Operation;
use super::operation::Route;
use super::scopes::Reach;
use crate::api_error::ApiError;
use crate::query::Query;
use crate::world::World;
use crate::world::calendar::{Calendar, Event, Role};
use crate::world::grants::Caller;

/// The fields of a JSON body.
pub(crate) type Body = Map<String, Value>;

#[derive(Debug)]
pub(crate) struct Call {
    route: Option<Route>,
    reads: bool,
    pub(crate) token: Option<String>,
    pub(crate) query: Query,
    pub(crate) if_match: Option<String>,
    pub(crate) if_none_match: Option<String>,
    body: Result<Body, ApiError>,
}

impl Call {
    pub(crate) fn read(parts: &Parts, body: Bytes) -> Self {
        let query = parts.uri.query().unwrap_or_default();
        Self::of(&parts.method, parts.uri.path(), query, &parts.headers, &body)
    }

    pub(crate) fn of(method: &Method, path: &str, query: &str, headers: &HeaderMap, body: &[u8]) -> Self {
        let method = overridden(method, headers);
        let below = path.strip_prefix("/calendar/v3/").unwrap_or_default();
        let segments: Vec<String> = below
            .split('/')
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
            .collect();
        let query = Query::parse(query.as_bytes());
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let bearer = text(header::AUTHORIZATION)
            .and_then(|value| value.strip_prefix("Bearer ").map(|token| token.trim().to_owned()));
        Self {
            route: Route::find(&method, &segments),
            reads: method == Method::GET,
            token: bearer.or_else(|| query.get("access_token").map(str::to_owned)),
            query,
            if_match: text(header::IF_MATCH),
            if_none_match: text(header::IF_NONE_MATCH),
            body: read_json(body),
        }
    }

    /// Whether the call leaves everything as it is.
    pub(crate) fn is_read(&self) -> bool {
        self.reads
    }

    pub(crate) fn operation(&self) -> Option<Operation> {
        self.route.as_ref().map(|route| route.operation)
    }

    /// The method's name for meters and fault rules.
    pub(crate) fn method_name(&self) -> &'static str {
        self.operation().map_or("unknown", Operation::name)
    }

    pub(crate) fn calendar_id(&self) -> Option<&str> {
        self.route.as_ref().and_then(|route| route.calendar_id.as_deref())
    }

    /// The event's id in the path, or the setting's.
    pub(crate) fn item_id(&self) -> &str {
        self.route.as_ref().and_then(|route| route.item_id.as_deref()).unwrap_or_default()
    }

    pub(crate) fn body(&self) -> Result<&Body, ApiError> {
        self.body.as_ref().map_err(Clone::clone)
    }
}

/// A POST may stand for another method: `X-HTTP-Method-Override`.
fn overridden(method: &Method, headers: &HeaderMap) -> Method {
    let named =
        headers.get("x-http-method-override").and_then(|value| Method::from_bytes(value.as_bytes()).ok());
    match named {
        Some(other) if *method == Method::POST => other,
        _ => method.clone(),
    }
}

fn read_json(body: &[u8]) -> Result<Body, ApiError> {
    if body.is_empty() {
        return Ok(Body::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(fields),
        _ => Err(ApiError::parse_error()),
    }
}

/// A call behind the gates, with the world it works on.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) call: &'a Call,
    pub(crate) caller: Caller,
    pub(crate) reach: Reach,
    pub(crate) now: Timestamp,
}

impl Context<'_> {
    /// The calendar of the path, for reading; what the caller may do with it beside it.
    pub(crate) fn calendar(&self) -> Result<(&Calendar, Role), ApiError> {
        self.calendar_named(self.call.calendar_id().unwrap_or_default())
    }

    pub(crate) fn calendar_named(&self, id: &str) -> Result<(&Calendar, Role), ApiError> {
        let id = if id == "primary" { &self.caller.email } else { id };
        let calendar = self.world.calendars.get(id).ok_or_else(ApiError::not_found)?;
        let role = calendar.role_of(&self.caller.email).ok_or_else(ApiError::not_found)?;
        let scope_missing = || ApiError::scope_insufficient(self.call.method_name());
        match self.reach {
            Reach::All => Ok((calendar, role)),
            Reach::Owned if role == Role::Owner => Ok((calendar, role)),
            Reach::AppCreated if calendar.made_by_client.as_deref() == Some(&*self.caller.client_id) => {
                Ok((calendar, role))
            }
            Reach::FreeBusy => Ok((calendar, Role::FreeBusyReader)),
            Reach::Owned | Reach::AppCreated | Reach::Public => Err(scope_missing()),
        }
    }

    /// The calendar of the path, for writing its events.
    pub(crate) fn writable_calendar(&self) -> Result<&Calendar, ApiError> {
        let (calendar, role) = self.calendar()?;
        if role.may_write() { Ok(calendar) } else { Err(ApiError::required_access_level("writer")) }
    }

    /// The calendar of the path, for changing the calendar itself.
    pub(crate) fn owned_calendar_id(&self) -> Result<String, ApiError> {
        let (calendar, role) = self.calendar()?;
        if role == Role::Owner { Ok(calendar.id.clone()) } else { Err(ApiError::forbidden()) }
    }

    /// Writes an event into a calendar's log.
    pub(crate) fn store(&mut self, calendar_id: &str, event: Event) -> Result<Arc<Event>, ApiError> {
        let calendar = self.world.calendar_to_change(calendar_id).ok_or_else(ApiError::not_found)?;
        calendar.updated = self.now;
        Ok(calendar.events.put(event))
    }

    /// Refuses when `If-Match` names another version than this one.
    pub(crate) fn check_if_match(&self, etag: &str) -> Result<(), ApiError> {
        match &self.call.if_match {
            Some(wanted) if !names(wanted, etag) => Err(ApiError::condition_not_met()),
            _ => Ok(()),
        }
    }
}

/// Whether a list of etags in a header names this one.
pub(crate) fn names(header: &str, etag: &str) -> bool {
    header.split(',').map(str::trim).any(|listed| listed == "*" || listed.trim_start_matches("W/") == etag)
}
