//! Puts the router together from the tables of routes.

use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::{Extension, Router};
use calsync_engine::Engine;

use crate::app_state::AppState;
use crate::guard::guard;
use crate::problem::{Kind, Problem};
use crate::response::{ProblemPage, finish};
use crate::route::{AllRoutes, Route};

/// The service over HTTP: `routes`, and `problem_page` for people who are refused.
pub fn router(
    engine: Engine,
    routes: impl IntoIterator<Item = &'static Route>,
    problem_page: ProblemPage,
) -> Router {
    let app = AppState::new(engine);
    let routes = AllRoutes(routes.into_iter().collect());
    let mut router = Router::new();
    for route in routes.0.iter().copied() {
        let guarded = (route.handler)().route_layer(from_fn_with_state((app.clone(), route), guard));
        router = router.route(route.path, guarded);
    }
    router
        .fallback(async || Problem::new(Kind::NotFound))
        .method_not_allowed_fallback(async || Problem::new(Kind::MethodNotAllowed))
        // The guard has its own limits, by route.
        .layer(DefaultBodyLimit::disable())
        .layer(Extension(routes))
        .layer(from_fn_with_state((app.clone(), problem_page), finish))
        .with_state(app)
}
