//! The admin API: with a key of scope `admin`, or for whoever signed in to the console.

use axum::routing::{get, post};
use calsync_http::route::{Access, BodyKind, Route};
use calsync_store::admins::Role;
use http::Method;

use crate::v1::admin;

const GET: Route = Route { access: Access::Admin(Role::Viewer), ..Route::GET };

pub(super) static ROUTES: &[Route] = &[
    Route {
        path: "/api/v1/admin/users",
        summary: "Users with their connection; a page may be short while next_cursor is there",
        query: &["q", "state", "reason", "limit", "cursor"],
        answers: &[(200, Some("AdminUserList"))],
        handler: || get(admin::users::list::handler),
        ..GET
    },
    Route {
        path: "/api/v1/admin/users/{user_id}/integrations",
        summary: "All providers' connections of a user, in an admin's words",
        answers: &[(200, Some("IntegrationList"))],
        handler: || get(admin::users::integrations::handler),
        ..GET
    },
    Route {
        method: Method::POST,
        path: "/api/v1/admin/users/{user_id}/integrations/{provider}/disconnect",
        access: Access::Admin(Role::Support),
        body_kind: BodyKind::Json,
        summary: "Forces a disconnect; with dry_run only tells what it would end",
        request: Some("DisconnectRequest"),
        answers: &[(200, Some("DisconnectPreview")), (202, Some("Disconnect"))],
        handler: || post(admin::users::disconnect::handler),
        ..GET
    },
    Route {
        method: Method::POST,
        path: "/api/v1/admin/users/{user_id}/integrations/{provider}/reconnect-link",
        access: Access::Admin(Role::Support),
        body_kind: BodyKind::Json,
        summary: "Makes a link to send to the user, on which they connect again",
        request: Some("Noted"),
        answers: &[(200, Some("ConnectLink"))],
        handler: || post(admin::users::reconnect_link::handler),
        ..GET
    },
    Route {
        path: "/api/v1/admin/disconnects/{id}",
        summary: "A disconnect with the receipts of its steps",
        answers: &[(200, Some("Disconnect"))],
        handler: || get(admin::disconnects::get::handler),
        ..GET
    },
    Route {
        path: "/api/v1/admin/users/{user_id}/connect-attempts",
        summary: "Each try of a user to connect and how it ended, newest first",
        answers: &[(200, Some("ConnectAttemptList"))],
        handler: || get(admin::users::connect_attempts::handler),
        ..GET
    },
    Route {
        path: "/api/v1/admin/sync-errors",
        summary: "Failed attempts of all users or one, newest first; a page may be short",
        query: &[
            "user_id",
            "group",
            "reason",
            "kind",
            "operation",
            "outcome",
            "since",
            "until",
            "q",
            "limit",
            "cursor",
        ],
        answers: &[(200, Some("SyncErrorList"))],
        handler: || get(admin::sync_errors::handler),
        ..GET
    },
    Route {
        path: "/api/v1/admin/error-groups",
        summary: "Sync errors of the same kind, those seen last first",
        query: &["limit", "cursor"],
        answers: &[(200, Some("ErrorGroupList"))],
        handler: || get(admin::error_groups::list::handler),
        ..GET
    },
    Route {
        path: "/api/v1/admin/error-groups/{id}",
        summary: "Sync errors of one kind",
        answers: &[(200, Some("ErrorGroup"))],
        handler: || get(admin::error_groups::get::handler),
        ..GET
    },
    Route {
        path: "/api/v1/admin/pauses",
        summary: "The pauses that stand: an admin's, and those that follow from what Google answers",
        answers: &[(200, Some("PauseList"))],
        handler: || get(admin::pauses::list::handler),
        ..GET
    },
    Route {
        method: Method::POST,
        path: "/api/v1/admin/pauses",
        access: Access::Admin(Role::Operator),
        body_kind: BodyKind::Json,
        summary: "Pauses a user, a domain or an operation; without any of these everything. 200: it is paused already",
        request: Some("PauseRequest"),
        answers: &[(200, Some("Pause")), (201, Some("Pause"))],
        handler: || post(admin::pauses::start::handler),
        ..GET
    },
    Route {
        method: Method::POST,
        path: "/api/v1/admin/pauses/{id}/end",
        access: Access::Admin(Role::Operator),
        body_kind: BodyKind::Json,
        summary: "Ends a pause",
        request: Some("Noted"),
        answers: &[(200, Some("Pause"))],
        handler: || post(admin::pauses::end::handler),
        ..GET
    },
    Route {
        path: "/api/v1/admin/items/{kind}/{item_id}/trace",
        access: Access::Admin(Role::Support),
        summary: "Where an item stands for each user and why, and what they made of it in Google and lost",
        answers: &[(200, Some("ItemTrace"))],
        handler: || get(admin::items::trace::handler),
        ..GET
    },
    Route {
        path: "/api/v1/admin/overview",
        summary: "Connections by state; how connecting and disconnecting went in the last 28 days",
        answers: &[(200, Some("Overview"))],
        handler: || get(admin::overview::handler),
        ..GET
    },
    Route {
        path: "/api/v1/admin/audit-log",
        summary: "What admins did, newest first",
        query: &["target_id", "limit", "cursor"],
        answers: &[(200, Some("AuditList"))],
        handler: || get(admin::audit_log::handler),
        ..GET
    },
];
