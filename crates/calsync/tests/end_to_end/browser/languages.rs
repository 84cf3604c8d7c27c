//! Users read their own language on every page, from the link to the way out.

use calsync_testing::browser::Browser;
use calsync_testing::{DatabaseKind, TestDatabase};
use serde_json::json;

use super::{ana, task};
use crate::world::World;

/// A locale, its language, and the headings of the link's page, the end of the connection, the settings,
/// the preview of a disconnect, and its receipts.
const LANGUAGES: [(&str, &str, [&str; 5]); 3] = [
    (
        "en-GB",
        "en",
        [
            "Connect Google Calendar",
            "Google Calendar is connected",
            "Your Google Calendar",
            "Disconnect Google Calendar",
            "Google Calendar is disconnected",
        ],
    ),
    (
        "ja",
        "ja",
        [
            "Google カレンダーを接続する",
            "Google カレンダーに接続しました",
            "Google カレンダーの設定",
            "Google カレンダーの接続を解除",
            "Google カレンダーの接続を解除しました",
        ],
    ),
    (
        "ko-KR",
        "ko",
        [
            "Google 캘린더 연결",
            "Google 캘린더가 연결되었습니다",
            "Google 캘린더 설정",
            "Google 캘린더 연결 해제",
            "Google 캘린더 연결을 해제했습니다",
        ],
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_the_link_to_the_way_out() {
    let world = World::start(TestDatabase::new(DatabaseKind::Sqlite)).await;
    ana(&world, json!({})).await;
    world.service.put("/items/task/t1", &task("Draft")).await;
    let browser = Browser::start().await;
    for (locale, language, [link, connected, settings, disconnect, disconnected]) in LANGUAGES {
        world.service.put("/users/ana", &json!({"email": "ana@example.org", "locale": locale})).await;
        let is_headed = async |heading: &str| {
            browser.reads(heading).await;
            assert_eq!(browser.values("h1", "textContent").await, [heading]);
            assert_eq!(browser.values("html", "lang").await, [language], "{heading}");
        };
        browser.open(&world.service.connect_link("ana", &json!({})).await).await;
        is_headed(link).await;
        browser.form("connect").await.send().await;
        is_headed(connected).await;
        browser.open(&format!("{}/connect/settings", world.service.url)).await;
        is_headed(settings).await;
        browser.open(&format!("{}/connect/disconnect", world.service.url)).await;
        is_headed(disconnect).await;
        browser.form("disconnect").await.send().await;
        is_headed(disconnected).await;
    }
}
