//! How a user connects: the link, Google's consent, the way back, the choice of a calendar.

use axum::body::Body;
use calsync_testing::world::http::HttpWorld;
use calsync_testing::world::stories::{begin, connect, link};
use calsync_testing::{DatabaseKind, TestDatabase};
use http::{Method, Request};
use serde_json::{Value, json};

async fn state_of_connection(world: &HttpWorld) -> Value {
    world.get("/api/v1/users/ana/integrations").await.json()["items"][0]["state"].clone()
}

#[tokio::test]
async fn looking_at_a_link_does_not_use_it_up() {
    let world = HttpWorld::new().await;
    let link = link(&world, json!({})).await;
    for _ in 0..3 {
        let page = world.visit(&link, "").await;
        assert_eq!(page.status, 200);
        assert!(page.text.contains("<html lang=\"en\">") && page.text.contains("Mentors"));
        assert!(page.text.contains("<form method=\"post\" data-action=\"connect\">"));
        assert!(page.text.contains("name=\"calendar\" value=\"new\" checked"));
        assert!(page.text.contains("name=\"calendar\" value=\"existing\""));
        assert!(!page.text.contains("<script") && !page.text.contains("style="));
    }
    begin(&world, &link, "new").await;
    let page = world.visit(&link, "").await;
    assert_eq!(page.status, 410);
    assert!(page.text.contains("This link has expired or was already used."));
    assert_eq!(world.submit(&link, "", "calendar=new").await.status, 410);
}

#[tokio::test]
async fn a_link_ends_with_its_time() {
    let world = HttpWorld::new().await;
    let link = link(&world, json!({"expires_in": 60})).await;
    world.advance(61);
    assert_eq!(world.visit(&link, "").await.status, 410);
    assert_eq!(world.submit(&link, "", "calendar=new").await.status, 410);
    assert_eq!(world.visit("/connect/unknown", "").await.status, 410);
}

#[tokio::test]
async fn a_new_calendar_needs_no_choice() {
    let world = HttpWorld::new().await;
    let end = connect(&world, "new").await;
    assert_eq!((end.status.as_u16(), end.header("location")), (303, "/connect/done"));
    let done = world.visit("/connect/done", &end.cookie()).await;
    assert!(done.text.contains("Google Calendar is connected"));
    world.sync().await;
    assert_eq!(state_of_connection(&world).await, "active");
}

#[tokio::test]
async fn one_of_mine_is_chosen_among_those_that_may_be_changed() {
    let world = HttpWorld::new().await;
    let calendars = json!([{"id": "work", "summary": "<b>Work</b>"},
        {"id": "holidays", "summary": "Holidays", "access_role": "reader"}]);
    world.google_account("ana@example.org", calendars);
    let end = connect(&world, "existing").await;
    assert_eq!((end.status.as_u16(), end.header("location")), (303, "/connect/calendar"));
    assert_eq!(state_of_connection(&world).await, "connecting");
    let cookie = end.headers.get_all("set-cookie").iter().next().unwrap().to_str().unwrap().to_owned();
    let cookie = cookie.split(';').next().unwrap();

    let page = world.visit("/connect/calendar", cookie).await;
    assert!(page.text.contains("data-action=\"choose-calendar\""), "{}", page.text);
    assert!(
        page.text.contains("name=\"target_calendar\" value=\"ana@example.org\" checked"),
        "the primary one"
    );
    assert!(page.text.contains("value=\"work\"") && page.text.contains("&#60;b&#62;Work"), "{}", page.text);
    assert!(!page.text.contains("holidays"));

    let wrong = world.submit("/connect/calendar", cookie, "target_calendar=holidays").await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text.contains("role=\"alert\""));
    assert_eq!(world.submit("/connect/calendar", cookie, "").await.status, 422);
    let right = world.submit("/connect/calendar", cookie, "target_calendar=work").await;
    assert_eq!((right.status.as_u16(), right.header("location")), (303, "/connect/done"));
    assert_eq!(state_of_connection(&world).await, "active");
}

#[tokio::test]
async fn only_the_browser_that_connected_may_choose() {
    let world = HttpWorld::new().await;
    connect(&world, "existing").await;
    for cookie in ["", "calsync_visit=", "calsync_visit=AAAA", "calsync_browser=x"] {
        assert_eq!(world.visit("/connect/calendar", cookie).await.status, 410, "{cookie}");
        assert_eq!(world.submit("/connect/calendar", cookie, "target_calendar=x").await.status, 410);
    }
}

