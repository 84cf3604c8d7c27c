//! `GET /admin/audit`: what admins did, newest first.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use calsync_core::cursor;
use calsync_http::admin_auth::SignedInAdmin;
use calsync_http::app_state::AppState;
use calsync_http::filters;
use calsync_http::input::Query;
use calsync_http::problem::Problem;
use calsync_store::audit::{self, AuditRow};
use calsync_store::{Tx, admins};
use http::StatusCode;
use jiff::Timestamp;

use super::display::RelativeTime;
use super::{Shell, render, segment, user_href, with_query};

/// Deeds on a page.
const SHOWN: i64 = 100;

#[derive(Template)]
#[template(path = "console/audit.html")]
struct Page<'a> {
    shell: Shell<'a>,
    rows: Vec<Row>,
    next: Option<String>,
}

/// An action, in words.
pub(super) struct Row {
    pub(super) at: RelativeTime,
    pub(super) admin: String,
    pub(super) action: String,
    pub(super) target: String,
    pub(super) target_href: String,
    pub(super) note: String,
    pub(super) details: String,
    pub(super) receipts_href: Option<String>,
}

/// Deeds in words, with their admins by name: who came with a key has the name that they gave.
pub(super) async fn rows(tx: &mut Tx, found: Vec<AuditRow>, now: Timestamp) -> Result<Vec<Row>, Problem> {
    let mut names = BTreeMap::new();
    let mut rows = Vec::new();
    for one in found {
        if !names.contains_key(&one.admin_id) {
            names.insert(one.admin_id.clone(), admins::email_of(tx, &one.admin_id).await?);
        }
        let name = names.get(&one.admin_id).cloned().flatten();
        let row = Row::new(one, now);
        rows.push(match name {
            Some(admin) => Row { admin, ..row },
            None => row,
        });
    }
    Ok(rows)
}

impl Row {
    fn new(row: AuditRow, now: Timestamp) -> Self {
        let fields = row.metadata.as_object().into_iter().flatten();
        let details: Vec<String> = fields
            .filter(|(name, _)| !name.ends_with("_id"))
            .filter_map(|(name, value)| Some(detail(name, value.as_str()?, now)))
            .collect();
        let disconnect = row.metadata.get("disconnect_id").and_then(|id| id.as_str());
        Self {
            at: RelativeTime::new(row.created_at, now),
            target_href: user_href(&row.target_id),
            receipts_href: disconnect.map(|id| format!("/admin/disconnects/{}", segment(id))),
            admin: row.admin_id,
            action: row.action,
            target: row.target_id,
            note: row.note.unwrap_or_default(),
            details: details.join(" · "),
        }
    }
}

/// A field of what is kept with an action; moments as people read them.
fn detail(name: &str, value: &str, now: Timestamp) -> String {
    let moment = value.parse::<Timestamp>().map(|at| RelativeTime::new(at, now).clock());
    format!("{} {}", name.replace('_', " "), moment.as_deref().unwrap_or(value))
}

pub(crate) async fn handler(
    State(app): State<AppState>,
    admin: SignedInAdmin,
    mut query: Query,
) -> Result<Response, Problem> {
    let target = query.take("target_id");
    let before: Option<String> = query.cursor(filters::AUDIT);
    query.end()?;
    let now = app.engine.now();
    let mut tx = app.engine.store().read().await?;
    let found = audit::list(&mut tx, target.as_deref(), before.as_deref(), SHOWN).await?;
    let last = found.last().filter(|_| found.len() as i64 == SHOWN);
    let next = last.and_then(|row| cursor::write(filters::AUDIT, &row.id));
    let link = |cursor: String| {
        with_query("/admin/audit", &[("target_id", target.as_deref()), ("cursor", Some(&cursor))])
    };
    let rows = rows(&mut tx, found, now).await?;
    let page = Page { shell: Shell::new(&app, &admin, "audit"), rows, next: next.map(link) };
    Ok(render(StatusCode::OK, &page))
}
