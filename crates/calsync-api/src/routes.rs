//! The table of the API's routes, and of what is for everyone beside it.

mod admin;

use axum::routing::{delete, get, post, put};
use calsync_http::route::{Access, BodyKind, Route};
use calsync_store::api_keys::Scope;
use http::Method;

use crate::v1::{changes, items, refusals, users, webhook_deliveries, webhooks};
use crate::{health, metrics, openapi};

const GET: Route = Route { access: Access::Key(Scope::Platform), ..Route::GET };

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().chain(admin::ROUTES)
}

/// The platform API, and what is for everyone.
static ROUTES: &[Route] = &[
    Route {
        method: Method::PUT,
        path: "/api/v1/users/{user_id}",
        body_kind: BodyKind::Json,
        summary: "Tells who a user is; replaces what was known",
        request: Some("UserBody"),
        answers: &[(200, Some("User")), (201, Some("User"))],
        handler: || put(users::put::handler),
        ..GET
    },
    Route {
        path: "/api/v1/users/{user_id}",
        summary: "A user",
        answers: &[(200, Some("User"))],
        handler: || get(users::get::handler),
        ..GET
    },
    Route {
        method: Method::DELETE,
        path: "/api/v1/users/{user_id}",
        summary: "Disconnects, cleans up and forgets a user; it goes on after the answer",
        answers: &[(204, None)],
        handler: || delete(users::delete::handler),
        ..GET
    },
    Route {
        method: Method::POST,
        path: "/api/v1/users/{user_id}/clean-up-link",
        body_kind: BodyKind::Json,
        summary: "Makes a link on which the user lets us remove what a disconnect left",
        request: Some("CleanUpLinkRequest"),
        answers: &[(200, Some("ConnectLink"))],
        handler: || post(users::clean_up_link::handler),
        ..GET
    },
    Route {
        method: Method::POST,
        path: "/api/v1/users/{user_id}/connect-link",
        body_kind: BodyKind::Json,
        summary: "Makes a link on which the user connects their calendar",
        request: Some("ConnectLinkRequest"),
        answers: &[(200, Some("ConnectLink"))],
        handler: || post(users::connect_link::handler),
        ..GET
    },
    Route {
        path: "/api/v1/users/{user_id}/integrations",
        summary: "A user's connections, in the user's words",
        answers: &[(200, Some("IntegrationList"))],
        handler: || get(users::integrations::handler),
        ..GET
    },
    Route {
        path: "/api/v1/items",
        summary: "A user's items; a page may be short while next_cursor is there",
        query: &["user_id", "kind", "state", "limit", "cursor"],
        answers: &[(200, Some("ItemList"))],
        handler: || get(items::list::handler),
        ..GET
    },
    Route {
        method: Method::POST,
        path: "/api/v1/items/batch",
        body_kind: BodyKind::Ndjson,
        summary: "Up to 10,000 lines, each answered by a line after it is stored",
        request: Some("BatchLine"),
        answers: &[(200, Some("BatchAnswer"))],
        handler: || post(items::batch::handler),
        ..GET
    },
    Route {
        method: Method::PUT,
        path: "/api/v1/items/{kind}/{item_id}",
        body_kind: BodyKind::Json,
        summary: "Tells what an item is; replaces what was known",
        request: Some("ItemBody"),
        answers: &[(200, Some("Item")), (201, Some("Item"))],
        handler: || put(items::put::handler),
        ..GET
    },
    Route {
        path: "/api/v1/items/{kind}/{item_id}",
        summary: "An item and where it stands for each of its users",
        answers: &[(200, Some("Item"))],
        handler: || get(items::get::handler),
        ..GET
    },
    Route {
        method: Method::DELETE,
        path: "/api/v1/items/{kind}/{item_id}",
        summary: "Removes an item from all calendars; with a version, older PUTs that come late don't bring it back",
        query: &["version"],
        answers: &[(204, None)],
        handler: || delete(items::delete::handler),
        ..GET
    },
    Route {
        path: "/api/v1/refusals",
        summary: "Refused upserts of the last 30 days, oldest first",
        query: &["since", "limit", "cursor"],
        answers: &[(200, Some("RefusalList"))],
        handler: || get(refusals::list::handler),
        ..GET
    },
    Route {
        path: "/api/v1/changes",
        summary: "What changed for users, of the last 30 days, oldest first; read on from the last cursor",
        query: &["after", "limit", "cursor"],
        answers: &[(200, Some("ChangeList"))],
        handler: || get(changes::handler),
        ..GET
    },
    Route {
        method: Method::POST,
        path: "/api/v1/webhooks/test",
        body_kind: BodyKind::Json,
        summary: "Sends a test to the webhook and tells what came of it; a good answer enables a disabled webhook",
        request: Some("NoFields"),
        answers: &[(200, Some("WebhookDelivery"))],
        handler: || post(webhooks::test::handler),
        ..GET
    },
    Route {
        path: "/api/v1/webhook-deliveries",
        summary: "What the webhook was sent, or is to be, newest first, and whether it is sent anything",
        query: &["state", "limit", "cursor"],
        answers: &[(200, Some("WebhookDeliveryList"))],
        handler: || get(webhook_deliveries::list::handler),
        ..GET
    },
    Route {
        method: Method::POST,
        path: "/api/v1/webhook-deliveries/{id}/replay",
        body_kind: BodyKind::Json,
        summary: "Sends a delivery once more, under the same webhook-id; one that waits is sent at once",
        request: Some("NoFields"),
        answers: &[(202, Some("WebhookDelivery"))],
        handler: || post(webhook_deliveries::replay::handler),
        ..GET
    },
    Route {
        path: "/openapi.json",
        access: Access::Everyone,
        summary: "This description",
        answers: &[(200, Some("OpenApi"))],
        handler: || get(openapi::handler),
        ..GET
    },
    Route {
        path: "/healthz",
        access: Access::Everyone,
        summary: "Whether the process runs",
        answers: &[(200, Some("Health"))],
        handler: || get(health::live),
        ..GET
    },
    Route {
        path: "/readyz",
        access: Access::Everyone,
        summary: "Whether the database can be reached",
        answers: &[(200, Some("Health"))],
        handler: || get(health::ready),
        ..GET
    },
    Route {
        path: metrics::PATH,
        access: Access::Everyone,
        summary: "Metrics in Prometheus' text format, unless server.metrics_listen gives them an address of their own",
        answers: &[(200, Some("Metrics"))],
        handler: || get(metrics::handler),
        ..GET
    },
];

#[cfg(test)]
mod tests {
    use calsync_store::admins::Role;

    use super::*;

    #[test]
    fn every_route_has_a_rule_that_fits_its_place() {
        for route in all() {
            let fits = match route.path {
                path if path.starts_with("/api/v1/admin/") => matches!(route.access, Access::Admin(_)),
                path if path.starts_with("/api/") => route.access == Access::Key(Scope::Platform),
                _ => route.access == Access::Everyone,
            };
            assert!(fits, "{} {}: {:?}", route.method, route.path, route.access);
        }
    }

    #[test]
    fn who_only_looks_changes_nothing() {
        for route in all() {
            let looks = route.access == Access::Admin(Role::Viewer);
            assert!(!looks || route.method == Method::GET, "{} {}", route.method, route.path);
        }
    }

    #[test]
    fn what_changes_something_takes_a_body_or_is_a_delete() {
        for route in all() {
            let changes = [Method::POST, Method::PUT].contains(&route.method);
            assert_eq!(route.body_kind != BodyKind::Nothing, changes, "{} {}", route.method, route.path);
        }
    }
}
