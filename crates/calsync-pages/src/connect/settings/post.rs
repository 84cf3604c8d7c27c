//! `POST /connect/settings`: which kinds are synced. A box that is ticked is sent, as `kinds`.

use std::collections::BTreeSet;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use calsync_core::item::ItemKind;
use calsync_store::{integrations, mappings};
use http::HeaderMap;

use crate::user_visit::UserVisit;
use calsync_http::app_state::AppState;
use calsync_http::problem::{Kind, Problem};
use calsync_http::retrying_tx;

pub(crate) async fn handler(
    State(web): State<AppState>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let visit = UserVisit::of(&web, &headers).await?;
    let mut off = BTreeSet::from(ItemKind::ALL);
    for (_, name) in form_urlencoded::parse(&body).filter(|(key, _)| key == "kinds") {
        let kind = ItemKind::from_name(&name);
        off.remove(&kind.ok_or_else(|| Problem::field("kinds", "must be session, task or deadline"))?);
    }
    let (user_id, now) = (&visit.user.user_id, web.engine.now());
    let connection = visit.connection(&web).await?;
    let connection = connection.ok_or_else(|| Problem::new(Kind::NotFound).in_language(visit.messages.0))?;
    retrying_tx!(web.engine, |tx| {
        if integrations::turn_off(tx, &connection.id, &off, now).await? {
            mappings::mark_all_due(tx, user_id, now).await?;
        }
    })?;
    web.engine.hint();
    Ok(Redirect::to("/connect/settings?done=saved").into_response())
}
