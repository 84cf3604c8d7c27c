//! `GET /clean-up`: how far the clean-up is that this browser began. While it runs, the page loads
//! itself anew; it can be left.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use calsync_core::disconnect::SagaState;
use calsync_core::language::Language;
use calsync_core::reason::Reason;
use calsync_engine::clean_up::{self, Status};
use http::header::REFRESH;
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::pages::cookies::Cookie;
use crate::pages::{Shell, render};
use crate::problem::{Kind, Problem};
use crate::web::Web;

/// Between two looks, in seconds.
const LOOK_AGAIN_SECS: HeaderValue = HeaderValue::from_static("3");

#[derive(Template)]
#[template(path = "clean_up_status.html")]
struct Page<'a> {
    shell: Shell<'a>,
    shown: Shown,
    account: String,
}

/// What the user is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Running,
    Removed,
    SomeLeft,
    ConnectedAgain,
    OtherAccount,
    NotDone(&'static str),
}

impl Shown {
    fn of(status: &Status) -> Self {
        match (status.clean_up.reason, status.saga.state) {
            (Some(Reason::OtherAccount), _) => Self::OtherAccount,
            (Some(reason), _) => Self::NotDone(reason.to_user(Language::English)),
            (None, SagaState::Done) => Self::Removed,
            (None, SagaState::Running) => Self::Running,
            (None, SagaState::DoneWithLeftovers) if status.is_in_use => Self::ConnectedAgain,
            (None, SagaState::DoneWithLeftovers) => Self::SomeLeft,
        }
    }
}

pub(crate) async fn handler(State(web): State<Web>, headers: HeaderMap) -> Result<Response, Problem> {
    let unknown = || Problem::new(Kind::LinkExpired);
    let browser = Cookie::Browser.get(&web, &headers).ok_or_else(unknown)?;
    let status = clean_up::status(&web.engine, &browser).await?.ok_or_else(unknown)?;
    let shown = Shown::of(&status);
    let account = status.saga.before.account_email.unwrap_or_default();
    let mut response = render(StatusCode::OK, &Page { shell: Shell::new(&web), shown, account });
    if shown == Shown::Running {
        response.headers_mut().insert(REFRESH, LOOK_AGAIN_SECS);
    }
    Ok(response)
}
