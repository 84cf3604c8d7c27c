//! A small Google that keeps what it is told, and can be made to fail the next call.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use calsync_core::remote::RemoteEvent;
use calsync_google::{
    Body, Endpoints, GoogleClient, OAuthClient, QuotaUnits, Transport, TransportError, TransportFailure,
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use secrecy::SecretString;
use serde_json::{Value, json};

pub(crate) const ADDRESS: &str = "http://google.test";
pub(crate) const CALENDAR: &str = "work@group.calendar.google.com";
pub(crate) const ACCESS: &str = "ya29.access-marker";
pub(crate) const REFRESH: &str = "1//refresh-marker";
pub(crate) const SECRET: &str = "client-secret-marker";

/// A request as the fake saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// Without the address.
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Body,
    pub(crate) quota_units: u32,
}

impl Seen {
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn form(&self) -> BTreeMap<String, String> {
        form_urlencoded::parse(&self.body).into_owned().collect()
    }
}

type Answer = Result<Response<Body>, TransportError>;

#[derive(Default)]
struct State {
    seen: Vec<Seen>,
    forced: VecDeque<Answer>,
    events: BTreeMap<String, Value>,
    calendars: Vec<Value>,
    etags: u64,
}

/// The fake. Its one account has one calendar at first, [`CALENDAR`].
#[derive(Default)]
pub(crate) struct Fake {
    state: Mutex<State>,
}

/// A client and the Google that it talks to.
pub(crate) struct World {
    pub(crate) google: Arc<Fake>,
    pub(crate) client: GoogleClient,
    pub(crate) token: SecretString,
}

pub(crate) fn world() -> World {
    let google = Arc::new(Fake::default());
    google.state().calendars.push(json!({
        "kind": "calendar#calendarListEntry", "id": CALENDAR, "summary": "Work", "accessRole": "owner",
    }));
    let oauth = OAuthClient { client_id: "the-client".into(), client_secret: SECRET.into() };
    let client = GoogleClient::new(Endpoints::under(ADDRESS), oauth, google.clone());
    World { google, client, token: ACCESS.into() }
}

pub(crate) fn event(fields: Value) -> RemoteEvent {
    serde_json::from_value(fields).unwrap()
}

/// An event that Google takes.
pub(crate) fn meeting(id: &str) -> RemoteEvent {
    event(json!({
        "id": id, "summary": "Meeting",
        "start": {"dateTime": "2030-05-01T10:00:00+02:00", "timeZone": "Europe/Berlin"},
        "end": {"dateTime": "2030-05-01T11:00:00+02:00", "timeZone": "Europe/Berlin"},
    }))
}

pub(crate) fn answer(status: u16, kind: &str, body: impl Into<Body>) -> Answer {
    let answer = Response::builder().status(status).header("content-type", kind);
    Ok(answer.body(body.into()).unwrap())
}

pub(crate) fn json_answer(status: u16, body: &Value) -> Answer {
    answer(status, "application/json; charset=UTF-8", body.to_string())
}

pub(crate) fn error(status: u16, reason: &str) -> Answer {
    let entry = json!({"domain": "global", "reason": reason, "message": "Words."});
    json_answer(status, &json!({"error": {"code": status, "message": "Words.", "errors": [entry]}}))
}

pub(crate) fn broken(kind: TransportFailure) -> Answer {
    Err(TransportError { kind, message: "the line is dead".into() })
}

impl Fake {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The next call gets `answer`, whatever it asks.
    pub(crate) fn force(&self, answer: Answer) {
        self.state().forced.push_back(answer);
    }

    pub(crate) fn add_calendar(&self, entry: Value) {
        self.state().calendars.push(entry);
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.state().seen.clone()
    }

    pub(crate) fn last(&self) -> Seen {
        self.state().seen.last().cloned().expect("a request")
    }
}

impl Transport for Fake {
    fn send(&self, request: Request<Body>) -> BoxFuture<'_, Answer> {
        let mut state = self.state();
        let uri = request.uri().to_string();
        let (path, query) =
            uri.strip_prefix(ADDRESS).unwrap().split_once('?').unwrap_or((&uri[ADDRESS.len()..], ""));
        let seen = Seen {
            method: request.method().to_string(),
            path: path.to_owned(),
            query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            headers: request.headers().clone(),
            body: request.body().clone(),
            quota_units: request.extensions().get().map_or(0, |QuotaUnits(units)| *units),
        };
        state.seen.push(seen.clone());
        let answer = state.forced.pop_front().unwrap_or_else(|| state.answer(&seen));
        std::future::ready(answer).boxed()
    }
}

