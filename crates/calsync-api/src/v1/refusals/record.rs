//! Keeps what is refused. What was sent may be anything, so it is cut and cleaned first.

use calsync_core::ids::new_id;
use calsync_http::api_client::ApiClient;
use calsync_http::app_state::AppState;
use calsync_http::problem::{Problem, sanitize};
use calsync_http::retrying_tx;
use calsync_store::refusals::{self, Refusal};

/// The name under which an upsert was sent, as far as it could be read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sent {
    pub(crate) kind: Option<String>,
    pub(crate) item_id: Option<String>,
    pub(crate) user_id: Option<String>,
}

impl Sent {
    pub(crate) fn item(kind: &str, item_id: &str) -> Self {
        Self { kind: Some(sanitize(kind)), item_id: Some(sanitize(item_id)), user_id: None }
    }

    pub(crate) fn user(user_id: &str) -> Self {
        Self { user_id: Some(sanitize(user_id)), ..Self::default() }
    }
}

/// The row that keeps `problem`.
pub(crate) fn refusal(app: &AppState, api_client: &ApiClient, sent: &Sent, problem: &Problem) -> Refusal {
    let now = app.engine.now();
    Refusal {
        id: new_id(now, app.engine.entropy()),
        at: now,
        key_name: api_client.0.name.clone(),
        kind: sent.kind.clone(),
        item_id: sent.item_id.clone(),
        user_id: sent.user_id.clone(),
        status: problem.status().as_u16(),
        errors: problem.errors().to_vec(),
    }
}

/// Keeps `problem` and gives it back; if it can't be kept, that is the problem.
pub(crate) async fn refuse(app: &AppState, api_client: &ApiClient, sent: &Sent, problem: Problem) -> Problem {
    let refusal = refusal(app, api_client, sent, &problem);
    let kept = retrying_tx!(app.engine, |tx| refusals::record(tx, &refusal).await?);
    kept.map_or_else(Problem::from, |()| problem)
}
