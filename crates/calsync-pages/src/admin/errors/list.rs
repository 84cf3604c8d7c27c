//! `GET /admin/errors`: sync errors of all users or one, by what is known of them.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use calsync_core::cursor;
use calsync_core::item::ItemKind;
use calsync_core::outcome::{Operation, Outcome};
use calsync_core::reason::Reason;
use calsync_http::admin_auth::SignedInAdmin;
use calsync_http::app_state::AppState;
use calsync_http::filters;
use calsync_http::input::Query;
use calsync_http::problem::Problem;
use calsync_store::sync_errors;
use http::StatusCode;

use super::Row;
use crate::admin::display::short;
use crate::admin::{Shell, render, user_href, with_query};

/// Errors on a page.
const SHOWN: i64 = 50;
/// What may be asked for.
const NAMES: [&str; 9] =
    ["user_id", "group", "reason", "kind", "operation", "outcome", "since", "until", "q"];

#[derive(Template)]
#[template(path = "console/errors.html")]
struct Page<'a> {
    shell: Shell<'a>,
    errors: Vec<Row>,
    filters: ActiveFilters,
    next: Option<String>,
}

/// The filters, as they were asked for.
struct ActiveFilters {
    values: Vec<(&'static str, Option<String>)>,
}

impl ActiveFilters {
    fn of(query: &Query) -> Self {
        Self { values: NAMES.iter().map(|name| (*name, query.peek(name))).collect() }
    }

    fn get(&self, name: &str) -> &str {
        let value = self.values.iter().find(|(key, _)| *key == name);
        value.and_then(|(_, value)| value.as_deref()).unwrap_or_default()
    }

    /// The page of the user whose errors are asked for.
    fn user_href(&self) -> String {
        user_href(self.get("user_id"))
    }

    fn is_any(&self) -> bool {
        self.values.iter().any(|(_, value)| value.is_some())
    }

    /// The page's own address, going on at `cursor`.
    fn link(&self, cursor: &str) -> String {
        let mut pairs: Vec<_> = self.values.iter().map(|(name, value)| (*name, value.as_deref())).collect();
        pairs.push(("cursor", Some(cursor)));
        with_query("/admin/errors", &pairs)
    }

    fn reasons(&self) -> Vec<(&'static str, String, bool)> {
        self.choices("reason", Reason::ALL.iter().map(|reason| (reason.name(), short(*reason))))
    }

    fn kinds(&self) -> Vec<(&'static str, String, bool)> {
        self.choices("kind", ItemKind::ALL.iter().map(|kind| (kind.name(), kind.name().to_owned())))
    }

    fn operations(&self) -> Vec<(&'static str, String, bool)> {
        let all = Operation::ALL.iter();
        self.choices("operation", all.map(|one| (one.name(), one.name().replace('_', " "))))
    }

    fn outcomes(&self) -> Vec<(&'static str, String, bool)> {
        let errors = Outcome::ALL.iter().filter(|outcome| outcome.is_error());
        self.choices("outcome", errors.map(|one| (one.name(), super::tone(*one).word.to_owned())))
    }

    fn choices(
        &self,
        name: &str,
        all: impl Iterator<Item = (&'static str, String)>,
    ) -> Vec<(&'static str, String, bool)> {
        let chosen = self.get(name);
        all.map(|(value, word)| (value, word, value == chosen)).collect()
    }
}

pub(crate) async fn handler(
    State(app): State<AppState>,
    admin: SignedInAdmin,
    mut query: Query,
) -> Result<Response, Problem> {
    let active = ActiveFilters::of(&query);
    let filter = filters::sync_errors(&mut query);
    let before: Option<String> = query.cursor(filters::SYNC_ERRORS);
    query.end()?;
    let now = app.engine.now();
    let mut tx = app.engine.store().read().await?;
    let found = sync_errors::list(&mut tx, &filter, before.as_deref(), SHOWN).await?;
    let next = found
        .next
        .and_then(|next| cursor::write(filters::SYNC_ERRORS, next))
        .map(|cursor| active.link(&cursor));
    let errors = found.errors.into_iter().map(|error| Row::new(error, now)).collect();
    let page = Page { shell: Shell::new(&app, &admin, "errors"), errors, filters: active, next };
    Ok(render(StatusCode::OK, &page))
}
