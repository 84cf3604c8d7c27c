//! The link that support sends to a user: by the console and by the API, with a note and audited.

use calsync_store::admins::Role;
use calsync_testing::world::http::HttpWorld;
use calsync_testing::world::stories::{begin, connect};
use calsync_testing::world::stories::{form_token, signed_in};
use http::Method;
use serde_json::json;

const PAGE: &str = "/admin/users/ana/integrations/google/reconnect-link";
const API: &str = "/api/v1/admin/users/ana/integrations/google/reconnect-link";

#[tokio::test]
async fn support_makes_a_link_and_an_answer_in_the_users_language() {
    let world = HttpWorld::new().await;
    world.put("/api/v1/users/ana", json!({"email": "ana@example.org", "locale": "ko-KR"})).await;
    let cookies = signed_in(&world, Role::Support).await;
    let page = world.visit("/admin/users/ana", &cookies).await;
    assert!(page.text.contains("data-action=\"reconnect-link\""), "{}", page.text);
    let token = form_token(&page);

    let refused = world.submit(PAGE, &cookies, &format!("form_token={token}&note=ab")).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("value=\"ab\"") && refused.text.contains("role=\"alert\""));
    let made = world.submit(PAGE, &cookies, &format!("form_token={token}&note=ticket+7")).await;
    assert_eq!(made.status, 200, "{}", made.text);
    assert!(made.text.contains("lang=\"ko\"") && made.text.contains("연결"), "{}", made.text);
    let link = made.text.split("http://127.0.0.1:4300").nth(1).unwrap().split('<').next().unwrap();
    assert_eq!(world.visit(link, "").await.status, 200);

    let audit = world.visit("/admin/users/ana/history", &cookies).await;
    assert_eq!(audit.text.matches("integration.reconnect_link").count(), 1, "{}", audit.text);
    assert!(audit.text.contains("good until 2024-03-08 00:00 UTC · provider google"), "{}", audit.text);
    assert!(audit.text.contains("ticket 7") && !audit.text.contains(link.rsplit('/').next().unwrap()));
}

#[tokio::test]
async fn the_api_makes_one_too_for_a_user_who_needs_it() {
    let world = HttpWorld::new().await;
    connect(&world, "new").await;
    for (body, field) in
        [(json!({}), "note"), (json!({"note": "ab"}), "note"), (json!({"note": "ticket", "x": 1}), "x")]
    {
        assert_eq!(world.admin_call(Method::POST, API, body).await.bad_fields(), [field]);
    }
    let made = world.admin_call(Method::POST, API, json!({"note": "ticket 8"})).await.json();
    assert_eq!(made["expires_at"], "2024-03-08T00:00:00Z");
    let link = made["url"].as_str().unwrap().strip_prefix("http://127.0.0.1:4300").unwrap();
    assert_eq!(world.visit(link, "").await.status, 200);
    let audit =
        world.admin_call(Method::GET, "/api/v1/admin/audit-log?target_id=ana", json!({})).await.json();
    let deed = &audit["items"][0];
    assert_eq!((&deed["admin_id"], &deed["action"]), (&json!("noor"), &json!("integration.reconnect_link")));
    let note = json!({"note": "ticket 9"});
    for nowhere in [API.replace("ana", "nobody"), API.replace("google", "zoom")] {
        world.admin_call(Method::POST, &nowhere, note.clone()).await.problem(404, "not-found");
    }
}

#[tokio::test]
async fn who_only_looks_makes_no_link() {
    let world = HttpWorld::new().await;
    world.put("/api/v1/users/ana", json!({"email": "ana@example.org"})).await;
    let cookies = signed_in(&world, Role::Viewer).await;
    let page = world.visit("/admin/users/ana", &cookies).await;
    assert!(!page.text.contains("reconnect-link"));
    let form = format!("form_token={}&note=ticket", form_token(&page));
    assert_eq!(world.submit(PAGE, &cookies, &form).await.status, 403);
}

#[tokio::test]
async fn support_sees_how_the_link_fares() {
    let world = HttpWorld::new().await;
    world.put("/api/v1/users/ana", json!({"email": "ana@example.org"})).await;
    let cookies = signed_in(&world, Role::Support).await;
    let user = async || world.visit("/admin/users/ana", &cookies).await.text;
    let make = async || {
        world.advance(60);
        let made = world.admin_call(Method::POST, API, json!({"note": "ticket 8"})).await.json();
        made["url"].as_str().unwrap().strip_prefix("http://127.0.0.1:4300").unwrap().to_owned()
    };
    assert!(!user().await.contains("The last one"));
    let link = make().await;
    assert!(user().await.contains("not opened yet") && user().await.contains("<bdi>noor</bdi>"));
    world.visit(&link, "").await;
    assert!(user().await.contains("opened, not used"), "{}", user().await);
    begin(&world, &link, "new").await;
    let page = user().await;
    assert!(page.contains("used</span>") && !page.contains("not used"), "{page}");

    make().await;
    assert!(user().await.contains("not opened yet"), "the newest one counts");
    world.post("/api/v1/users/ana/connect-link", json!({})).await;
    assert!(user().await.contains("not opened yet"), "the platform's links are its own");
    world.advance(7 * 24 * 3_600);
    assert!(page_of_a_new_sign_in(&world).await.contains("too old"));
}

/// Ana's page, long after.
async fn page_of_a_new_sign_in(world: &HttpWorld) -> String {
    let cookies = signed_in(world, Role::Owner).await;
    world.visit("/admin/users/ana", &cookies).await.text
}
