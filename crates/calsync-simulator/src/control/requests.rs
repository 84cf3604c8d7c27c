//! The counts of requests alone: a look at them costs next to nothing, however much there is.

use axum::extract::State;
use axum::response::Response;
use serde_json::json;

use super::ok;
use crate::Simulator;

pub(super) async fn show(State(simulator): State<Simulator>) -> Response {
    let counts = {
        let world = simulator.world();
        json!({"requests": world.quota.requests, "quota_units": world.quota.units})
    };
    ok(counts)
}
