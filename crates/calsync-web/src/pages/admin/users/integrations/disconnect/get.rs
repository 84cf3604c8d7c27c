//! The preview: what the disconnect would end, and the form that asks for a note.

use axum::extract::State;
use axum::response::Response;

use super::{Filled, page};
use crate::input::{InPath, NoQuery};
use crate::problem::{Problem, clean};
use crate::web::Web;
use crate::who::Who;

pub(crate) async fn handler(
    State(web): State<Web>,
    who: Who,
    InPath((user_id, provider)): InPath<(String, String)>,
    _: NoQuery,
) -> Result<Response, Problem> {
    page(&web, &who, &user_id, &clean(&provider), Filled::default()).await
}
