//! The feed of changes, and what it says of a connection.

use calsync_simulator::RevokeCause;
use calsync_testing::world::http::HttpWorld;
use calsync_testing::world::stories::connect;
use calsync_testing::{DatabaseKind, TestDatabase};
use http::Method;
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};

async fn changes(world: &HttpWorld, query: &str) -> Value {
    world.get(&format!("/api/v1/changes{query}")).await.json()
}

/// Google ends the grant of `ana`, and a change of hers finds it out.
async fn loses_its_grant(world: &HttpWorld) {
    world.google.revoke("ana@example.org", RevokeCause::User);
    let body = json!({"user_ids": ["ana"], "title": "t", "due_on": "2031-03-09", "status": "active"});
    world.put("/api/v1/items/task/t1", body).await;
    world.sync().await;
}

#[tokio::test]
async fn the_platform_reads_what_became_of_a_connection() {
    let world = HttpWorld::with(TestDatabase::new(DatabaseKind::Sqlite), |settings| {
        settings.connect_url = Some("https://app.example.org/calendar".into());
    })
    .await;
    connect(&world, "new").await;
    world.sync().await;
    loses_its_grant(&world).await;
    let body = json!({"email": "ana@example.org", "locale": "ko-KR"});
    world.put("/api/v1/users/ana", body).await;

    let all = changes(&world, "").await;
    let [connected, needs_reconnect] = &all["items"].as_array().unwrap()[..] else { panic!("{all}") };
    assert_eq!((&connected["change"], &connected["outcome"]), (&json!("connected"), &json!("accepted")));
    assert_eq!(connected["after"], json!({"provider": "google", "state": "active", "reason": null}));
    assert_eq!(needs_reconnect["change"], "needs_reconnect");
    assert_eq!((&needs_reconnect["user_id"], &needs_reconnect["item_id"]), (&json!("ana"), &Value::Null));
    assert_eq!(needs_reconnect["before"]["state"], "active");
    let after = &needs_reconnect["after"];
    assert_eq!((&after["state"], &after["reason"]), (&json!("needs_action"), &json!("grant_unknown")));
    assert_eq!(after["sentence"], "Google에서 캘린더에 대한 접근을 종료했습니다.");
    assert_eq!(
        (&after["next_step"]["who"], &after["next_step"]["action"]),
        (&json!("user"), &json!("reconnect"))
    );
    assert_eq!(after["connect_url"], "https://app.example.org/calendar");

    let read_so_far = connected["cursor"].as_str().unwrap();
    let rest = changes(&world, &format!("?after={read_so_far}")).await;
    assert_eq!(rest["items"], json!([needs_reconnect]));
    let last = needs_reconnect["cursor"].as_str().unwrap();
    assert_eq!(changes(&world, &format!("?after={last}")).await, json!({"items": [], "next_cursor": null}));
}

#[tokio::test]
async fn without_a_page_of_the_platform_a_lost_connection_has_a_link_until_it_is_back() {
    let world = HttpWorld::new().await;
    connect(&world, "new").await;
    world.sync().await;
    loses_its_grant(&world).await;
    let link = async || changes(&world, "").await["items"][1]["after"]["connect_url"].clone();
    let url = link().await;
    let links = async || {
        let mut connection = SqliteConnection::connect(&world.database.url).await.unwrap();
        let sql = "SELECT COUNT(*) FROM connect_links WHERE used_at IS NULL";
        sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut connection).await.unwrap()
    };
    for _ in 0..50 {
        assert_eq!(link().await, url, "each reading tells the same");
    }
    let at_once = futures_util::future::join_all((0..8).map(|_| link())).await;
    assert!(at_once.iter().all(|one| *one == url));
    assert_eq!(links().await, 1);
    world.advance((7 * 24 + 1) * 3_600);
    let (old, url) = (url, link().await);
    assert_ne!(url, old, "the old one is not good any more");
    assert_eq!((link().await, links().await), (url.clone(), 2));
    let path = url.as_str().unwrap().strip_prefix("http://127.0.0.1:4300").unwrap().to_owned();
    let to_google = world.submit(&path, "", "calendar=new").await;
    assert_eq!(to_google.status, 303, "{}", to_google.text);
    connect(&world, "new").await;
    assert_eq!(link().await, Value::Null, "nobody has to come back any more");
}

#[tokio::test]
async fn whose_first_calendar_is_one_of_theirs_is_told_as_connected_once_it_is_chosen() {
    let world = HttpWorld::new().await;
    world.google_account("ana@example.org", json!([{"id": "work", "summary": "Work"}]));
    let end = connect(&world, "existing").await;
    assert_eq!(changes(&world, "").await["items"], json!([]), "nothing is written anywhere yet");
    let choice = world.submit("/connect/calendar", &end.cookie(), "target_calendar=work").await;
    assert_eq!(choice.status, 303, "{}", choice.text);
    world.sync().await;
    let all = changes(&world, "").await;
    let [connected] = &all["items"].as_array().unwrap()[..] else { panic!("{all}") };
    assert_eq!((&connected["change"], &connected["user_id"]), (&json!("connected"), &json!("ana")));
    assert_eq!(connected["before"]["state"], "connecting");
    assert_eq!(connected["after"], json!({"provider": "google", "state": "active", "reason": null}));
}

#[tokio::test]
async fn changes_are_read_page_by_page_and_forgotten_after_a_month() {
    let world = HttpWorld::new().await;
    connect(&world, "new").await;
    world.sync().await;
    loses_its_grant(&world).await;
    let first = changes(&world, "?limit=1").await;
    assert_eq!(first["items"][0]["change"], "connected");
    let next = first["next_cursor"].as_str().unwrap();
    let rest = changes(&world, &format!("?limit=1&cursor={next}")).await;
    assert_eq!(
        (&rest["items"][0]["change"], &rest["next_cursor"]),
        (&json!("needs_reconnect"), &Value::Null)
    );

    world.advance(31 * 24 * 3_600);
    calsync_engine::maintenance::round(&world.engine).await.unwrap();
    assert_eq!(changes(&world, "").await["items"], json!([]));
}

#[tokio::test]
async fn only_cursors_of_the_feed_are_taken() {
    let world = HttpWorld::new().await;
    for query in ["?after=x", "?cursor=x", "?limit=0", "?user_id=ana"] {
        let answer = world.call(Method::GET, &format!("/api/v1/changes{query}"), "").await;
        assert_eq!(answer.bad_fields().len(), 1, "{query}");
    }
    assert_eq!(changes(&world, "?after=").await["items"], json!([]), "an empty cursor is the beginning");
}
