//! The table of the pages' routes.

mod console;
mod users;

use axum::routing::get;
use calsync_http::route::Route;

use crate::assets;

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().chain(users::ROUTES).chain(console::ROUTES)
}

static ROUTES: &[Route] = &[Route {
    path: "/assets/{name}",
    summary: "Stylesheets, scripts and icon",
    answers: &[(200, None)],
    handler: || get(assets::handler),
    ..Route::GET
}];

#[cfg(test)]
mod tests {
    use calsync_http::route::{Access, BodyKind};
    use calsync_store::admins::Role;
    use http::Method;

    use super::*;

    #[test]
    fn every_page_has_a_rule_that_fits_its_place() {
        for route in all() {
            let fits = match route.path {
                "/admin/sign-in" => route.access == Access::Everyone,
                path if path == "/admin" || path.starts_with("/admin/") => {
                    matches!(route.access, Access::Console(_) | Access::SignedIn)
                }
                _ => route.access == Access::Everyone,
            };
            assert!(fits, "{} {}: {:?}", route.method, route.path, route.access);
        }
    }

    #[test]
    fn who_only_looks_changes_nothing() {
        for route in all() {
            let looks = route.access == Access::Console(Role::Viewer);
            assert!(!looks || route.method == Method::GET, "{} {}", route.method, route.path);
        }
    }

    #[test]
    fn what_changes_something_is_a_form() {
        for route in all() {
            let expected = if route.method == Method::GET { BodyKind::Nothing } else { BodyKind::Form };
            assert_eq!(route.body_kind, expected, "{} {}", route.method, route.path);
        }
    }
}
