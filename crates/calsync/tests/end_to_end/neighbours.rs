//! Others in the same Google account: neither touches what is the other's.

use calsync_testing::{TestDatabase, eventually, on_both_databases};
use serde_json::{Value, json};

use crate::world::{Google, Service, World};

fn session(users: &[&str], title: &str) -> Value {
    json!({"user_ids": users, "title": title, "starts_at": "2031-03-09T10:00:00Z",
        "ends_at": "2031-03-09T11:00:00Z", "status": "active"})
}

async fn titles(google: &Google) -> Vec<String> {
    let events = google.our_events().await;
    let mut titles: Vec<String> = events.iter().map(|e| e["summary"].as_str().unwrap().to_owned()).collect();
    titles.sort();
    titles
}

async fn titles_become(google: &Google, wanted: &[&str]) {
    eventually(format!("{wanted:?} in Google"), async || {
        let seen = titles(google).await;
        (seen == wanted).then_some(()).ok_or(seen)
    })
    .await;
}

on_both_databases! {
    async fn two_deployments_on_one_account(database: TestDatabase) {
        let world = World::start(database).await;
        let other_database = TestDatabase::new(calsync_testing::DatabaseKind::Sqlite);
        let other = World { service: Service::start(other_database, &world.google.url).await, google: world.google };
        let (google, services) = (other.google, [world.service, other.service]);
        let user = json!({"email": "ana@example.org"});
        for (service, title) in services.iter().zip(["One's", "Other's"]) {
            service.put("/users/ana", &user).await;
            service.connect("ana").await;
            service.put("/items/session/s1", &session(&["ana"], title)).await;
        }
        titles_become(&google, &["One's", "Other's"]).await;
        services[0].delete("/items/session/s1").await;
        titles_become(&google, &["Other's"]).await;
        services[1].put("/items/session/s1", &session(&["ana"], "Other's, later")).await;
        titles_become(&google, &["Other's, later"]).await;
    }

    async fn a_change_just_made_waits_for_no_backfill(database: TestDatabase) {
        let world = World::start(database).await;
        for user in (0..60).map(|user| format!("u{user}")).chain(["ana".to_owned()]) {
            world.connect(&user, &json!({"email": format!("{user}@example.org")})).await;
        }
        world.google.set_faults(&json!([{"effect": {"delay_ms": 300}}])).await;
        let lines: Vec<String> = (0..6_000).map(|line| {
            let mut body = session(&[&format!("u{}", line % 60)], "Backfill");
            (body["op"], body["kind"], body["item_id"]) = ("put".into(), "session".into(), format!("b{line}").into());
            body.to_string()
        }).collect();
        world.service.batch(&lines).await.unwrap();
        world.service.put("/items/session/now", &session(&["ana"], "Now")).await;
        let backfilled = eventually("the change just made", async || {
            let titles = titles(&world.google).await;
            titles.iter().any(|title| title == "Now").then_some(titles.len()).ok_or(titles.len())
        }).await;
        assert!(backfilled < 3_000, "{backfilled} of 6,000 came first");
    }

    async fn two_users_on_one_account(database: TestDatabase) {
        let world = World::start(database).await;
        let user = json!({"email": "shared@example.org"});
        for id in ["ana", "ben"] {
            world.connect(id, &user).await;
        }
        world.service.put("/items/session/s1", &session(&["ana", "ben"], "Both")).await;
        titles_become(&world.google, &["Both", "Both"]).await;
        world.service.put("/items/session/s1", &session(&["ben"], "Ben's")).await;
        titles_become(&world.google, &["Ben's"]).await;
    }
}
