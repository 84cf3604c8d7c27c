//! Force disconnect by an admin: preview, note, receipts, audit; by the console and by the API.

use axum::body::Body;
use calsync_engine::disconnect;
use calsync_store::admins::Role;
use calsync_testing::world::http::HttpWorld;
use calsync_testing::world::stories::{begin, connect, link};
use calsync_testing::world::stories::{form_token, signed_in};
use http::{Method, Request};
use serde_json::{Value, json};

const PAGE: &str = "/admin/users/ana/integrations/google/disconnect";
const API: &str = "/api/v1/admin/users/ana/integrations/google/disconnect";

async fn connected_ana() -> HttpWorld {
    let world = HttpWorld::new().await;
    connect(&world, "new").await;
    let task = json!({"user_ids": ["ana"], "title": "t", "due_on": "2031-03-09", "status": "active"});
    world.put("/api/v1/items/task/t1", task).await;
    world.sync().await;
    world
}

async fn connection(world: &HttpWorld) -> Value {
    world.get("/api/v1/users/ana/integrations").await.json()["items"][0].clone()
}

/// Lets the disconnect go to its end.
async fn resume(world: &HttpWorld) {
    for _ in 0..20 {
        let leases = disconnect::claim(&world.engine, "test", 10).await.unwrap();
        for lease in leases {
            disconnect::resume(&world.engine, lease).await.unwrap();
        }
        if connection(world).await["state"] == "disconnected" {
            return;
        }
        world.advance(60);
    }
    panic!("the disconnect doesn't end");
}

#[tokio::test]
async fn an_admin_looks_first_gives_a_note_and_sees_the_receipts() {
    let world = connected_ana().await;
    let cookies = signed_in(&world, Role::Support).await;
    let user = world.visit("/admin/users/ana", &cookies).await;
    assert!(user.text.contains(PAGE), "{}", user.text);
    let preview = world.visit(PAGE, &cookies).await;
    assert!(
        preview.text.contains("<form method=\"post\" data-action=\"force-disconnect\""),
        "{}",
        preview.text
    );
    assert!(preview.text.contains("Synced items in the calendar</dt><dd>1"), "{}", preview.text);
    assert_eq!(connection(&world).await["state"], "active", "looking does nothing");
    let token = form_token(&preview);
    let bare = world.submit(PAGE, &cookies, &format!("form_token={token}&note=x&remote_items=remove")).await;
    assert_eq!(bare.status, 422);
    assert!(bare.text.contains("role=\"alert\""));
    let form = format!("form_token={token}&note=ticket+2291+%3Cb%3E&remote_items=remove");
    assert_eq!(world.submit(PAGE, &cookies, "note=ticket&remote_items=remove").await.status, 403);
    let begun = world.submit(PAGE, &cookies, &form).await;
    assert_eq!(begun.status, 303, "{}", begun.text);
    let receipts = begun.header("location").to_owned();
    let running = world.visit(&receipts, &cookies).await;
    assert!(running.text.contains("http-equiv=\"refresh\""), "{}", running.text);
    let again = world.submit(PAGE, &cookies, &form).await;
    assert_eq!(again.header("location"), receipts, "a second click leads to the same");
    resume(&world).await;
    let done = world.visit(&receipts, &cookies).await;
    assert!(!done.text.contains("http-equiv=\"refresh\""));
    assert!(done.text.contains("Done: the connection is ended and clean."), "{}", done.text);
    assert!(done.text.contains("ticket 2291 &#60;b&#62;"));
    for path in ["/admin/audit", "/admin/users/ana/history"] {
        let audit = world.visit(path, &cookies).await;
        assert_eq!(audit.text.matches("integration.disconnect").count(), 1, "{}", audit.text);
        assert!(audit.text.contains("ticket 2291 &#60;b&#62;"));
        assert!(audit.text.contains("<bdi>support@example.org</bdi></td><td>integration"), "{}", audit.text);
        assert!(audit.text.contains(&format!("href=\"{receipts}\"")), "{}", audit.text);
    }
    assert_eq!(world.visit(PAGE, &cookies).await.status, 404, "nothing is left to disconnect");
    connect(&world, "new").await;
    world.sync().await;
    assert_eq!(connection(&world).await["state"], "active", "and connects again at once");
}

