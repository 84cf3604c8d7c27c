//! `POST /admin/users/{user_id}/integrations/{provider}/reconnect-link`: makes a link, and shows it
//! this once, in an answer to the user that is ready to be copied.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use calsync_core::integration::GOOGLE;
use calsync_core::language::Language;
use calsync_core::reason::Reason;
use calsync_engine::consent;
use calsync_http::admin_auth::SignedInAdmin;
use calsync_http::app_state::AppState;
use calsync_http::input::{self, Form, IntegrationParams};
use calsync_http::problem::{Kind, Problem};
use calsync_store::{integrations, users};
use http::StatusCode;
use serde::Deserialize;

use crate::admin::display::RelativeTime;
use crate::admin::users::Head;
use crate::admin::users::get;
use crate::admin::{Shell, render};

#[derive(Template)]
#[template(path = "console/reconnect_link.html")]
struct Page<'a> {
    shell: Shell<'a>,
    head: Head,
    good_until: RelativeTime,
    language: Language,
    answer: String,
}

#[derive(Deserialize)]
pub(crate) struct NoteForm {
    #[serde(default)]
    note: String,
}

pub(crate) async fn handler(
    State(app): State<AppState>,
    admin: SignedInAdmin,
    IntegrationParams { user_id, provider }: IntegrationParams,
    Form(form): Form<NoteForm>,
) -> Result<Response, Problem> {
    let not_found = || Problem::new(Kind::NotFound);
    if provider != GOOGLE {
        return Err(not_found());
    }
    let Ok(note) = input::note(&form.note) else {
        return get::page(&app, &admin, &user_id, Some(&form.note)).await;
    };
    let link = consent::create_reconnect_link(&app.engine, &user_id, &admin.id, &note).await?;
    let link = link.ok_or_else(not_found)?;
    let mut tx = app.engine.store().read().await?;
    let user = users::get(&mut tx, &user_id).await?.ok_or_else(not_found)?;
    let connections = integrations::of_user(&mut tx, &user_id).await?;
    let google = connections.into_iter().find(|one| one.provider == GOOGLE);
    let reason = google.and_then(|one| one.reason).unwrap_or(Reason::NotConnected);
    let language = Language::of_locale(user.locale.as_deref());
    let page = Page {
        shell: Shell::new(&app, &admin, "users"),
        head: Head::new(user, &admin, "connections"),
        good_until: RelativeTime::new(link.expires_at, app.engine.now()),
        language,
        answer: format!(
            "{}\n{}\n\n{}",
            reason.to_user(language),
            reason.next_step_of_user(language),
            link.url
        ),
    };
    Ok(render(StatusCode::OK, &page))
}
