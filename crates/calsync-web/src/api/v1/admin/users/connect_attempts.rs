//! `GET /api/v1/admin/users/{user_id}/connect-attempts`: each try to connect and how it ended.

use axum::Json;
use axum::extract::State;
use calsync_store::{connect, users};

use crate::input::{self, InPath, NoQuery};
use crate::problem::{Kind, Problem};
use crate::shapes::List;
use crate::shapes::admin_user::shown_email;
use crate::shapes::connect_attempt::ConnectAttemptShape;
use crate::web::Web;
use crate::who::Who;

/// The tries that are shown.
pub(crate) const SHOWN_MAX: i64 = 200;

pub(crate) async fn handler(
    State(web): State<Web>,
    who: Who,
    InPath(user_id): InPath<String>,
    _: NoQuery,
) -> Result<Json<List<ConnectAttemptShape>>, Problem> {
    input::user_id(&user_id)?;
    let mut tx = web.engine.store().read().await?;
    if users::get(&mut tx, &user_id).await?.is_none() {
        return Err(Problem::new(Kind::NotFound));
    }
    let tries = connect::attempts(&mut tx, &user_id, SHOWN_MAX).await?;
    let shown = |attempt| {
        let mut shape = ConnectAttemptShape::from(attempt);
        shape.account_email = shape.account_email.map(|email| shown_email(&email, who.role));
        shape
    };
    Ok(Json(List::whole(tries.into_iter().map(shown).collect())))
}
