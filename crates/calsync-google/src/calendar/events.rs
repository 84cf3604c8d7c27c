//! Events: read, made, written back whole or in part, removed, listed.
//!
//! An event goes back as it came, but for what the caller changed: conference data, attachments and
//! labels are declared as understood, or Google would drop them. Every method is one quota unit,
//! `patch` three.

use calsync_core::outcome::Operation;
use calsync_core::reason::Reason;
use calsync_core::remote::RemoteEvent;
use form_urlencoded::Serializer;
use http::Method;
use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;

use super::calendars::AccessRole;
use crate::Deleted;
use crate::answer::Answer;
use crate::call::{Call, GoogleClient, push_segment};
use crate::failure::{ErrorSource, Failure};
use crate::transport::QuotaUnits;

/// Of every write with a body.
const WRITE: &str = "?sendUpdates=none&conferenceDataVersion=1&supportsAttachments=true";
/// Of a write whose body holds a label: without it the label would give way to `colorId`.
const LABELLED: &str = "&eventLabelVersion=1";
/// Of a removal, which knows no more.
const REMOVAL: &str = "?sendUpdates=none";

/// What a list of events calls itself.
const EVENTS_KIND: &str = "calendar#events";

/// What to list, and from where on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// Only events with this private extended property, as `name=value`.
    pub private_property: Option<String>,
    /// Only what changed since the list that ended with this token. Google forbids filters beside
    /// it, so `private_property` and `time_min` are then left out.
    pub sync_token: Option<String>,
    /// The next page of a list; all else must be as for its first page.
    pub page_token: Option<String>,
    /// Also what was removed. (With a sync token Google always tells that.)
    pub show_deleted: bool,
    /// Only events that end after it.
    pub time_min: Option<Timestamp>,
    /// Events a page; Google's default is 250, its limit 2,500.
    pub max_results: Option<u32>,
}

/// A page of a list. It may be empty and not the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPage {
    /// The events; of a cancelled one only the id is sure.
    pub events: Vec<RemoteEvent>,
    /// Set on every page but the last.
    pub next_page_token: Option<String>,
    /// Set on the last page only: where the next list goes on.
    pub next_sync_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageAnswer {
    kind: String,
    #[serde(default)]
    items: Vec<RemoteEvent>,
    next_page_token: Option<String>,
    next_sync_token: Option<String>,
}

/// What a calendar says of itself beside its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarInfo {
    /// What the account may do with it.
    pub access_role: AccessRole,
    /// Its IANA zone.
    pub time_zone: Option<String>,
    /// Its description.
    pub description: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InfoAnswer {
    kind: String,
    #[serde(default)]
    access_role: AccessRole,
    time_zone: Option<String>,
    description: Option<String>,
}

impl GoogleClient {
    /// Asks for a calendar by itself, by the shortest list of its events: one quota unit, and every
    /// permission that we ever ask for allows it. None if it isn't there. Any failure means that it
    /// can't be told whether it is.
    ///
    /// # Errors
    /// Any but `calendar_gone` for a 404 or 410.
    pub async fn check_calendar(
        &self,
        access_token: &SecretString,
        calendar_id: &str,
    ) -> Result<Option<CalendarInfo>, Failure> {
        let shortest = ListQuery { max_results: Some(1), ..ListQuery::default() };
        let call = self.list_call(access_token, calendar_id, &shortest)?;
        match self.send(call, |answer| answer.json(|info: &InfoAnswer| info.kind == EVENTS_KIND)).await {
            Ok(InfoAnswer { access_role, time_zone, description, .. }) => {
                Ok(Some(CalendarInfo { access_role, time_zone, description }))
            }
            Err(failure) if failure.is_calendar_absent() => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// One event, also a cancelled one; none if Google doesn't know it.
    ///
    /// # Errors
    /// Any but `item_gone`.
    pub async fn get_event(
        &self,
        access_token: &SecretString,
        calendar_id: &str,
        event_id: &str,
    ) -> Result<Option<RemoteEvent>, Failure> {
        let url = self.event_url(calendar_id, event_id, "")?;
        let source = ErrorSource::Event(Operation::Get);
        let call = Call::api("events.get", source, Method::GET, url, access_token);
        none_if_gone(self.send(call, |answer| answer.json(|event| is_read(event, event_id))).await)
    }

    /// Makes an event, under the id that it holds.
    ///
    /// # Errors
    /// `conflict` if the id is taken, also by a removed event; `calendar_gone` for a 404.
    pub async fn insert_event(
        &self,
        access_token: &SecretString,
        calendar_id: &str,
        event: &RemoteEvent,
    ) -> Result<RemoteEvent, Failure> {
        let mut url = self.calendar_url(calendar_id, 128)?;
        url.push_str("/events");
        push_write(&mut url, event);
        let source = ErrorSource::Event(Operation::Insert);
        let call = Call::api("events.insert", source, Method::POST, url, access_token).json(event);
        let id = Some(event.id()).filter(|id| !id.is_empty());
        self.send(call, |answer| answer.json(|made| is_written(made, id))).await
    }

    /// Writes an event back whole, if it is still at `if_match`.
    ///
    /// # Errors
    /// `conflict` if it is not; `item_gone` for a 404 or 410.
    pub async fn update_event(
        &self,
        access_token: &SecretString,
        calendar_id: &str,
        event_id: &str,
        if_match: &str,
        event: &RemoteEvent,
    ) -> Result<RemoteEvent, Failure> {
        let method = ("events.update", Method::PUT);
        self.write_event(method, access_token, (calendar_id, event_id), if_match, event).await
    }

    /// Writes only what `event` names, if it is still at `if_match`. Maps merge by key, lists are
    /// replaced. For copies that aren't whole.
    ///
    /// # Errors
    /// As [`Self::update_event`].
    pub async fn patch_event(
        &self,
        access_token: &SecretString,
        calendar_id: &str,
        event_id: &str,
        if_match: &str,
        event: &RemoteEvent,
    ) -> Result<RemoteEvent, Failure> {
        let method = ("events.patch", Method::PATCH);
        self.write_event(method, access_token, (calendar_id, event_id), if_match, event).await
    }

    /// Removes an event, whatever its version or only at `if_match`.
    ///
    /// # Errors
    /// `conflict` if it is at another version; any but `item_gone`.
    pub async fn delete_event(
        &self,
        access_token: &SecretString,
        calendar_id: &str,
        event_id: &str,
        if_match: Option<&str>,
    ) -> Result<Deleted, Failure> {
        let url = self.event_url(calendar_id, event_id, REMOVAL)?;
        let source = ErrorSource::Event(Operation::Delete);
        let mut call = Call::api("events.delete", source, Method::DELETE, url, access_token);
        if let Some(etag) = if_match {
            call = call.if_match(etag);
        }
        let removed = none_if_gone(self.send(call, Answer::empty).await)?;
        Ok(removed.map_or(Deleted::AlreadySo, |()| Deleted::Done))
    }

    /// One page of a calendar's events; recurring ones as one event and its exceptions.
    ///
    /// # Errors
    /// `sync_token_expired` if the list must begin anew; `calendar_gone` for a 404.
    pub async fn list_events(
        &self,
        access_token: &SecretString,
        calendar_id: &str,
        query: &ListQuery,
    ) -> Result<EventPage, Failure> {
        let call = self.list_call(access_token, calendar_id, query)?;
        let sound = |page: &PageAnswer| {
            page.kind == EVENTS_KIND && page.items.iter().all(|event| is_event(event, None))
        };
        let page = self.send(call, |answer| answer.json(sound)).await?;
        let PageAnswer { items: events, next_page_token, next_sync_token, .. } = page;
        Ok(EventPage { events, next_page_token, next_sync_token })
    }

    fn list_call<'a>(
        &self,
        access_token: &'a SecretString,
        calendar_id: &str,
        query: &ListQuery,
    ) -> Result<Call<'a>, Failure> {
        let mut url = self.calendar_url(calendar_id, 256)?;
        url.push_str("/events?");
        let url = query.push_to(url);
        let source = ErrorSource::Event(Operation::List);
        Ok(Call::api("events.list", source, Method::GET, url, access_token))
    }

