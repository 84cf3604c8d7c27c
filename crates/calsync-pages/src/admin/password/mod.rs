//! `/admin/password`.

pub(crate) mod get;
pub(crate) mod post;

use askama::Template;
use axum::response::Response;
use calsync_http::admin_auth::SignedInAdmin;
use calsync_http::app_state::AppState;
use calsync_store::passwords::LENGTH_MIN;
use http::StatusCode;

use super::{Shell, render};

#[derive(Template)]
#[template(path = "console/password.html")]
struct Page<'a> {
    shell: Shell<'a>,
    email: &'a str,
    form_token: &'a str,
    length_min: usize,
    refusal: Option<&'static str>,
}

fn page(app: &AppState, admin: &SignedInAdmin, refusal: Option<&'static str>) -> Response {
    let status = if refusal.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = Page {
        shell: Shell::outside(app),
        email: &admin.name,
        form_token: admin.form_token(),
        length_min: LENGTH_MIN,
        refusal,
    };
    render(status, &page)
}
