//! `GET /connect/{token}`: what will be read and written, and the form that begins. Looking doesn't
//! use the link up: mail scanners look.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use calsync_core::policy::DeadlineAs;
use calsync_store::connect;
use http::StatusCode;

use crate::input::InPath;
use crate::pages::{Shell, leads_elsewhere, render};
use crate::problem::{Kind, Problem};
use crate::web::Web;

#[derive(Template)]
#[template(path = "connect.html")]
struct Page<'a> {
    shell: Shell<'a>,
    is_day_before: bool,
}

pub(crate) async fn handler(
    State(web): State<Web>,
    InPath(token): InPath<String>,
) -> Result<Response, Problem> {
    let mut tx = web.engine.store().read().await?;
    let link = connect::find_link(&mut tx, &token).await?;
    let is_good = link.is_some_and(|link| !link.used && link.expires_at > web.engine.now());
    if !is_good {
        return Err(Problem::new(Kind::LinkExpired));
    }
    if !web.engine.settings().google_is_configured {
        return Err(Problem::new(Kind::NotConfigured));
    }
    let is_day_before = web.engine.settings().policy.deadline_as == DeadlineAs::DayBeforeEvent;
    let page = render(StatusCode::OK, &Page { shell: Shell::new(&web), is_day_before });
    Ok(leads_elsewhere(&web, page))
}
