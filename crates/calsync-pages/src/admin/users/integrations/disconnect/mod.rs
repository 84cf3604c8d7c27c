//! `/admin/users/{user_id}/integrations/{provider}/disconnect`: preview, note, action.

pub(crate) mod get;
pub(crate) mod post;

use askama::Template;
use axum::response::Response;
use calsync_engine::disconnect::{Preview, preview};
use calsync_http::admin_auth::SignedInAdmin;
use calsync_http::app_state::AppState;
use calsync_http::problem::{Kind, Problem};
use calsync_store::users;
use http::StatusCode;

use crate::admin::display::provider as provider_name;
use crate::admin::users::connection_card::may_do;
use crate::admin::{Shell, render, user_href};

#[derive(Template)]
#[template(path = "console/disconnect.html")]
struct Page<'a> {
    shell: Shell<'a>,
    form_token: &'a str,
    user: String,
    user_href: String,
    provider: String,
    is_synced_by_us: bool,
    preview: Preview,
    other_scopes: String,
    note: &'a str,
    keeps: bool,
    refusal: Option<&'a str>,
}

/// What an admin filled in so far.
#[derive(Default)]
struct FormValues<'a> {
    note: &'a str,
    keeps: bool,
    refusal: Option<&'a str>,
}

async fn page(
    app: &AppState,
    admin: &SignedInAdmin,
    user_id: &str,
    provider: &str,
    values: FormValues<'_>,
) -> Result<Response, Problem> {
    let mut tx = app.engine.store().read().await?;
    let user = users::get(&mut tx, user_id).await?.ok_or_else(|| Problem::new(Kind::NotFound))?;
    drop(tx);
    let preview = preview(&app.engine, user_id, provider).await?;
    let preview = preview.ok_or_else(|| Problem::new(Kind::NotFound))?;
    let status = if values.refusal.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = Page {
        shell: Shell::new(app, admin, "users"),
        form_token: admin.form_token(),
        user: user.name.filter(|name| !name.trim().is_empty()).unwrap_or(user.user_id),
        user_href: user_href(user_id),
        provider: provider_name(provider),
        is_synced_by_us: provider == calsync_core::integration::GOOGLE,
        other_scopes: may_do(preview.other_scopes.iter().map(String::as_str)),
        preview,
        note: values.note,
        keeps: values.keeps,
        refusal: values.refusal,
    };
    Ok(render(status, &page))
}
