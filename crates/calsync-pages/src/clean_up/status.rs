//! `GET /clean-up`: how far the clean-up is that this browser began. While it runs, the page loads
//! itself anew; it can be left.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use calsync_core::disconnect::SagaState;
use calsync_core::reason::Reason;
use calsync_engine::consent::clean_up::{self, Status};
use calsync_http::app_state::AppState;
use calsync_http::cookies::Cookie;
use calsync_http::problem::{Kind, Problem};
use calsync_store::users;
use http::header::REFRESH;
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::messages::Messages;
use crate::shell::{Shell, render};

/// Between two looks, in seconds.
const LOOK_AGAIN_SECS: HeaderValue = HeaderValue::from_static("3");

#[derive(Template)]
#[template(path = "clean_up_status.html")]
struct Page<'a> {
    shell: Shell<'a>,
    title: String,
    tone: &'static str,
    sentence: String,
    way_out: String,
}

pub(crate) async fn handler(State(app): State<AppState>, headers: HeaderMap) -> Result<Response, Problem> {
    let unknown = || Problem::new(Kind::LinkExpired);
    let browser = Cookie::Browser.get(&app, &headers).ok_or_else(unknown)?;
    let status = clean_up::status(&app.engine, &browser).await?.ok_or_else(unknown)?;
    let mut tx = app.engine.store().read().await?;
    let locale = users::get(&mut tx, &status.clean_up.user_id).await?.and_then(|user| user.locale);
    drop(tx);
    let messages = Messages::of_user(locale.as_deref(), &headers);
    let is_running = status.clean_up.reason.is_none() && status.saga.state == SagaState::Running;
    let mut response = render(StatusCode::OK, &page(&app, messages, &status));
    if is_running {
        response.headers_mut().insert(REFRESH, LOOK_AGAIN_SECS);
    }
    Ok(response)
}

fn page<'a>(
    app: &'a AppState,
    messages: Messages,
    Status { clean_up, saga, is_in_use }: &Status,
) -> Page<'a> {
    let platform = &app.engine.settings().platform_name;
    let account = saga.before.account_email.as_deref().unwrap_or_default();
    let (title, tone, sentence, way_out) = match (clean_up.reason, saga.state) {
        (Some(Reason::OtherAccount), _) => {
            let way_out = messages.new_link_and_account(platform, account);
            (messages.nothing_removed_title(), "bad", messages.it_was_another_account(), way_out)
        }
        (Some(reason), _) => {
            let sentence = reason.to_user(messages.0).to_owned();
            (messages.nothing_removed_title(), "bad", sentence, messages.ask_for_a_new_link(platform))
        }
        (None, SagaState::Running) => {
            (messages.removing_title(), "mute", messages.it_takes_a_minute(), messages.page_can_be_closed())
        }
        (None, SagaState::Done) => (
            messages.all_removed_title(),
            "good",
            messages.all_removed(),
            messages.close_or_back_to(platform),
        ),
        (None, SagaState::DoneWithLeftovers) if *is_in_use => (
            messages.nothing_removed_title(),
            "mute",
            messages.it_is_in_use(),
            messages.close_or_back_to(platform),
        ),
        (None, SagaState::DoneWithLeftovers) => {
            (messages.some_left_title(), "bad", messages.some_left(), messages.ask_for_a_new_link(platform))
        }
    };
    Page { shell: Shell::new(app, messages), title, tone, sentence, way_out }
}
