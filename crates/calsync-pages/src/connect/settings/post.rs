//! `POST /connect/settings`: which kinds are synced. A box that is ticked is sent, as `kinds`.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use calsync_core::item::ItemKind;
use calsync_http::app_state::AppState;
use calsync_http::input::Form;
use calsync_http::problem::{Kind, Problem};
use calsync_http::retrying_tx;
use calsync_store::{integrations, mappings};
use serde::Deserialize;

use crate::user_visit::UserVisit;

#[derive(Deserialize)]
pub(crate) struct SettingsForm {
    /// Those whose box is ticked.
    #[serde(default)]
    kinds: Vec<String>,
}

pub(crate) async fn handler(
    State(app): State<AppState>,
    visit: UserVisit,
    Form(form): Form<SettingsForm>,
) -> Result<Response, Problem> {
    let mut off = BTreeSet::from(ItemKind::ALL);
    for name in &form.kinds {
        let kind = ItemKind::from_name(name);
        off.remove(&kind.ok_or_else(|| Problem::field("kinds", "must be session, task or deadline"))?);
    }
    let (user_id, now) = (&visit.user.user_id, app.engine.now());
    let connection = visit.connection(&app).await?;
    let connection = connection.ok_or_else(|| Problem::new(Kind::NotFound).in_language(visit.messages.0))?;
    retrying_tx!(app.engine, |tx| {
        if integrations::turn_off(tx, &connection.id, &off, now).await? {
            mappings::mark_all_due(tx, user_id, now).await?;
        }
    })?;
    app.engine.hint();
    Ok(Redirect::to("/connect/settings?done=saved").into_response())
}
