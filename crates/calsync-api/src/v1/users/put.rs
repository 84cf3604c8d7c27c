//! `PUT /api/v1/users/{user_id}`: replaces what is known of a user; absent clears.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use calsync_http::api_client::ApiClient;
use calsync_http::app_state::AppState;
use calsync_http::input::{self, NoQuery, PathParams};
use calsync_http::problem::Problem;
use calsync_http::retrying_tx;
use calsync_http::views::user::{self, UserView};
use calsync_store::users::{self, Put};
use http::StatusCode;

use crate::v1::refusals::record::{self, Sent};

pub(crate) async fn handler(
    State(app): State<AppState>,
    api_client: ApiClient,
    PathParams(user_id): PathParams<String>,
    _: NoQuery,
    body: Bytes,
) -> Result<(StatusCode, Json<UserView>), Problem> {
    let sent = Sent::user(&user_id);
    let read = input::object(&body).and_then(|body| user::parse(user_id, &body).map_err(Problem::fields));
    let user = match read {
        Ok(user) => user,
        Err(problem) => return Err(record::refuse(&app, &api_client, &sent, problem).await),
    };
    let now = app.engine.now();
    let put = retrying_tx!(app.engine, |tx| users::put(tx, &user, now).await?)?;
    if put == Put::BeingDeleted {
        let problem = Problem::being_deleted(&user.user_id);
        return Err(record::refuse(&app, &api_client, &sent, problem).await);
    }
    // Items without a zone of their own follow the user's.
    app.engine.hint();
    let status = if put == Put::Created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(user.into())))
}
