//! `GET /admin/users/{user_id}`: is the calendar connected, is it healthy, what failed?

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use calsync_store::sync_errors::{self, Filter};
use http::StatusCode;

use super::Head;
use super::integrations::Card;
use crate::input::{InPath, NoQuery};
use crate::pages::admin::errors::Row;
use crate::pages::admin::{Shell, render};
use crate::problem::Problem;
use crate::shapes::{Audience, integration};
use crate::web::Web;
use crate::who::Who;

/// Sync errors on the page; the rest is behind a link.
const ERRORS_SHOWN: i64 = 8;

#[derive(Template)]
#[template(path = "console/user.html")]
struct Page<'a> {
    shell: Shell<'a>,
    head: Head,
    cards: Vec<Card>,
    errors: Vec<Row>,
}

pub(crate) async fn handler(
    State(web): State<Web>,
    who: Who,
    InPath(user_id): InPath<String>,
    _: NoQuery,
) -> Result<Response, Problem> {
    let now = web.engine.now();
    let mut tx = web.engine.store().read().await?;
    let head = Head::of(&mut tx, &user_id, &who, "connections").await?;
    let connections = integration::of_user(&mut tx, &user_id, Audience::Admin, now).await?;
    let filter = Filter { user_id: Some(user_id.clone()), ..Filter::default() };
    let errors = sync_errors::list(&mut tx, &filter, None, ERRORS_SHOWN).await?.errors;
    let page = Page {
        shell: Shell::new(&web, &who, "users"),
        cards: connections.into_iter().map(|one| Card::new(one, &user_id, who.role, now)).collect(),
        errors: errors.into_iter().map(|error| Row::new(error, now)).collect(),
        head,
    };
    Ok(render(StatusCode::OK, &page))
}
