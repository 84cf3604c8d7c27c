//! Users' pages. Nobody signs in here: a link's token opens the first, a visit's cookie the others.

use axum::routing::{get, post};
use calsync_http::route::{Access, BodyKind, Route};
use http::Method;

use crate::connect::{again, attempts, calendar, disconnect, done, settings, switch};
use crate::{clean_up, connect, oauth};

const PAGE: Route = Route { access: Access::Everyone, answers: &[(200, None)], ..Route::GET };
const FORM: Route = Route {
    method: Method::POST,
    access: Access::Everyone,
    body_kind: BodyKind::Form,
    answers: &[(303, None)],
    ..Route::GET
};

pub(super) static ROUTES: &[Route] = &[
    Route {
        path: "/connect/{token}",
        summary: "A user's page: what will be read and written, or how their connection is",
        handler: || get(connect::get::handler),
        ..PAGE
    },
    Route {
        path: "/connect/{token}",
        summary: "Uses the link up and leads to Google's consent, or to the settings",
        handler: || post(connect::post::handler),
        ..FORM
    },
    Route {
        path: "/oauth/google/callback",
        summary: "Google sends the user back here",
        query: &["state", "code", "error", "iss"],
        answers: &[(303, None)],
        handler: || get(oauth::google::callback::handler),
        ..PAGE
    },
    Route {
        path: "/connect/again",
        summary: "Leads to Google's consent once more",
        handler: || post(again::handler),
        ..FORM
    },
    Route {
        path: "/connect/attempts/{attempt_id}",
        summary: "A user's page: how a try to connect ended, with a way out",
        handler: || get(attempts::handler),
        ..PAGE
    },
    Route {
        path: "/connect/switch",
        summary: "Ends the connection to one Google account in favour of another",
        handler: || post(switch::handler),
        ..FORM
    },
    Route {
        path: "/connect/calendar",
        summary: "A user's page: which of their calendars to use",
        query: &["target_calendar"],
        handler: || get(calendar::get::handler),
        ..PAGE
    },
    Route {
        path: "/connect/calendar",
        summary: "Makes a calendar the target",
        handler: || post(calendar::post::handler),
        ..FORM
    },
    Route {
        path: "/connect/done",
        summary: "A user's page: it worked, and how far the first sync is",
        handler: || get(done::handler),
        ..PAGE
    },
    Route {
        path: "/connect/settings",
        summary: "A user's page: their connection and what they may change of it",
        query: &["done"],
        handler: || get(settings::get::handler),
        ..PAGE
    },
    Route {
        path: "/connect/settings",
        summary: "Says which kinds are synced",
        handler: || post(settings::post::handler),
        ..FORM
    },
    Route {
        path: "/connect/settings/sync-now",
        summary: "Tries at once what waits",
        handler: || post(settings::sync_now::handler),
        ..FORM
    },
    Route {
        path: "/connect/disconnect",
        summary: "A user's page: what a disconnect would do, or did",
        query: &["then"],
        handler: || get(disconnect::get::handler),
        ..PAGE
    },
    Route {
        path: "/connect/disconnect",
        summary: "Ends the connection",
        handler: || post(disconnect::post::handler),
        ..FORM
    },
    Route {
        path: "/clean-up/{token}",
        summary: "A user's page: what was left and will be removed",
        handler: || get(clean_up::get::handler),
        ..PAGE
    },
    Route {
        path: "/clean-up/{token}",
        summary: "Uses the link up and leads to Google's consent, to clean up",
        handler: || post(clean_up::post::handler),
        ..FORM
    },
    Route {
        path: "/clean-up",
        summary: "A user's page: how far the clean-up is",
        handler: || get(clean_up::status::handler),
        ..PAGE
    },
];