#[tokio::test]
async fn who_only_looks_cannot_disconnect() {
    let world = connected_ana().await;
    let cookies = signed_in(&world, Role::Viewer).await;
    let page = world.visit("/admin/users/ana", &cookies).await;
    assert!(!page.text.contains("/disconnect\""));
    assert_eq!(world.visit(PAGE, &cookies).await.status, 403);
    let form = format!("form_token={}&note=ticket", form_token(&page));
    assert_eq!(world.submit(PAGE, &cookies, &form).await.status, 403);
    let request = Request::post(API).header("cookie", &cookies).header("sec-fetch-site", "same-origin");
    world.send(request.body(Body::from(r#"{"note":"ticket"}"#)).unwrap()).await.problem(403, "forbidden");
    assert_eq!(connection(&world).await["state"], "active");
}

#[tokio::test]
async fn a_browsers_sign_in_opens_the_api_but_for_other_sites() {
    let world = connected_ana().await;
    let cookies = signed_in(&world, Role::Support).await;
    let send = async |site: &str| {
        let request = Request::post(API).header("cookie", &cookies).header("sec-fetch-site", site);
        world.send(request.body(Body::from(r#"{"dry_run":true}"#)).unwrap()).await
    };
    send("cross-site").await.problem(403, "cross-site");
    assert_eq!(send("same-origin").await.json()["items"], 1);
}

#[tokio::test]
async fn the_api_forces_a_disconnect_with_a_note_and_names_the_person() {
    let world = connected_ana().await;
    let preview = world.admin_call(Method::POST, API, json!({"dry_run": true})).await.json();
    assert_eq!(preview, json!({"channels": 0, "items": 1, "waiting": 0, "other_scopes": []}));
    for (body, field) in [
        (json!({}), "note"),
        (json!({"note": "ab"}), "note"),
        (json!({"note": "a".repeat(501)}), "note"),
        (json!({"note": "ticket", "remote_items": "burn"}), "remote_items"),
        (json!({"note": "ticket", "role": "owner"}), "role"),
        (json!({"note": "ticket", "dry_run": "no"}), "dry_run"),
    ] {
        assert_eq!(world.admin_call(Method::POST, API, body).await.bad_fields(), [field]);
    }
    let begun =
        world.admin_call(Method::POST, API, json!({"note": "ticket 1", "remote_items": "keep"})).await;
    assert_eq!(begun.status, 202, "{}", begun.text);
    let id = begun.json()["id"].as_str().unwrap().to_owned();
    let again = world.admin_call(Method::POST, API, json!({"note": "ticket 2"})).await;
    assert_eq!((again.status.as_u16(), again.json()["id"].as_str()), (202, Some(&*id)));
    resume(&world).await;
    let saga =
        world.admin_call(Method::GET, &format!("/api/v1/admin/disconnects/{id}"), json!({})).await.json();
    assert_eq!((&saga["state"], saga["steps"].as_array().unwrap().len()), (&json!("done"), 6), "{saga}");
    let audit =
        world.admin_call(Method::GET, "/api/v1/admin/audit-log?target_id=ana", json!({})).await.json();
    let [row] = audit["items"].as_array().unwrap().as_slice() else { panic!("{audit}") };
    assert_eq!((&row["admin_id"], &row["note"]), (&json!("noor"), &json!("ticket 1")));
    assert_eq!(row["metadata"]["disconnect_id"], json!(id));
    world.admin_call(Method::POST, API, json!({"note": "ticket 3"})).await.problem(404, "not-found");
    world
        .admin_call(Method::GET, "/api/v1/admin/disconnects/none", json!({}))
        .await
        .problem(404, "not-found");
}

#[tokio::test]
async fn what_else_the_grant_allows_is_told_before_it_ends() {
    let world = connected_ana().await;
    let (cookie, google) = begin(&world, &link(&world, json!({})).await, "existing").await;
    // As if another part of the platform had asked for tasks with the same Google app.
    let more = google.replace("&state=", "+https%3A%2F%2Fwww.googleapis.com%2Fauth%2Ftasks&state=");
    let callback = world.follow_to_google(&more).await;
    assert_eq!(world.visit(&callback, &cookie).await.status, 303);
    let preview = world.admin_call(Method::POST, API, json!({"dry_run": true})).await.json();
    assert_eq!(preview["other_scopes"], json!(["https://www.googleapis.com/auth/tasks"]));
    let cookies = signed_in(&world, Role::Support).await;
    let page = world.visit(PAGE, &cookies).await;
    assert!(page.text.contains("Other permissions that end</dt><dd>tasks<"), "{}", page.text);
}

#[tokio::test]
async fn another_providers_connection_is_listed_and_ended_by_the_same_call() {
    const ZOOM: &str = "INSERT INTO user_integrations (id, user_id, provider, state, access_token, refresh_token,
            expires_at, token_version, account_sub, account_email, scopes, calendar_choice, disabled_kinds,
            epoch, wake_seq, seen_seq, due_at, not_before, failures, lease_until, fence, connected_at,
            created_at, updated_at)
        SELECT 'zoom-of-ana', user_id, 'zoom', state, access_token, refresh_token, expires_at, token_version,
            account_sub, 'ana@zoom.example', scopes, calendar_choice, disabled_kinds, epoch,
            wake_seq, seen_seq, due_at, not_before, failures, lease_until, fence, connected_at, created_at, updated_at
        FROM user_integrations";
    let world = connected_ana().await;
    world.sql(ZOOM).await;
    let listed = world.admin_get("/api/v1/admin/users/ana/integrations").await;
    let providers: Vec<_> =
        listed.json()["items"].as_array().unwrap().iter().map(|one| one["provider"].clone()).collect();
    assert_eq!(providers, ["google", "zoom"]);
    assert!(!listed.text.contains("_token\""), "{}", listed.text);
    let page = world.visit("/admin/users/ana", &signed_in(&world, Role::Viewer).await).await;
    assert!(page.text.contains("<h2>Zoom ") && page.text.contains("a•••@zoom.example"), "{}", page.text);

    let begun =
        world.admin_call(Method::POST, &API.replace("google", "zoom"), json!({"note": "ticket 4"})).await;
    assert_eq!((begun.status.as_u16(), &begun.json()["provider"]), (202, &json!("zoom")));
    world.let_leave().await;
    let listed = world.admin_get("/api/v1/admin/users/ana/integrations").await.json();
    let states: Vec<_> = listed["items"].as_array().unwrap().iter().map(|one| one["state"].clone()).collect();
    assert_eq!(states, ["active", "disconnected"], "the other one goes on");
    let changes = world.get("/api/v1/changes").await.json();
    let told = changes["items"].as_array().unwrap().last().unwrap();
    assert_eq!((&told["change"], &told["after"]["provider"]), (&json!("disconnected"), &json!("zoom")));
}
