//! Puts the router together from the table of routes.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use calsync_engine::Engine;

use crate::app_state::AppState;
use crate::guard::guard;
use crate::problem::{Kind, Problem};
use crate::response::finish;
use crate::routes;

/// The whole of calsync over HTTP.
pub fn router(engine: Engine) -> Router {
    let web = AppState::new(engine);
    let mut router = Router::new();
    for route in routes::all() {
        let guarded = (route.handler)().route_layer(from_fn_with_state((web.clone(), route), guard));
        router = router.route(route.path, guarded);
    }
    router
        .fallback(async || Problem::new(Kind::NotFound))
        .method_not_allowed_fallback(async || Problem::new(Kind::MethodNotAllowed))
        // The guard has its own limits, by route.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(web.clone(), finish))
        .with_state(web)
}