impl State {
    fn answer(&mut self, seen: &Seen) -> Answer {
        let segments: Vec<String> = seen.path.trim_start_matches('/').split('/').map(decoded).collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match (seen.method.as_str(), segments.as_slice()) {
            ("GET", ["calendar", "v3", "users", "me", "calendarList"]) => self.list_calendars(seen),
            ("GET", ["calendar", "v3", "users", "me", "calendarList", id]) => {
                match self.calendars.iter().find(|entry| entry["id"] == **id) {
                    Some(entry) => json_answer(200, entry),
                    None => error(404, "notFound"),
                }
            }
            ("POST", ["calendar", "v3", "calendars"]) => self.insert_calendar(seen),
            ("DELETE", ["calendar", "v3", "calendars", id]) => self.delete_calendar(id),
            (method, ["calendar", "v3", "calendars", calendar, "events", rest @ ..]) => {
                match self.calendars.iter().any(|entry| entry["id"] == **calendar) {
                    true => self.event_call(method, rest, seen),
                    false => error(404, "notFound"),
                }
            }
            other => panic!("no such method: {other:?}"),
        }
    }

    fn event_call(&mut self, method: &str, rest: &[&str], seen: &Seen) -> Answer {
        match (method, rest) {
            ("GET", []) => self.list_events(seen),
            ("POST", []) => self.insert_event(seen),
            ("GET", [id]) => match self.events.get(*id) {
                Some(event) => json_answer(200, event),
                None => error(404, "notFound"),
            },
            ("PUT" | "PATCH", [id]) => self.write_event(id, method == "PUT", seen),
            ("DELETE", [id]) => self.delete_event(id),
            other => panic!("no such method: {other:?}"),
        }
    }

    fn etag(&mut self) -> Value {
        self.etags += 1;
        format!("\"{}\"", self.etags).into()
    }

    fn insert_event(&mut self, seen: &Seen) -> Answer {
        let mut event: Value = serde_json::from_slice(&seen.body).unwrap();
        let id = event["id"].as_str().unwrap().to_owned();
        if self.events.contains_key(&id) {
            return error(409, "duplicate");
        }
        event["etag"] = self.etag();
        event["status"] = "confirmed".into();
        self.events.insert(id, event.clone());
        json_answer(200, &event)
    }

    fn write_event(&mut self, id: &str, whole: bool, seen: &Seen) -> Answer {
        let etag = self.etag();
        let Some(event) = self.events.get_mut(id) else { return error(404, "notFound") };
        if event["status"] == "cancelled" {
            return error(410, "deleted");
        }
        if seen.header("if-match") != event["etag"].as_str() {
            return error(412, "conditionNotMet");
        }
        let written: Value = serde_json::from_slice(&seen.body).unwrap();
        if whole {
            *event = json!({"id": id, "status": "confirmed"});
        }
        for (key, value) in written.as_object().unwrap() {
            event[key] = value.clone();
        }
        event["etag"] = etag;
        json_answer(200, event)
    }

    fn delete_event(&mut self, id: &str) -> Answer {
        match self.events.get_mut(id) {
            None => error(404, "notFound"),
            Some(event) if event["status"] == "cancelled" => error(410, "deleted"),
            Some(event) => {
                event["status"] = "cancelled".into();
                Ok(Response::builder().status(204).body(Body::new()).unwrap())
            }
        }
    }

    /// One event a page, so that every list has pages.
    fn list_events(&self, seen: &Seen) -> Answer {
        let from: usize = seen.parameter("pageToken").map_or(0, |token| token.parse().unwrap());
        let mut page = json!({"kind": "calendar#events", "items": []});
        page["items"] = self.events.values().skip(from).take(1).cloned().collect();
        if from + 1 < self.events.len() {
            page["nextPageToken"] = (from + 1).to_string().into();
        } else {
            page["nextSyncToken"] = "sync-1".into();
        }
        json_answer(200, &page)
    }

    /// Two calendars a page.
    fn list_calendars(&self, seen: &Seen) -> Answer {
        let from: usize = seen.parameter("pageToken").map_or(0, |token| token.parse().unwrap());
        let mut page = json!({"kind": "calendar#calendarList", "items": []});
        page["items"] = self.calendars.iter().skip(from).take(2).cloned().collect();
        if from + 2 < self.calendars.len() {
            page["nextPageToken"] = (from + 2).to_string().into();
        }
        json_answer(200, &page)
    }

    fn insert_calendar(&mut self, seen: &Seen) -> Answer {
        let mut calendar: Value = serde_json::from_slice(&seen.body).unwrap();
        calendar["kind"] = "calendar#calendar".into();
        calendar["id"] = format!("made-{}@group.calendar.google.com", self.calendars.len()).into();
        let mut entry = calendar.clone();
        entry["accessRole"] = "owner".into();
        self.calendars.push(entry);
        json_answer(200, &calendar)
    }

    fn delete_calendar(&mut self, id: &str) -> Answer {
        let before = self.calendars.len();
        self.calendars.retain(|entry| entry["id"] != *id);
        match self.calendars.len() < before {
            true => Ok(Response::builder().status(204).body(Body::new()).unwrap()),
            false => error(404, "notFound"),
        }
    }
}

fn decoded(segment: &str) -> String {
    percent_encoding::percent_decode_str(segment).decode_utf8().unwrap().into_owned()
}
