//! Whoever gives up waiting for a page, or closes it, ends nothing that Google has begun: what it answers
//! is stored, and the page shows it when it is loaded again.

use std::pin::pin;

use axum::body::Body;
use calsync_testing::world::http::HttpWorld;
use calsync_testing::world::stories::left_over;
use calsync_testing::world::stories::{begin, connect, link};
use http::Request;
use serde_json::{Value, json};

async fn connection(world: &HttpWorld) -> Value {
    world.get("/api/v1/users/ana/integrations").await.json()["items"][0].clone()
}

/// Sends `request`, and is gone once Google has answered the call whose path contains `held`; the answer
/// comes through only then.
async fn gives_up(world: &HttpWorld, request: Request<Body>, held: &str) {
    world.transport.hold_next(held);
    {
        let answer = pin!(world.send(request));
        tokio::select! {
            () = world.transport.held_one() => {}
            answer = answer => panic!("nothing was held: {answer:?}"),
        }
    }
    world.transport.let_through();
    world.engine.ended().await;
}

fn visit(path: &str, cookies: &str) -> Request<Body> {
    let request = Request::builder().uri(path).header("accept", "text/html").header("cookie", cookies);
    request.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn a_callback_connects() {
    for held in ["/token", "/userinfo"] {
        let world = HttpWorld::new().await;
        let path = link(&world, json!({})).await;
        let (cookie, google) = begin(&world, &path, "new").await;
        let callback = world.follow_to_google(&google).await;
        gives_up(&world, visit(&callback, &cookie), held).await;
        assert_eq!(connection(&world).await["state"], "connecting", "{held}");
        world.sync().await;
        assert_eq!(connection(&world).await["state"], "active", "{held}");
        assert_eq!(world.requests("token"), 1, "{held}: the code was used once, and its tokens are kept");
    }
}

#[tokio::test]
async fn a_clean_up_goes_on() {
    let world = HttpWorld::new().await;
    let id = left_over(&world).await;
    let url = world.post("/api/v1/users/ana/clean-up-link", json!({})).await.json()["url"].clone();
    let path = url.as_str().unwrap().strip_prefix("http://127.0.0.1:4300").unwrap().to_owned();
    let begun = world.submit(&path, "", "").await;
    let callback = world.follow_to_google(begun.header("location")).await;
    gives_up(&world, visit(&callback, &begun.cookie()), "/token").await;
    world.let_disconnects_end().await;
    let saga = world.admin_get(&format!("/api/v1/admin/disconnects/{id}")).await.json();
    assert_eq!(saga["state"], "done", "{saga}");
}

#[tokio::test]
async fn a_refresh_for_a_page_is_kept() {
    let world = HttpWorld::new().await;
    world.google_account("ana@example.org", json!([]));
    let visit_cookie = connect(&world, "existing").await.cookie();
    world.advance(59 * 60);
    let before = world.requests("token");
    gives_up(&world, visit("/connect/calendar", &visit_cookie), "/token").await;
    assert_eq!(world.requests("token"), before + 1);
    let page = world.visit("/connect/calendar", &visit_cookie).await;
    assert_eq!(
        (page.status.as_u16(), world.requests("token")),
        (200, before + 1),
        "nobody waits for its claim"
    );
}

#[tokio::test]
async fn a_choice_of_a_calendar_is_made() {
    let world = HttpWorld::new().await;
    world.google_account("ana@example.org", json!([{"id": "work", "summary": "Work"}]));
    let cookie = connect(&world, "existing").await.cookie();
    let form = Request::post("/connect/calendar")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .header("cookie", cookie)
        .body(Body::from("target_calendar=work"));
    gives_up(&world, form.unwrap(), "/calendarList/work").await;
    let connection = connection(&world).await;
    assert_eq!(
        (&connection["state"], &connection["target_calendar"]["id"]),
        (&json!("active"), &json!("work"))
    );
}