#[tokio::test]
async fn the_platforms_page_is_told_how_it_ended() {
    let world = HttpWorld::new().await;
    let wish = json!({"return_url": "https://app.example.org/settings?tab=2"});
    let path = link(&world, wish.clone()).await;
    let (cookie, google) = begin(&world, &path, "new").await;
    let callback = world.follow_to_google(&google).await;
    let end = world.visit(&callback, &cookie).await;
    assert_eq!(end.header("location"), "https://app.example.org/settings?tab=2&calendar=connected");

    let path = link(&world, wish).await;
    let (cookie, google) = begin(&world, &path, "new").await;
    let state = google.split("state=").nth(1).unwrap().split('&').next().unwrap();
    let denied =
        world.visit(&format!("/oauth/google/callback?state={state}&error=access_denied"), &cookie).await;
    assert_eq!(
        denied.header("location"),
        "https://app.example.org/settings?tab=2&calendar=denied&reason=consent_denied"
    );
}

#[tokio::test]
async fn without_a_page_of_the_platform_we_tell() {
    let world = HttpWorld::new().await;
    let path = link(&world, json!({})).await;
    let (cookie, google) = begin(&world, &path, "new").await;
    let state = google.split("state=").nth(1).unwrap().split('&').next().unwrap();
    let denied =
        world.visit(&format!("/oauth/google/callback?state={state}&error=access_denied"), &cookie).await;
    let page = world.visit(denied.header("location"), &denied.cookie()).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("You said no at Google, so nothing was connected."));
    assert!(page.text.contains("start again from Mentors"));
}

#[tokio::test]
async fn a_way_back_is_good_once_in_its_browser_and_in_time() {
    let world = HttpWorld::new().await;
    let path = link(&world, json!({})).await;
    let (cookie, google) = begin(&world, &path, "new").await;
    let callback = world.follow_to_google(&google).await;
    for stranger in ["", "calsync_browser=stranger", "other=1"] {
        assert_eq!(world.visit(&callback, stranger).await.status, 400, "{stranger}");
    }
    assert_eq!(world.visit("/oauth/google/callback?state=forged&code=x", &cookie).await.status, 400);
    assert_eq!(world.visit("/oauth/google/callback", &cookie).await.status, 400);
    let end = world.visit(&callback, &format!("other=1; {cookie}")).await;
    assert_eq!(end.status, 303);
    let mut cookies = end.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
    let is_over = |cookie: &str| cookie.starts_with("calsync_browser=;") && cookie.contains("Max-Age=0");
    assert!(cookies.any(is_over), "the browser's cookie is over");
    assert_eq!(world.visit(&callback, &cookie).await.status, 400, "a second time");

    let path = link(&world, json!({})).await;
    let (cookie, google) = begin(&world, &path, "new").await;
    let callback = world.follow_to_google(&google).await;
    world.advance(31 * 60);
    assert_eq!(world.visit(&callback, &cookie).await.status, 400, "too late");
}

#[tokio::test]
async fn a_form_of_another_site_does_nothing() {
    let world = HttpWorld::new().await;
    let link = link(&world, json!({})).await;
    let send = async |name: &str, value: &str, content_type: &str| {
        let request = Request::builder().method(Method::POST).uri(&link).header(name, value);
        let request = request.header("content-type", content_type).body(Body::from("calendar=new")).unwrap();
        world.send(request).await.status.as_u16()
    };
    let form = "application/x-www-form-urlencoded";
    assert_eq!(send("sec-fetch-site", "cross-site", form).await, 403);
    assert_eq!(send("sec-fetch-site", "same-site", form).await, 403);
    assert_eq!(send("origin", "https://evil.example", form).await, 403);
    assert_eq!(send("origin", "null", form).await, 403);
    assert_eq!(send("sec-fetch-site", "same-origin", "text/plain").await, 415);
    assert_eq!(send("origin", "http://127.0.0.1:4300", form).await, 303, "the link was still good");
}

#[tokio::test]
async fn a_choice_that_is_none_is_a_bad_field() {
    let world = HttpWorld::new().await;
    let link = link(&world, json!({})).await;
    assert_eq!(world.submit(&link, "", "calendar=both").await.status, 422);
    begin(&world, &link, "new").await;
}

#[tokio::test]
async fn over_https_cookies_are_bound_to_the_host() {
    let world = HttpWorld::with(TestDatabase::new(DatabaseKind::Sqlite), |settings| {
        settings.public_url = "https://sync.example.org".into();
    });
    let world = world.await;
    let link = link(&world, json!({})).await;
    let answer = world.submit(&link, "", "calendar=new").await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-calsync_browser="), "{cookie}");
    for part in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Domain"));
    assert_eq!(answer.header("strict-transport-security"), "max-age=31536000");
}

#[tokio::test]
async fn without_a_google_app_the_page_says_so_and_the_link_stays_good() {
    let world = HttpWorld::with(TestDatabase::new(DatabaseKind::Sqlite), |settings| {
        settings.google_is_configured = false;
    });
    let world = world.await;
    let link = link(&world, json!({})).await;
    for answer in [world.visit(&link, "").await, world.submit(&link, "", "calendar=new").await] {
        assert_eq!(answer.status, 503);
        assert!(answer.text.contains("google.client_id"));
    }
}
