//! The settings of a connected user: how they get there, what they change, and how they leave.

use axum::body::Body;
use calsync_engine::disconnect;
use calsync_testing::world::browser_client::{BrowserClient, ana, connection, link};
use calsync_testing::world::http::HttpWorld;
use http::{Method, Request};
use serde_json::json;
use tower::ServiceExt;

const ANA: &str = "ana@example.org";

/// Ana is connected, and her task is in her calendar.
async fn connected(locale: &str) -> HttpWorld {
    let world = HttpWorld::new().await;
    ana(&world, locale).await;
    BrowserClient::new(&world).connect_as(ANA, "new").await;
    world.sync().await;
    world
}

#[tokio::test]
async fn a_link_of_a_connected_user_opens_their_settings() {
    let world = connected("en").await;
    let path = link(&world, json!({})).await;
    let browser = BrowserClient::new(&world);
    for _ in 0..3 {
        let page = browser.open(&path).await;
        assert!(page.text.contains("Google Calendar is connected."), "{}", page.text);
        assert!(page.text.contains("For ana@example.org at Mentors"), "whose it is");
        assert!(page.text.contains("data-action=\"connect\""), "connecting again stays possible");
    }
    assert_eq!(browser.open("/connect/settings").await.status, 410, "looking opens nothing");
    let settings = browser.send(&path, "open=settings").await;
    assert_eq!(settings.status, 200);
    assert!(settings.text.contains("<dd><bdi>ana@example.org</bdi></dd>"), "{}", settings.text);
    assert!(settings.text.contains("1 March 2024, 09:00 JST"), "in Ana's zone: {}", settings.text);
    assert_eq!(
        BrowserClient::new(&world).send(&path, "open=settings").await.status,
        410,
        "the link is used up"
    );
    world.advance(61 * 60);
    assert_eq!(browser.open("/connect/settings").await.status, 410, "a visit is short");
}

#[tokio::test]
async fn kinds_are_turned_off_and_on() {
    let world = connected("en").await;
    let browser = BrowserClient::new(&world);
    let page = browser.open_settings().await;
    assert!(page.text.contains("name=\"kinds\" value=\"task\" checked"), "{}", page.text);
    let page = browser.send("/connect/settings", "kinds=session&kinds=deadline").await;
    assert!(page.text.contains("Saved.") && page.text.contains("value=\"task\">"), "{}", page.text);
    world.sync().await;
    let item = world.get("/api/v1/items/task/read").await.json();
    assert_eq!(item["sync"][0]["reason"], "kind_off");
    browser.send("/connect/settings", "kinds=session&kinds=deadline&kinds=task").await;
    world.sync().await;
    assert_eq!(world.get("/api/v1/items/task/read").await.json()["sync"][0]["state"], "synced");
    assert_eq!(browser.send("/connect/settings", "kinds=birthdays").await.status, 422);
}

#[tokio::test]
async fn sync_now_hurries_what_waits() {
    let world = connected("en").await;
    let browser = BrowserClient::new(&world);
    assert!(browser.open_settings().await.text.contains("data-action=\"sync-now\""));
    let page = browser.send("/connect/settings/sync-now", "").await;
    assert!(page.text.contains("Whatever waits is being synced now."), "{}", page.text);
    assert_eq!(browser.open("/connect/settings?done=other").await.status, 422);
}

#[tokio::test]
async fn a_user_sees_what_a_disconnect_does_before_and_after() {
    for (form, events, text) in [
        ("", 0, "Your entries were removed from your calendar."),
        ("remote_items=keep", 1, "Your entries stay in your calendar."),
    ] {
        let world = connected("en").await;
        let browser = BrowserClient::new(&world);
        browser.open_settings().await;
        let calendar = connection(&world).await["target_calendar"]["id"].as_str().unwrap().to_owned();
        let preview = browser.open("/connect/disconnect").await;
        assert!(preview.text.contains("Your entries in Google Calendar: 1"), "{}", preview.text);
        assert!(preview.text.contains("value=\"remove\" checked"));
        let page = browser.send("/connect/disconnect", form).await;
        assert!(page.text.contains("Google Calendar is being disconnected"), "{}", page.text);
        assert!(browser.open("/connect/settings").await.text.contains("is being disconnected"));
        for _ in 0..20 {
            for lease in disconnect::claim(&world.engine, "test", 10).await.unwrap() {
                disconnect::resume(&world.engine, lease).await.unwrap();
            }
        }
        let page = browser.open("/connect/disconnect").await;
        assert!(page.text.contains("Google Calendar is disconnected"), "{}", page.text);
        assert!(page.text.contains(text) && !page.text.contains("data-live"), "{}", page.text);
        assert_eq!(world.google.events(&calendar).len(), events, "{form}");
        let over = browser.open("/connect/settings").await;
        assert!(over.text.contains("Google Calendar is not connected."), "{}", over.text);
        assert!(over.text.contains("data-action=\"connect\""), "a way back");
    }
    let visitor_without_a_connection = HttpWorld::new().await;
    ana(&visitor_without_a_connection, "en").await;
    let browser = BrowserClient::new(&visitor_without_a_connection);
    browser.open_settings().await;
    assert!(browser.open("/connect/disconnect").await.text.contains("data-action=\"connect\""));
}

