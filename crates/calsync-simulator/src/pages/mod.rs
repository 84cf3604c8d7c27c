//! Pages for a person: consent, and an account's calendars as its Google user sees and edits them.
//!
//! Rendered on the server, plain forms, no script. What is edited here passes the rules of the API.

mod accounts;
mod event;
mod event_form;
mod week;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::header;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::answer::Answer;
use crate::app_state::AppState;

const STYLE: &str = include_str!("../../assets/simulator.css");

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/", get(accounts::list))
        .route("/simulator.css", get(style))
        .route("/accounts", post(accounts::add))
        .route("/accounts/{email}", get(week::show))
        .route("/accounts/{email}/events", post(event::create))
        .route("/accounts/{email}/calendars/{calendar}/events/{event}", get(event::show).post(event::save))
        .route("/accounts/{email}/calendars/{calendar}/events/{event}/delete", post(event::delete))
}

async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE).into_response()
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.body).into_response();
        response.headers_mut().clear();
        response.headers_mut().extend(self.headers);
        response
    }
}

const PATH_SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'@').remove(b'.').remove(b'-').remove(b'_');

/// A text as one segment of a path.
fn segment(text: &str) -> String {
    utf8_percent_encode(text, PATH_SEGMENT).to_string()
}

fn account_path(email: &str) -> String {
    format!("/accounts/{}", segment(email))
}

fn event_path(email: &str, calendar_id: &str, event_id: &str) -> String {
    format!("{}/calendars/{}/events/{}", account_path(email), segment(calendar_id), segment(event_id))
}

/// The sentence of an error in Google's shape.
fn message(error: &serde_json::Value) -> String {
    error["error"]["message"].as_str().unwrap_or("That can't be done.").to_owned()
}
