//! Users who want another calendar for which we lack a permission: they choose once, and what they
//! chose holds after the consent.

use axum::body::Body;
use calsync_simulator::{FaultEffect, FaultMatch, FaultRule};
use calsync_testing::world::browser_client::{AtGoogle, BrowserClient, ana, connection, link, newest_try};
use calsync_testing::world::http::HttpWorld;
use http::{Method, Request};
use serde_json::{Value, json};
use tower::ServiceExt;

const ANA: &str = "ana@example.org";
const EVERY_BOX: &[&str] = &["calendar"];

/// Ana is connected by `calendar` with these boxes, and at her settings.
async fn at_settings<'a>(world: &'a HttpWorld, calendar: &str, boxes: &[&str]) -> BrowserClient<'a> {
    ana(world, "en").await;
    world.google_account(ANA, json!([{"id": "work", "summary": "Work"}]));
    let browser = BrowserClient::new(world);
    let wish = json!({"return_url": "https://app.example.org/settings"});
    let sent = browser.send(&link(world, wish.clone()).await, &format!("calendar={calendar}")).await;
    browser.decide(&sent, AtGoogle::Allows(ANA, boxes)).await;
    if calendar == "existing" {
        browser.send("/connect/calendar", "target_calendar=work").await;
    }
    world.sync().await;
    browser.send(&link(world, wish).await, "open=settings").await;
    browser
}

async fn target(world: &HttpWorld) -> Value {
    world.sync().await;
    let connection = connection(world).await;
    assert_eq!((&connection["state"], &connection["counts"]["synced"]), (&json!("active"), &json!(1)));
    connection["target_calendar"]["id"].clone()
}

#[tokio::test]
async fn one_of_theirs_is_taken_on_the_way_back() {
    let world = HttpWorld::new().await;
    let browser = at_settings(&world, "new", EVERY_BOX).await;
    let sent = browser.send("/connect/calendar", "target_calendar=work").await;
    let page = browser.decide(&sent, AtGoogle::Allows(ANA, EVERY_BOX)).await;
    assert!(page.text.contains("The calendar is set."), "{}", page.text);
    assert!(page.text.contains("href=\"https://app.example.org/settings\""), "the visit goes on");
    assert_eq!(target(&world).await, "work");
}

#[tokio::test]
async fn one_of_its_own_is_taken_on_the_way_back() {
    let world = HttpWorld::new().await;
    let browser = at_settings(&world, "existing", EVERY_BOX).await;
    assert_eq!(target(&world).await, "work");
    let sent = browser.send("/connect/calendar", "target_calendar=new").await;
    let page = browser.decide(&sent, AtGoogle::Allows(ANA, EVERY_BOX)).await;
    assert!(page.text.contains("The calendar is set."), "{}", page.text);
    assert_ne!(target(&world).await, "work");
    let left = world.google.events("work").into_iter().filter(|event| event["status"] != "cancelled");
    assert_eq!(left.count(), 0, "everything moved");
}

#[tokio::test]
async fn who_says_no_and_tries_again_chooses_no_second_time() {
    let world = HttpWorld::new().await;
    let browser = at_settings(&world, "new", EVERY_BOX).await;
    let sent = browser.send("/connect/calendar", "target_calendar=work").await;
    browser.decide(&sent, AtGoogle::Denies).await;
    assert_ne!(target(&world).await, "work", "nothing changed");
    let attempt = newest_try(&world).await["id"].as_str().unwrap().to_owned();
    let sent = browser.send("/connect/again", &format!("calendar=existing&attempt={attempt}")).await;
    let page = browser.decide(&sent, AtGoogle::Allows(ANA, EVERY_BOX)).await;
    assert!(page.text.contains("The calendar is set."), "{}", page.text);
    assert_eq!(target(&world).await, "work");
}

#[tokio::test]
async fn where_it_can_not_be_taken_it_is_offered_first() {
    let world = HttpWorld::new().await;
    let browser = at_settings(&world, "new", EVERY_BOX).await;
    let sent = browser.send("/connect/calendar", "target_calendar=work").await;
    let callback = browser.callback(&sent, AtGoogle::Allows(ANA, EVERY_BOX)).await;
    let matches = FaultMatch { method: Some("calendarList.get".into()), ..FaultMatch::default() };
    let effect = FaultEffect { status: Some(503), ..FaultEffect::default() };
    world.google.set_faults(vec![FaultRule { matches, effect, ..FaultRule::default() }]);
    let page = browser.open(&callback).await;
    world.google.set_faults(Vec::new());
    assert!(page.text.contains("data-action=\"choose-calendar\""), "{}", page.text);
    assert!(page.text.contains("value=\"work\" checked"), "{}", page.text);
    assert_ne!(target(&world).await, "work");
}

#[tokio::test]
async fn a_calendar_that_was_closed_meanwhile_is_not_taken() {
    let world = HttpWorld::new().await;
    let browser = at_settings(&world, "new", EVERY_BOX).await;
    let sent = browser.send("/connect/calendar", "target_calendar=work").await;
    let close = Request::builder().method(Method::PATCH).header("content-type", "application/json");
    let close = close.uri(format!("/_control/accounts/{ANA}/calendars/work"));
    let close = close.body(Body::from(json!({"access_role": "reader"}).to_string())).unwrap();
    assert!(world.google.router().oneshot(close).await.unwrap().status().is_success());
    let page = browser.decide(&sent, AtGoogle::Allows(ANA, EVERY_BOX)).await;
    assert!(page.text.contains("data-action=\"choose-calendar\""), "{}", page.text);
    assert!(!page.text.contains("value=\"work\""), "{}", page.text);
    assert_ne!(target(&world).await, "work");
}

#[tokio::test]
async fn calendars_that_may_not_be_seen_are_chosen_after_the_consent() {
    for (locale, messages) in [
        ("en", "we first need your consent at Google"),
        ("ja", "まず Google での許可が必要です"),
        ("ko", "먼저 Google에서 허용해 주셔야 합니다"),
    ] {
        let world = HttpWorld::new().await;
        let browser = at_settings(&world, "new", &["app.created"]).await;
        world.put("/api/v1/users/ana", json!({"email": ANA, "locale": locale})).await;
        let page = browser.open("/connect/calendar").await;
        assert!(page.text.contains(messages), "{}", page.text);
        target(&world).await;
        let sent = browser.send("/connect/again", "calendar=existing").await;
        let page = browser.decide(&sent, AtGoogle::Allows(ANA, EVERY_BOX)).await;
        assert!(page.text.contains("data-action=\"choose-calendar\""), "{}", page.text);
        browser.send("/connect/calendar", "target_calendar=work").await;
        assert_eq!(target(&world).await, "work");
    }
}