#[tokio::test]
async fn the_first_sync_shows_its_progress() {
    let world = HttpWorld::new().await;
    ana(&world, "en").await;
    let browser = BrowserClient::new(&world);
    let page = browser.connect_as(ANA, "new").await;
    assert!(page.text.contains("0 of 1") && page.text.contains("data-live"), "{}", page.text);
    assert!(page.text.contains("<noscript><meta http-equiv=\"refresh\""), "also without script");
    let policy = page.header("content-security-policy");
    assert!(policy.contains("script-src 'self';") && !policy.contains("unsafe"), "{policy}");
    world.sync().await;
    let page = browser.open("/connect/done").await;
    assert!(page.text.contains("Everything is in your calendar."), "{}", page.text);
    assert!(!page.text.contains("data-live"));
}

#[tokio::test]
async fn without_a_calendar_to_write_to_there_is_a_way_out() {
    let world = HttpWorld::new().await;
    ana(&world, "en").await;
    world.google_account(ANA, json!([]));
    let browser = BrowserClient::new(&world);
    let change = Request::builder().method(Method::PATCH).header("content-type", "application/json");
    let change = change.uri(format!("/_control/accounts/{ANA}/calendars/{ANA}"));
    let change = change.body(Body::from(json!({"access_role": "reader"}).to_string())).unwrap();
    assert!(world.google.router().oneshot(change).await.unwrap().status().is_success());
    let page = browser.connect_as(ANA, "existing").await;
    assert!(
        page.text.contains("There is no calendar in this Google account that you may change."),
        "{}",
        page.text
    );
    assert!(page.text.contains("name=\"calendar\" value=\"new\""), "a way out");
}

#[tokio::test]
async fn forms_of_strangers_do_nothing() {
    let world = connected("en").await;
    let stranger = BrowserClient::new(&world);
    for (path, form) in [
        ("/connect/settings", "kinds=task"),
        ("/connect/settings/sync-now", ""),
        ("/connect/disconnect", ""),
        ("/connect/switch", ""),
        ("/connect/again", "calendar=new"),
        ("/connect/calendar", "target_calendar=x"),
    ] {
        assert_eq!(stranger.send(path, form).await.status, 410, "{path}");
    }
    assert_eq!(connection(&world).await["state"], "active");
}

#[tokio::test]
async fn a_calendar_that_is_gone_is_not_taken_up_again() {
    let world = connected("en").await;
    let gone = connection(&world).await["target_calendar"]["id"].as_str().unwrap().to_owned();
    let token = world.google.access_token(ANA).unwrap();
    let delete = Request::delete(format!("/calendar/v3/calendars/{gone}"));
    let delete = delete.header("authorization", format!("Bearer {token}")).body(Body::empty()).unwrap();
    assert!(world.google.router().oneshot(delete).await.unwrap().status().is_success());
    let task = json!({"user_ids": ["ana"], "title": "Write", "due_on": "2031-03-10", "status": "active"});
    world.put("/api/v1/items/task/write", task).await;
    world.sync().await;
    assert_eq!(connection(&world).await["reason"], "calendar_gone");

    let browser = BrowserClient::new(&world);
    let settings = browser.open_settings().await;
    assert!(settings.text.contains("The calendar that we sync to is gone."), "{}", settings.text);
    assert!(settings.text.contains("href=\"/connect/calendar\""), "a way out");
    assert!(browser.open("/connect/calendar").await.text.contains("value=\"new\""));
    browser.send("/connect/calendar", "target_calendar=new").await;
    world.sync().await;
    let mended = connection(&world).await;
    assert_eq!((&mended["state"], &mended["counts"]["synced"]), (&json!("active"), &json!(2)));
    assert_ne!(mended["target_calendar"]["id"], gone);
}
