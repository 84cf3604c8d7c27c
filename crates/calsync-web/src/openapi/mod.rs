//! `GET /openapi.json`: the APIs' description, made from the table of routes.

use axum::Json;
use serde_json::{Value, json};

pub(crate) async fn handler() -> Json<Value> {
    Json(json!({}))
}