    async fn write_event(
        &self,
        (name, method): (&'static str, Method),
        access_token: &SecretString,
        (calendar_id, event_id): (&str, &str),
        if_match: &str,
        event: &RemoteEvent,
    ) -> Result<RemoteEvent, Failure> {
        let mut url = self.event_url(calendar_id, event_id, "")?;
        push_write(&mut url, event);
        let source = ErrorSource::Event(Operation::Update);
        let units = if method == Method::PATCH { QuotaUnits::PATCH } else { QuotaUnits::ONE };
        let call = Call::api(name, source, method, url, access_token).quota_units(units);
        let call = call.if_match(if_match).json(event);
        self.send(call, |answer| answer.json(|event| is_written(event, Some(event_id)))).await
    }

    fn event_url(&self, calendar_id: &str, event_id: &str, query: &str) -> Result<String, Failure> {
        let mut url = self.calendar_url(calendar_id, 128 + event_id.len())?;
        url.push_str("/events/");
        push_segment(&mut url, event_id)?;
        url.push_str(query);
        Ok(url)
    }
}

impl ListQuery {
    /// `url` with the query behind it.
    fn push_to(&self, url: String) -> String {
        let start = url.len();
        let mut query = Serializer::for_suffix(url, start);
        if let Some(max) = self.max_results {
            query.append_pair("maxResults", &max.to_string());
        }
        if self.show_deleted {
            query.append_pair("showDeleted", "true");
        }
        match &self.sync_token {
            Some(token) => {
                query.append_pair("syncToken", token);
            }
            None => {
                if let Some(property) = &self.private_property {
                    query.append_pair("privateExtendedProperty", property);
                }
                if let Some(time) = self.time_min {
                    query.append_pair("timeMin", &time.to_string());
                }
            }
        }
        if let Some(token) = &self.page_token {
            query.append_pair("pageToken", token);
        }
        query.finish()
    }
}

fn push_write(url: &mut String, event: &RemoteEvent) {
    url.push_str(WRITE);
    if event.0.contains_key("eventLabelId") {
        url.push_str(LABELLED);
    }
}

/// Whether this is an event at all, and the one that was asked for.
fn is_event(event: &RemoteEvent, id: Option<&str>) -> bool {
    match id {
        Some(id) => event.id() == id,
        None => !event.id().is_empty(),
    }
}

/// Whether this is the answer to a read: a live event without a version could not be written.
fn is_read(event: &RemoteEvent, id: &str) -> bool {
    is_event(event, Some(id)) && (event.is_cancelled() || !event.etag().is_empty())
}

/// Whether this is the answer to a write: without a version it could not be written again.
fn is_written(event: &RemoteEvent, id: Option<&str>) -> bool {
    is_event(event, id) && !event.etag().is_empty()
}

/// Makes nothing of a failure that says that the thing isn't there.
fn none_if_gone<T>(answer: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(failure) if failure.reason == Reason::ItemGone => Ok(None),
        Err(failure) => Err(failure),
    }
}
