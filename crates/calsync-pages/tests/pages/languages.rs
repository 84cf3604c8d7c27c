//! Every page in every language: the right `lang`, and no English left where another is read.

use calsync_engine::disconnect;
use calsync_testing::world::browser_client::{AtGoogle, BrowserClient, ana, link};
use calsync_testing::world::http::{Answer, HttpWorld};
use serde_json::json;

const ANA: &str = "ana@example.org";
/// English words that stand on every page of ours but in other languages'.
pub(crate) const ENGLISH: [&str; 8] =
    [" the ", " your ", " is ", " and ", " you ", "Calendar", " not ", " this "];

/// Ana's pages, from the link to the end.
async fn walk(locale: &str) -> Vec<(&'static str, Answer)> {
    let world = HttpWorld::new().await;
    ana(&world, locale).await;
    world.google_account(ANA, json!([{"id": "work", "summary": "W"}]));
    let browser = BrowserClient::new(&world);
    let mut pages = Vec::new();
    let path = link(&world, json!({})).await;
    pages.push(("connect", browser.open(&path).await));
    let sent = browser.send(&path, "calendar=existing").await;
    pages.push(("partial", browser.decide(&sent, AtGoogle::Allows(ANA, &["list"])).await));
    let sent = browser.send("/connect/again", "calendar=new").await;
    pages.push(("denied", browser.decide(&sent, AtGoogle::Denies).await));
    pages.push(("used link", browser.open(&path).await));
    pages.push(("calendar", browser.connect_as(ANA, "existing").await));
    assert!(
        browser.open("/connect/done").await.text.contains("data-action=\"choose-calendar\""),
        "not done yet"
    );
    pages.push(("wrong calendar", browser.send("/connect/calendar", "target_calendar=x").await));
    pages.push(("progress", browser.send("/connect/calendar", "target_calendar=work").await));
    world.sync().await;
    pages.push(("done", browser.open("/connect/done").await));
    pages.push(("connected", browser.open(&link(&world, json!({})).await).await));
    pages.push(("settings", browser.open_settings().await));
    pages.push(("saved", browser.send("/connect/settings", "kinds=task").await));
    pages.push(("other account", browser.connect_as("o@example.org", "existing").await));
    pages.push(("preview", browser.open("/connect/disconnect").await));
    pages.push(("disconnecting", browser.send("/connect/disconnect", "").await));
    for _ in 0..20 {
        for lease in disconnect::claim(&world.engine, "test", 10).await.unwrap() {
            disconnect::resume(&world.engine, lease).await.unwrap();
        }
    }
    pages.push(("disconnected", browser.open("/connect/disconnect").await));
    pages.push(("over", browser.open("/connect/settings").await));
    pages
}

/// What a reader sees: no markup, no style, and not what stands in English on purpose.
pub(crate) fn visible(page: &str) -> String {
    let body = page.split_once("<body>").unwrap().1;
    let mut text = String::new();
    for part in body.split("<b lang=\"en\">") {
        text.push_str(part.split_once("</b>").map_or(part, |(_, rest)| rest));
    }
    text.split('<')
        .filter_map(|part| part.split_once('>').map(|(_, text)| text))
        .collect::<Vec<_>>()
        .join(" ")
}

#[tokio::test]
async fn every_page_speaks_the_users_language() {
    for (locale, lang, word) in
        [("ja-JP", "ja", "カレンダー"), ("ko", "ko", "캘린더"), ("de", "en", "alendar")]
    {
        for (name, page) in walk(locale).await {
            assert!(page.text.contains(&format!("<html lang=\"{lang}\">")), "{locale} {name}: {}", page.text);
            let text = visible(&page.text);
            assert!(text.contains(word) || name == "used link", "{locale} {name}: {text}");
            if lang != "en" {
                let left = ENGLISH.iter().find(|word| text.contains(*word));
                assert_eq!(left, None, "{locale} {name}: {text}");
            }
        }
    }
}

#[tokio::test]
async fn a_stranger_reads_what_their_browser_prefers() {
    let world = HttpWorld::new().await;
    for (accepted, lang, title) in [
        ("ja", "ja", "ページが見つかりません"),
        ("ko-KR,ko;q=0.9,en;q=0.8", "ko", "페이지를 찾을 수 없습니다"),
        ("fr", "en", "Not found"),
    ] {
        let request = http::Request::get("/nowhere").header("accept", "text/html");
        let request = request.header("accept-language", accepted);
        let page = world.send(request.body(axum::body::Body::empty()).unwrap()).await;
        assert!(page.text.contains(&format!("<html lang=\"{lang}\">")), "{}", page.text);
        assert!(page.text.contains(&format!("<h1>{title}</h1>")), "{}", page.text);
    }
}

#[tokio::test]
async fn a_calendar_of_ours_says_so_in_the_users_language() {
    for (locale, text) in
        [("ja", "Mentors が管理しています。"), ("ko", "Mentors에서 관리합니다."), ("en", "Kept by Mentors.")]
    {
        let world = HttpWorld::new().await;
        ana(&world, locale).await;
        BrowserClient::new(&world).connect_as(ANA, "new").await;
        world.sync().await;
        let state = world.google.state();
        let calendars = state["calendars"].as_array().unwrap();
        let is_ours =
            |one: &&serde_json::Value| one["description"].as_str().is_some_and(|d| d.starts_with(text));
        assert_eq!(calendars.iter().filter(is_ours).count(), 1, "{calendars:?}");
    }
}
