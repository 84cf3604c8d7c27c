//! What users read when something is wrong, in each language.

use std::sync::atomic::Ordering;

use axum::body::Body;
use calsync_simulator::{FaultEffect, FaultMatch, FaultRule, RevokeCause};
use calsync_testing::world::browser_client::{AtGoogle, BrowserClient, ana, link};
use calsync_testing::world::http::{Answer, HttpWorld};
use calsync_testing::{DatabaseKind, TestDatabase};
use http::{Method, Request};
use serde_json::json;
use tower::ServiceExt;

use crate::languages::{ENGLISH, visible};

const ANA: &str = "ana@example.org";
const EVERY_BOX: &[&str] = &["calendar"];
const LANGUAGES: [&str; 3] = ["en", "ja", "ko"];

/// Ana, who reads `locale`, is connected with a calendar of its own or one of hers.
async fn connected(locale: &str, calendar: &str) -> HttpWorld {
    let world = HttpWorld::new().await;
    ana(&world, locale).await;
    world.google_account(ANA, json!([{"id": "work", "summary": "W"}, {"id": "home", "summary": "H"}]));
    let browser = BrowserClient::new(&world);
    browser.connect_as(ANA, calendar).await;
    if calendar == "existing" {
        browser.send("/connect/calendar", "target_calendar=work").await;
    }
    world.sync().await;
    world
}

/// The page says `words`, and nothing in another language than `locale`.
fn says(page: &Answer, locale: &str, messages: &str) {
    assert!(page.text.contains(&format!("<html lang=\"{locale}\">")), "{}", page.text);
    let text = visible(&page.text);
    assert!(text.contains(messages), "{locale}: {text}");
    let english = ENGLISH.iter().find(|word| text.contains(*word));
    assert!(locale == "en" || english.is_none(), "{locale}: {english:?} in {text}");
}

#[tokio::test]
async fn the_receipts_of_a_dead_grant() {
    let messages = [
        [
            "Google did not let us remove your entries.",
            "The connection is over, but something could not be done",
        ],
        ["予定を削除できませんでした。", "完了できなかった処理があります"],
        ["일정을 삭제하지 못했습니다.", "완료하지 못한 작업이 있습니다"],
    ];
    for (locale, messages) in LANGUAGES.into_iter().zip(messages) {
        let world = connected(locale, "new").await;
        world.google.revoke(ANA, RevokeCause::User);
        let browser = BrowserClient::new(&world);
        browser.open_settings().await;
        browser.send("/connect/disconnect", "").await;
        world.let_disconnects_end().await;
        let page = browser.open("/connect/disconnect").await;
        for messages in messages {
            says(&page, locale, messages);
        }
    }
}

#[tokio::test]
async fn what_stays_in_an_old_calendar() {
    let messages = [
        ["An entry is left in the calendar that you used before", "Remove it there by hand."],
        ["以前のカレンダーに予定が残っています。", "以前のカレンダーから手動で削除してください。"],
        ["이전에 사용하시던 캘린더에 일정이 남아 있습니다.", "이전 캘린더에서 직접 삭제해 주세요."],
    ];
    for (locale, messages) in LANGUAGES.into_iter().zip(messages) {
        let world = connected(locale, "existing").await;
        let browser = BrowserClient::new(&world);
        let before = browser.open_settings().await;
        assert!(!before.text.contains(messages[0]), "{}", before.text);
        let close = Request::builder().method(Method::PATCH).header("content-type", "application/json");
        let close = close.uri(format!("/_control/accounts/{ANA}/calendars/work"));
        let close = close.body(Body::from(json!({"access_role": "reader"}).to_string())).unwrap();
        assert!(world.google.router().oneshot(close).await.unwrap().status().is_success());
        browser.send("/connect/calendar", "target_calendar=home").await;
        world.sync().await;
        let page = browser.open("/connect/settings").await;
        for messages in messages {
            says(&page, locale, messages);
        }
        world.advance(8 * 24 * 3_600);
        assert!(!browser.open_settings().await.text.contains(messages[0]), "it is said for a week");
    }
}

#[tokio::test]
async fn forms_of_other_sites_are_refused() {
    let messages =
        ["This form came from another site", "別のサイトから送信されたフォーム", "다른 사이트에서 보낸 양식"];
    let world = HttpWorld::new().await;
    for (locale, messages) in LANGUAGES.into_iter().zip(messages) {
        let form = Request::post("/connect/disconnect").header("sec-fetch-site", "cross-site");
        let form = form.header("accept-language", locale).body(Body::empty()).unwrap();
        let page = world.send(form).await;
        assert_eq!(page.status, 403);
        says(&page, locale, messages);
    }
}

#[tokio::test]
async fn a_fault_of_ours() {
    let messages = [
        "Something went wrong on our side.",
        "当サービスで問題が発生しました。",
        "저희 쪽에서 문제가 발생했습니다.",
    ];
    for (locale, messages) in LANGUAGES.into_iter().zip(messages) {
        let world = HttpWorld::new().await;
        ana(&world, locale).await;
        let path = link(&world, json!({})).await;
        world.broken.clock.store(true, Ordering::Relaxed);
        let page = Request::get(&path).header("accept-language", locale).body(Body::empty()).unwrap();
        let page = world.send(page).await;
        assert_eq!(page.status, 500);
        says(&page, locale, messages);
    }
}

#[tokio::test]
async fn what_can_not_be_done_now() {
    let not_set_up = [
        "the service has no Google app",
        "Google アプリがまだ登録されていない",
        "Google 앱이 등록되어 있지 않아",
    ];
    let unseen =
        ["Your calendars can’t be shown", "カレンダーを表示できません", "캘린더를 표시할 수 없습니다"];
    for ((locale, not_set_up), unseen) in LANGUAGES.into_iter().zip(not_set_up).zip(unseen) {
        let database = TestDatabase::new(DatabaseKind::Sqlite);
        let world = HttpWorld::with(database, |settings| settings.google_is_configured = false).await;
        ana(&world, locale).await;
        let page = BrowserClient::new(&world).open(&link(&world, json!({})).await).await;
        assert_eq!(page.status, 503);
        says(&page, locale, not_set_up);

        let world = connected(locale, "existing").await;
        let browser = BrowserClient::new(&world);
        browser.open_settings().await;
        let matches = FaultMatch { method: Some("calendarList.list".into()), ..FaultMatch::default() };
        let effect = FaultEffect { status: Some(503), ..FaultEffect::default() };
        world.google.set_faults(vec![FaultRule { matches, effect, ..FaultRule::default() }]);
        let page = browser.open("/connect/calendar").await;
        assert_eq!(page.status, 502);
        says(&page, locale, unseen);
    }
}

#[tokio::test]
async fn an_organisation_that_blocks_the_app() {
    let messages = [
        "Ask the administrator of your organisation",
        "組織の Google アカウントの管理者に",
        "조직의 Google 계정 관리자에게",
    ];
    for (locale, messages) in LANGUAGES.into_iter().zip(messages) {
        let world = HttpWorld::new().await;
        ana(&world, locale).await;
        world.google_account(ANA, json!([]));
        let browser = BrowserClient::new(&world);
        let sent = browser.send(&link(&world, json!({})).await, "calendar=new").await;
        let callback = browser.callback(&sent, AtGoogle::Allows(ANA, EVERY_BOX)).await;
        let (state, _) = callback.split_once("&code=").map_or((callback.as_str(), ""), |parts| parts);
        let page = browser.open(&format!("{state}&error=admin_policy_enforced")).await;
        says(&page, locale, messages);
    }
}
