//! `GET /api/v1/admin/overview`: the figures by which the deployment is judged. Where connections
//! stand is counted now; how connecting and disconnecting went, over the last four weeks.

use axum::Json;
use axum::extract::State;
use calsync_core::integration::IntegrationState;
use calsync_http::app_state::AppState;
use calsync_http::input::NoQuery;
use calsync_http::problem::Problem;
use calsync_store::overview;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};

/// How far back the rates look: four whole weeks, so that no weekday counts twice.
const LOOKS_BACK: SignedDuration = SignedDuration::from_hours(28 * 24);

#[derive(Serialize)]
pub(crate) struct Overview {
    /// Since when tries and disconnects are counted.
    since: Timestamp,
    /// By state, each of them.
    connections: Map<String, Value>,
    oauth: OAuth,
    cleanup: CleanUp,
}

#[derive(Serialize)]
struct OAuth {
    reached_google: i64,
    connected: i64,
    denied_by_user: i64,
    rate: Option<f64>,
}

#[derive(Serialize)]
struct CleanUp {
    disconnects: i64,
    verified_clean: i64,
    leftovers: i64,
    rate: Option<f64>,
}

pub(crate) async fn handler(State(app): State<AppState>, _: NoQuery) -> Result<Json<Overview>, Problem> {
    let now = app.engine.now();
    let since = now.saturating_sub(LOOKS_BACK).unwrap_or(now);
    let mut tx = app.engine.store().read().await?;
    let counted = overview::connections(&mut tx, now).await?;
    let tries = overview::tries(&mut tx, since).await?;
    let ended = overview::disconnects(&mut tx, since).await?;
    let count = |state: IntegrationState| {
        let found = counted.iter().find(|(counted, _)| *counted == state);
        (state.name().to_owned(), Value::from(found.map_or(0, |(_, count)| *count)))
    };
    Ok(Json(Overview {
        since,
        connections: IntegrationState::ALL.iter().copied().map(count).collect(),
        oauth: OAuth {
            reached_google: tries.reached_google,
            connected: tries.connected,
            denied_by_user: tries.denied_by_user,
            rate: rate(tries.connected, tries.reached_google - tries.denied_by_user),
        },
        cleanup: CleanUp {
            disconnects: ended.disconnects,
            verified_clean: ended.verified_clean,
            leftovers: ended.leftovers,
            rate: rate(ended.verified_clean, ended.disconnects),
        },
    }))
}

/// The share of `good` in `all`; none of nothing. Counts of rows are exact as floating point.
#[expect(clippy::cast_precision_loss, reason = "nobody connects 2^53 times")]
fn rate(good: i64, all: i64) -> Option<f64> {
    (all > 0).then(|| good as f64 / all as f64)
}
