//! The console: pages for admins who signed in.

use axum::routing::{get, post};
use calsync_http::route::{Access, BodyKind, Route};
use calsync_store::admins::Role;
use http::Method;

use crate::admin;
use crate::admin::users::integrations::disconnect;

const PAGE: Route = Route { access: Access::Console(Role::Viewer), answers: &[(200, None)], ..Route::GET };
const FORM: Route = Route {
    method: Method::POST,
    access: Access::SignedIn,
    body_kind: BodyKind::Form,
    answers: &[(303, None)],
    ..Route::GET
};

pub(super) static ROUTES: &[Route] = &[
    Route {
        path: "/admin",
        summary: "Leads to the console's first page",
        answers: &[(303, None)],
        handler: || get(admin::start::handler),
        ..PAGE
    },
    Route {
        path: "/admin/sign-in",
        access: Access::Everyone,
        summary: "Console: sign in",
        query: &["next"],
        handler: || get(admin::sign_in::get::handler),
        ..PAGE
    },
    Route {
        path: "/admin/sign-in",
        access: Access::Everyone,
        summary: "Console: signs in",
        handler: || post(admin::sign_in::post::handler),
        ..FORM
    },
    Route {
        path: "/admin/sign-out",
        summary: "Console: signs out",
        handler: || post(admin::sign_out::handler),
        ..FORM
    },
    Route {
        path: "/admin/password",
        access: Access::SignedIn,
        summary: "Console: choose a password",
        handler: || get(admin::password::get::handler),
        ..PAGE
    },
    Route {
        path: "/admin/password",
        summary: "Console: changes the password",
        handler: || post(admin::password::post::handler),
        ..FORM
    },
    Route {
        path: "/admin/users",
        summary: "Console: users",
        query: &["q", "state", "reason", "cursor"],
        handler: || get(admin::users::list::handler),
        ..PAGE
    },
    Route {
        path: "/admin/users/{user_id}",
        summary: "Console: a user's connections and latest sync errors",
        handler: || get(admin::users::get::handler),
        ..PAGE
    },
    Route {
        path: "/admin/users/{user_id}/items",
        summary: "Console: a user's items",
        query: &["state", "cursor"],
        handler: || get(admin::users::items::handler),
        ..PAGE
    },
    Route {
        path: "/admin/users/{user_id}/connect-attempts",
        summary: "Console: a user's tries to connect",
        handler: || get(admin::users::connect_attempts::handler),
        ..PAGE
    },
    Route {
        path: "/admin/users/{user_id}/history",
        summary: "Console: what admins did for a user",
        handler: || get(admin::users::history::handler),
        ..PAGE
    },
    Route {
        path: "/admin/users/{user_id}/integrations/{provider}/disconnect",
        access: Access::Console(Role::Support),
        summary: "Console: what a forced disconnect would end",
        handler: || get(disconnect::get::handler),
        ..PAGE
    },
    Route {
        path: "/admin/users/{user_id}/integrations/{provider}/disconnect",
        access: Access::Console(Role::Support),
        summary: "Console: forces a disconnect",
        handler: || post(disconnect::post::handler),
        ..FORM
    },
    Route {
        path: "/admin/users/{user_id}/integrations/{provider}/reconnect-link",
        access: Access::Console(Role::Support),
        summary: "Console: makes a link to send to the user",
        answers: &[(200, None)],
        handler: || post(admin::users::integrations::reconnect_link::handler),
        ..FORM
    },
    Route {
        path: "/admin/disconnects/{id}",
        summary: "Console: a disconnect and its receipts",
        handler: || get(admin::disconnects::handler),
        ..PAGE
    },
    Route {
        path: "/admin/errors",
        summary: "Console: sync errors of all users or one",
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
            "cursor",
        ],
        handler: || get(admin::errors::list::handler),
        ..PAGE
    },
    Route {
        path: "/admin/errors/{id}",
        summary: "Console: one sync error",
        handler: || get(admin::errors::get::handler),
        ..PAGE
    },
    Route {
        path: "/admin/audit",
        summary: "Console: what admins did",
        query: &["target_id", "cursor"],
        handler: || get(admin::audit::handler),
        ..PAGE
    },
];
