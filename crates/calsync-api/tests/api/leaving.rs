//! How users leave for good: a clean-up of what was left, and the deletion of a user.

use calsync_testing::on_both_databases;
use calsync_testing::world::http::{Answer, HttpWorld};
use calsync_testing::world::stories::{connect, left_over};
use serde_json::{Value, json};

const ANA: &str = "/api/v1/users/ana";
const LINK: &str = "/api/v1/users/ana/clean-up-link";

fn task(user: &str) -> Value {
    json!({"user_ids": [user], "title": "t", "due_on": "2031-03-09", "status": "active"})
}

/// Ana connected, with a task in her calendar.
async fn synced(world: &HttpWorld) {
    connect(world, "new").await;
    world.put("/api/v1/items/task/t1", task("ana")).await;
    world.sync().await;
    assert_ne!(events(world), 0);
}

/// Our live events at Google.
fn events(world: &HttpWorld) -> usize {
    let state = world.google.state();
    state["events"].as_array().unwrap().iter().filter(|event| event["status"] != "cancelled").count()
}

async fn saga(world: &HttpWorld, id: &str) -> Value {
    world.admin_get(&format!("/api/v1/admin/disconnects/{id}")).await.json()
}

/// The path of a new clean-up link.
async fn link(world: &HttpWorld) -> String {
    let answer = world.post(LINK, json!({})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let url = answer.json()["url"].as_str().unwrap().to_owned();
    url.strip_prefix("http://127.0.0.1:4300").unwrap().to_owned()
}

/// Sends the form and consents at Google as `account`; gives the browser's cookie and our answer.
async fn consent(world: &HttpWorld, path: &str, account: &str) -> (String, Answer) {
    let begun = world.submit(path, "", "").await;
    assert_eq!(begun.status, 303, "{}", begun.text);
    let google = begun.header("location").replace("ana%40example.org", &account.replace('@', "%40"));
    let callback = world.follow_to_google(&google).await;
    (begun.cookie(), world.visit(&callback, &begun.cookie()).await)
}

on_both_databases! {
    async fn one_consent_removes_what_was_left(db: TestDatabase) {
        let world = HttpWorld::on(db).await;
        let id = left_over(&world).await;
        let before = saga(&world, &id).await;
        assert_eq!(before["state"], "done_with_leftovers");
        let left = json!({"count": 1, "items": [{"kind": "task", "item_id": "t1"}]});
        assert_eq!(before["leftovers"], left);
        assert_eq!(world.admin_get("/api/v1/admin/overview").await.json()["cleanup"],
            json!({"disconnects": 1, "verified_clean": 0, "leftovers": 1, "rate": 0.0}));

        let path = link(&world).await;
        for _ in 0..2 {
            let page = world.visit(&path, "").await;
            assert_eq!(page.status, 200, "looking doesn't use it up");
            assert!(page.text.contains("data-action=\"clean-up\"") && page.text.contains("ana@example.org"));
        }
        let (cookie, back) = consent(&world, &path, "ana@example.org").await;
        assert_eq!((back.status.as_u16(), back.header("location")), (303, "/clean-up"));
        let running = world.visit("/clean-up", &cookie).await;
        assert!(running.text.contains("Removing what was left"), "{}", running.text);
        assert_eq!(running.header("refresh"), "3");
        assert_eq!(saga(&world, &id).await["state"], "running");
        world.let_leave().await;
        let done = world.visit("/clean-up", &cookie).await;
        assert!(done.text.contains("Everything is removed"), "{}", done.text);
        assert_eq!(done.header("refresh"), "");
        let after = saga(&world, &id).await;
        assert_eq!((&after["state"], &after["leftovers"]["count"]), (&json!("done"), &json!(0)));
        assert_eq!(events(&world), 0);
        assert_eq!(world.admin_get("/api/v1/admin/overview").await.json()["cleanup"],
            json!({"disconnects": 1, "verified_clean": 1, "leftovers": 0, "rate": 1.0}));

        assert_eq!(world.visit(&path, "").await.status, 410, "it was used");
        assert_eq!(world.submit(&path, "", "").await.status, 410);
        world.post(LINK, json!({})).await.problem(404, "nothing-to-clean-up");
    }

    async fn another_account_is_told_so(db: TestDatabase) {
        let world = HttpWorld::on(db).await;
        let id = left_over(&world).await;
        let path = link(&world).await;
        let (cookie, _) = consent(&world, &path, "eva@example.org").await;
        let page = world.visit("/clean-up", &cookie).await;
        assert!(page.text.contains("another Google account") && page.text.contains("ana@example.org"), "{}", page.text);
        world.let_leave().await;
        assert_eq!((events(&world), saga(&world, &id).await["state"].clone()), (1, json!("done_with_leftovers")));
    }

    async fn whoever_says_no_or_comes_from_elsewhere_changes_nothing(db: TestDatabase) {
        let world = HttpWorld::on(db).await;
        left_over(&world).await;
        let path = link(&world).await;
        let begun = world.submit(&path, "", "").await;
        let google = begun.header("location").to_owned();
        let state = google.split("state=").nth(1).unwrap().split('&').next().unwrap();
        let denied = format!("/oauth/google/callback?state={state}&error=access_denied");
        assert_eq!(world.visit(&denied, "calsync_browser=stranger").await.status, 400);
        assert_eq!(world.visit(&denied, &begun.cookie()).await.status, 303);
        let page = world.visit("/clean-up", &begun.cookie()).await;
        assert!(page.text.contains("Nothing was removed") && page.text.contains("You said no at Google"), "{}", page.text);
        assert_eq!(world.visit(&denied, &begun.cookie()).await.status, 400, "once");
        assert_eq!(world.visit("/clean-up", "").await.status, 410);
        assert_eq!(world.visit("/clean-up/none", "").await.status, 410);
        assert_eq!(events(&world), 1);
    }

    async fn a_link_that_is_begun_too_late_says_that_nothing_is_left(db: TestDatabase) {
        let world = HttpWorld::on(db).await;
        left_over(&world).await;
        let path = link(&world).await;
        connect(&world, "new").await;
        let page = world.submit(&path, "", "").await;
        page.problem(404, "nothing-to-clean-up");
        let wishes = world.post(LINK, json!({"expires_in": 0, "note": "x"})).await;
        assert_eq!(wishes.bad_fields(), ["note", "expires_in"]);
        world.post("/api/v1/users/nobody/clean-up-link", json!({})).await.problem(404, "not-found");
    }

    async fn a_user_is_deleted_with_all_that_is_theirs(db: TestDatabase) {
        let world = HttpWorld::on(db).await;
        synced(&world).await;
        let session = json!({"user_ids": ["ana", "ben"], "title": "s", "status": "active",
            "starts_at": "2031-03-09T10:00:00Z", "ends_at": "2031-03-09T11:00:00Z"});
        world.put("/api/v1/items/session/s1", session.clone()).await;
        world.sync().await;
        for _ in 0..2 {
            assert_eq!(world.delete(ANA).await.status, 204);
        }
        assert_eq!(world.get(ANA).await.status, 200, "it is under way");
        let again = world.put("/api/v1/items/task/t2", task("ana")).await;
        let problem = again.problem(409, "user-being-deleted");
        assert!(problem["detail"].as_str().unwrap().contains("ana"), "{problem}");
        world.put("/api/v1/items/session/s1", session.clone()).await.problem(409, "user-being-deleted");
        world.put(ANA, json!({"email": "ana@example.org"})).await.problem(409, "user-being-deleted");
        world.post("/api/v1/users/ana/connect-link", json!({})).await.problem(409, "user-being-deleted");
        let lines = [json!({"op": "put", "kind": "task", "item_id": "t3", "user_ids": ["ana"], "title": "t",
            "due_on": "2031-03-09", "status": "active"}),
            json!({"op": "put_user", "user_id": "ana", "email": "a@b.c"}),
            json!({"op": "put", "kind": "task", "item_id": "t4", "user_ids": ["ben"], "title": "t",
            "due_on": "2031-03-09", "status": "active"})];
        let answers = world.batch(&lines.map(|line| line.to_string()).join("\n")).await;
        assert_eq!(answers.iter().map(|one| one["status"].as_u64().unwrap()).collect::<Vec<_>>(), [409, 409, 201]);
        assert_eq!(answers[0]["problem"]["type"], "/problems/user-being-deleted");

        world.let_leave().await;
        assert_eq!(events(&world), 0);
        for path in [ANA, "/api/v1/items/task/t1", "/api/v1/items/task/t2", "/api/v1/items/task/t3"] {
            world.get(path).await.problem(404, "not-found");
        }
        assert_eq!(world.get("/api/v1/items/session/s1").await.json()["user_ids"], json!(["ben"]));
        assert_eq!(world.delete(ANA).await.status, 204, "nobody is there");
        assert_eq!(world.put("/api/v1/items/task/t1", task("ana")).await.status, 201, "made anew");
        assert_eq!(world.get(ANA).await.status, 200);
    }

    async fn whoever_never_connected_is_forgotten_with_the_answer(db: TestDatabase) {
        let world = HttpWorld::on(db).await;
        world.put("/api/v1/items/task/t1", task("ana")).await;
        assert_eq!(world.delete(ANA).await.status, 204);
        world.get(ANA).await.problem(404, "not-found");
        world.get("/api/v1/items/task/t1").await.problem(404, "not-found");
        assert_eq!(world.delete("/api/v1/users/never").await.status, 204);
    }
}
