//! A user wants to connect while their old connection is still being ended.

use calsync_testing::world::browser_client::{AtGoogle, BrowserClient, ana, connection, link, newest_try};
use calsync_testing::world::http::{Answer, HttpWorld};
use serde_json::json;

const ANA: &str = "ana@example.org";
const WAITING: [(&str, &str); 3] = [
    ("en", "Your old connection is still being ended."),
    ("ja", "以前の接続を解除している途中です。"),
    ("ko", "이전 연결을 아직 해제하고 있습니다."),
];

/// Ana was connected, and is being disconnected.
async fn leaving(locale: &str) -> HttpWorld {
    let world = HttpWorld::new().await;
    ana(&world, locale).await;
    let browser = BrowserClient::new(&world);
    browser.connect_as(ANA, "new").await;
    world.sync().await;
    browser.send("/connect/disconnect", "").await;
    assert_eq!(connection(&world).await["state"], "disconnecting");
    world
}

/// The page says so in these words, and goes on by itself, with and without script.
fn waits(page: &Answer, messages: &str) {
    assert_eq!(page.status, 200);
    assert!(page.text.contains(messages), "{}", page.text);
    assert!(page.text.contains("data-live") && page.text.contains("<meta http-equiv=\"refresh\""));
    assert!(!page.text.contains("<form"), "{}", page.text);
}

#[tokio::test]
async fn a_link_waits_and_stays_good() {
    for (locale, messages) in WAITING {
        let world = leaving(locale).await;
        let browser = BrowserClient::new(&world);
        let path = link(&world, json!({})).await;
        waits(&browser.open(&path).await, messages);
        waits(&browser.send(&path, "calendar=new").await, messages);
        assert_eq!(newest_try(&world).await["outcome"], "connected", "nothing was tried");
        world.let_disconnects_end().await;
        let page = browser.open(&path).await;
        assert!(page.text.contains("data-action=\"connect\"") && !page.text.contains("data-live"));
        let sent = browser.send(&path, "calendar=new").await;
        browser.decide(&sent, AtGoogle::Allows(ANA, &["calendar"])).await;
        world.sync().await;
        assert_eq!(connection(&world).await["state"], "active");
    }
}

#[tokio::test]
async fn who_comes_back_too_early_waits_here_and_not_at_the_platform() {
    for (locale, messages) in WAITING {
        let world = HttpWorld::new().await;
        ana(&world, locale).await;
        let browser = BrowserClient::new(&world);
        browser.connect_as(ANA, "new").await;
        let wish = json!({"return_url": "https://app.example.org/settings"});
        let sent = browser.send(&link(&world, wish).await, "calendar=new").await;
        let callback = browser.callback(&sent, AtGoogle::Allows(ANA, &["calendar"])).await;
        browser.send("/connect/disconnect", "").await;
        waits(&browser.open(&callback).await, messages);
        let attempt = newest_try(&world).await["id"].as_str().unwrap().to_owned();
        let path = format!("/connect/attempts/{attempt}");
        waits(&browser.open(&path).await, messages);
        world.let_disconnects_end().await;
        let page = browser.open(&path).await;
        assert!(
            !page.text.contains(messages) && page.text.contains("data-action=\"connect\""),
            "{}",
            page.text
        );
        assert!(page.text.contains("settings?calendar=failed&#38;reason=waiting_turn"), "{}", page.text);
        let sent = browser.send("/connect/again", &format!("calendar=new&attempt={attempt}")).await;
        let answer = browser.decide(&sent, AtGoogle::Allows(ANA, &["calendar"])).await;
        assert_eq!(answer.header("location"), "https://app.example.org/settings?calendar=connected");
    }
}

#[tokio::test]
async fn from_a_page_that_is_still_open_the_way_leads_to_the_receipts() {
    let world = leaving("en").await;
    let browser = BrowserClient::new(&world);
    let path = link(&world, json!({})).await;
    browser.send(&path, "open=settings").await;
    let page = browser.send("/connect/again", "calendar=new").await;
    assert!(page.text.contains("Sync has stopped") || page.text.contains("Sync stops"), "{}", page.text);
    assert!(page.text.contains("data-live"), "{}", page.text);
}
