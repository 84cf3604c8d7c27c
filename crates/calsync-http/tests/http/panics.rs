//! A handler that panics, with secrets at hand: its caller is told of a fault of ours, the log where it
//! was, nobody the words, and everything goes on.

use std::sync::atomic::{AtomicBool, Ordering};

use calsync_testing::Log;
use calsync_testing::world::SECRET;
use calsync_testing::world::browser_client::{AtGoogle, BrowserClient, ana, connection, link};
use calsync_testing::world::http::{Answer, HttpWorld};
use serde_json::json;

const ANA: &str = "ana@example.org";

async fn while_broken<T>(part: &AtomicBool, work: impl Future<Output = T>) -> T {
    part.store(true, Ordering::Relaxed);
    let done = work.await;
    part.store(false, Ordering::Relaxed);
    done
}

fn tells_no_secret(answer: &Answer, log: &Log, secret: &str) {
    let log = log.text();
    for text in [&format!("{:?}", answer.headers), &answer.text, &log] {
        assert!(!text.contains(SECRET) && !text.contains(secret), "{text}");
    }
    assert!(log.contains("cause=\"it panicked\""), "{log}");
}

#[tokio::test]
async fn a_call_is_answered_and_its_idempotency_key_is_good_for_another_try() {
    let world = HttpWorld::new().await;
    let log = Log::begin();
    world.put("/api/v1/users/ana", json!({ "email": ANA })).await;
    let ask = || {
        let mut request = world.request(http::Method::POST, "/api/v1/users/ana/connect-link", "{}".into());
        request.headers_mut().insert("idempotency-key", "once".parse().unwrap());
        world.send(request)
    };
    let answer = while_broken(&world.broken.entropy, ask()).await;
    let problem = answer.problem(500, "internal");
    tells_no_secret(&answer, &log, &world.platform);
    assert!(log.text().contains(problem["trace_id"].as_str().unwrap()), "{}", log.text());
    assert!(log.text().contains("/api/v1/users/{user_id}/connect-link"), "{}", log.text());
    assert_eq!(ask().await.status, 200);
}

#[tokio::test]
async fn a_user_on_their_way_back_reads_a_page_and_can_try_again() {
    let world = HttpWorld::new().await;
    ana(&world, "en").await;
    world.google_account(ANA, json!([]));
    let browser = BrowserClient::new(&world);
    let sent = browser.send(&link(&world, json!({})).await, "calendar=new").await;
    let callback = browser.callback(&sent, AtGoogle::Allows(ANA, &[""])).await;
    let code = callback.split("code=").nth(1).unwrap().split('&').next().unwrap();
    let log = Log::begin();
    let page = while_broken(&world.broken.transport, browser.open(&callback)).await;
    assert_eq!(page.status, 500);
    assert!(page.text.contains("Something went wrong on our side."), "{}", page.text);
    tells_no_secret(&page, &log, code);
    browser.connect_as(ANA, "new").await;
    world.sync().await;
    assert_eq!(connection(&world).await["state"], "active");
}

#[tokio::test]
async fn every_line_of_a_batch_is_answered() {
    let world = HttpWorld::new().await;
    let log = Log::begin();
    let line = |id: &str| {
        json!({"op": "put", "kind": "task", "item_id": id, "user_ids": ["ana"], "title": SECRET,
            "due_on": "2031-03-09", "status": "active"})
        .to_string()
    };
    let lines = [line("t1"), line("t2")].join("\n");
    let answers = while_broken(&world.broken.clock, world.batch(&lines)).await;
    assert_eq!(answers.len(), 2);
    for answer in answers {
        assert_eq!(
            (&answer["status"], &answer["problem"]["type"]),
            (&json!(500), &json!("/problems/internal"))
        );
    }
    assert!(log.text().contains("it panicked") && !log.text().contains(SECRET), "{}", log.text());
    assert_eq!(world.batch(&lines).await[1]["status"], 201);
}
