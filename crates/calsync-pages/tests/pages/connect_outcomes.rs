//! How a try to connect can end: each on a page of its own with a way out, and in its row.

use calsync_simulator::{FaultEffect, FaultMatch, FaultRule, RevokeCause};
use calsync_testing::world::browser_client::{
    AtGoogle, BrowserClient, ana, connection, link, newest_try, parameter,
};
use calsync_testing::world::http::HttpWorld;
use http::Method;
use serde_json::json;

const ANA: &str = "ana@example.org";
const OTHER: &str = "ana.private@example.org";
const EVERY_BOX: &[&str] = &["calendar"];

async fn world() -> HttpWorld {
    let world = HttpWorld::new().await;
    ana(&world, "en").await;
    world
}

/// A fault at Google's token endpoint.
fn token_fault(status: u16) -> FaultRule {
    FaultRule {
        matches: FaultMatch { method: Some("token".into()), ..FaultMatch::default() },
        effect: FaultEffect { status: Some(status), ..FaultEffect::default() },
        probability: None,
        times: None,
    }
}

#[tokio::test]
async fn a_box_left_unticked_is_named_and_asked_for_again() {
    let world = world().await;
    let browser = BrowserClient::new(&world);
    let sent = browser.send(&link(&world, json!({})).await, "calendar=existing").await;
    let page = browser.decide(&sent, AtGoogle::Allows(ANA, &["calendarlist"])).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("You agreed to a part of what sync needs."), "{}", page.text);
    assert!(page.text.contains("View and edit events on all your calendars"));
    assert!(!page.text.contains("See the list of Google calendars"), "that box was ticked");
    assert!(page.text.contains("Use a calendar of its own instead"));
    let attempt = newest_try(&world).await;
    assert_eq!((&attempt["outcome"], &attempt["reason"]), (&json!("partial"), &json!("consent_partial")));
    assert_eq!(attempt["missing_scopes"], json!(["https://www.googleapis.com/auth/calendar.events"]));

    let again = format!("calendar=existing&attempt={}", attempt["id"].as_str().unwrap());
    let sent = browser.send("/connect/again", &again).await;
    let google = sent.header("location");
    assert_eq!(parameter(google, "include_granted_scopes").as_deref(), Some("true"));
    let asked = parameter(google, "scope").unwrap();
    assert!(asked.contains("calendar.events") && !asked.contains("calendarlist"), "{asked}");
    browser.decide(&sent, AtGoogle::Allows(ANA, EVERY_BOX)).await;
    assert_eq!(
        connection(&world).await["scopes"].as_array().unwrap().len(),
        4,
        "the list was granted before"
    );
    assert_eq!(newest_try(&world).await["outcome"], "connected");
}

#[tokio::test]
async fn what_suffices_without_the_missing_goes_on() {
    let world = world().await;
    let browser = BrowserClient::new(&world);
    let sent = browser.send(&link(&world, json!({})).await, "calendar=new").await;
    let page = browser.decide(&sent, AtGoogle::Allows(ANA, &["app.created"])).await;
    assert!(page.text.contains("Google Calendar is connected"), "{}", page.text);
    world.sync().await;
    assert_eq!(connection(&world).await["counts"]["synced"], 1);
}

#[tokio::test]
async fn who_says_no_may_change_their_mind() {
    let world = world().await;
    let browser = BrowserClient::new(&world);
    let sent = browser.send(&link(&world, json!({})).await, "calendar=new").await;
    let page = browser.decide(&sent, AtGoogle::Denies).await;
    assert!(page.text.contains("You said no at Google"), "{}", page.text);
    let attempt = newest_try(&world).await;
    assert_eq!((&attempt["outcome"], &attempt["reason"]), (&json!("denied"), &json!("consent_denied")));
    let sent = browser.send("/connect/again", "calendar=new").await;
    let page = browser.decide(&sent, AtGoogle::Allows(ANA, EVERY_BOX)).await;
    assert!(page.text.contains("Google Calendar is connected"));
}

#[tokio::test]
async fn other_errors_of_google_have_their_page() {
    let world = world().await;
    let browser = BrowserClient::new(&world);
    for (error, reason, text) in [
        ("admin_policy_enforced", "org_blocks_app", "Ask the administrator"),
        ("org_internal", "org_blocks_app", "Ask the administrator"),
        ("server_error", "google_unavailable", "Google could not be reached"),
        ("invalid_scope", "unknown", "The connection could not be finished."),
    ] {
        let sent = browser.send(&link(&world, json!({})).await, "calendar=new").await;
        let state = parameter(sent.header("location"), "state").unwrap();
        let page = browser.open(&format!("/oauth/google/callback?state={state}&error={error}")).await;
        assert!(page.text.contains(text), "{error}: {}", page.text);
        assert!(page.text.contains("data-action=\"connect\""), "{error}: a way out");
        let attempt = newest_try(&world).await;
        assert_eq!((&attempt["outcome"], &attempt["reason"]), (&json!("failed"), &json!(reason)), "{error}");
    }
}

#[tokio::test]
async fn google_down_at_the_exchange_can_be_tried_again() {
    let world = world().await;
    let browser = BrowserClient::new(&world);
    world.google.set_faults(vec![token_fault(503)]);
    let page = browser.connect_as(ANA, "new").await;
    assert!(page.text.contains("Google could not be reached to finish the connection."), "{}", page.text);
    assert!(!page.text.contains("we keep trying"), "nobody does");
    assert_eq!(newest_try(&world).await["reason"], "google_unavailable");
    world.google.set_faults(vec![]);
    let sent = browser.send("/connect/again", "calendar=new").await;
    let page = browser.decide(&sent, AtGoogle::Allows(ANA, EVERY_BOX)).await;
    assert!(page.text.contains("Google Calendar is connected"));
}

#[tokio::test]
async fn who_never_comes_back_is_neither_denied_nor_connected() {
    let world = world().await;
    let browser = BrowserClient::new(&world);
    browser.send(&link(&world, json!({})).await, "calendar=new").await;
    let attempt = newest_try(&world).await;
    assert_eq!((&attempt["outcome"], &attempt["reason"]), (&json!(null), &json!(null)));
}

#[tokio::test]
async fn an_answer_of_another_issuer_is_not_googles() {
    let world = world().await;
    let browser = BrowserClient::new(&world);
    let sent = browser.send(&link(&world, json!({})).await, "calendar=new").await;
    let callback = browser.callback(&sent, AtGoogle::Allows(ANA, EVERY_BOX)).await;
    let ours = "iss=https%3A%2F%2Faccounts.google.com";
    assert!(callback.contains(ours), "{callback}");
    let forged = callback.replace(ours, "iss=https%3A%2F%2Fevil.example");
    assert_eq!(browser.open(&forged).await.status, 400);
    let without = callback.replace(&format!("{ours}&"), "");
    let page = browser.open(&without).await;
    assert!(page.text.contains("Google Calendar is connected"), "nothing was used up: {}", page.text);
}

#[tokio::test]
async fn twenty_returns_at_once_make_one_connection() {
    let world = world().await;
    let browser = BrowserClient::new(&world);
    let sent = browser.send(&link(&world, json!({})).await, "calendar=new").await;
    let callback = browser.callback(&sent, AtGoogle::Allows(ANA, EVERY_BOX)).await;
    let pages = futures_util::future::join_all((0..20).map(|_| browser.open(&callback))).await;
    let worked = pages.iter().filter(|page| page.text.contains("Google Calendar is connected")).count();
    assert_eq!(worked, 1);
    assert_eq!(pages.iter().filter(|page| page.status == 400).count(), 19, "the others find nothing");
    assert_eq!(newest_try(&world).await["outcome"], "connected");
    assert!(browser.open(&callback).await.text.contains("href=\"/connect/settings\""), "a way out");
    assert_eq!(
        world.get("/api/v1/users/ana/integrations").await.json()["items"].as_array().unwrap().len(),
        1
    );
}

#[tokio::test]
async fn consent_is_forced_only_where_no_refresh_token_is_held() {
    let world = world().await;
    let browser = BrowserClient::new(&world);
    let prompt = async || {
        let sent = browser.send(&link(&world, json!({})).await, "calendar=new").await;
        let google = sent.header("location").to_owned();
        assert_eq!(parameter(&google, "login_hint").as_deref(), Some(ANA));
        assert_eq!(parameter(&google, "access_type").as_deref(), Some("offline"));
        (parameter(&google, "prompt"), parameter(&google, "include_granted_scopes"))
    };
    let asks = (Some("consent".to_owned()), None);
    assert_eq!(prompt().await, asks);
    browser.connect_as(ANA, "new").await;
    world.sync().await;
    assert_eq!(prompt().await, (None, Some("true".to_owned())));
    world.google.revoke(ANA, RevokeCause::User);
    world.advance(2 * 3_600);
    world
        .put(
            "/api/v1/items/task/more",
            json!({"user_ids": ["ana"], "title": "More",
        "due_on": "2031-03-10", "status": "active"}),
        )
        .await;
    world.sync().await;
    assert_eq!(connection(&world).await["state"], "needs_action");
    assert_eq!(prompt().await, asks, "the token is dead");
}

#[tokio::test]
async fn another_account_is_an_explicit_choice() {
    let world = world().await;
    let browser = BrowserClient::new(&world);
    browser.connect_as(ANA, "new").await;
    world.sync().await;
    let page = browser.connect_as(OTHER, "new").await;
    assert!(page.text.contains("Which Google account?"), "{}", page.text);
    assert!(
        page.text.contains("Keep ana@example.org") && page.text.contains("Switch to ana.private@example.org")
    );
    let attempt = newest_try(&world).await;
    assert_eq!((&attempt["reason"], &attempt["account_email"]), (&json!("other_account"), &json!(OTHER)));
    let before = connection(&world).await;
    assert_eq!(
        (&before["account_email"], &before["state"]),
        (&json!(ANA), &json!("active")),
        "nothing changed"
    );
    let state = world.google.state();
    let grants: Vec<_> = state["grants"].as_array().unwrap().iter().map(|grant| &grant["email"]).collect();
    assert_eq!(grants, [ANA], "what nobody uses was given back");

    let attempt = newest_try(&world).await["id"].as_str().unwrap().to_owned();
    let page = browser.send("/connect/switch", &format!("attempt={attempt}&remote_items=remove")).await;
    assert!(page.text.contains("is being disconnected") && page.text.contains("data-live"), "{}", page.text);
    world.let_disconnects_end().await;
    let page = browser.open(&format!("/connect/disconnect?then={attempt}")).await;
    assert!(page.text.contains("Connect ana.private@example.org"), "{}", page.text);
    let sent = browser.send("/connect/again", "calendar=new&account=ana.private%40example.org").await;
    assert_eq!(parameter(sent.header("location"), "login_hint").as_deref(), Some(OTHER));
    browser.decide(&sent, AtGoogle::Allows(OTHER, EVERY_BOX)).await;
    world.sync().await;
    let after = connection(&world).await;
    assert_eq!(after["account_email"], OTHER);
    assert_eq!(after["counts"]["synced"], 1, "nothing lost");
    let calendar = after["target_calendar"]["id"].as_str().unwrap();
    assert_eq!(world.google.events(calendar).len(), 1, "nothing doubled");
    let old = before["target_calendar"]["id"].as_str().unwrap();
    assert!(world.google.events(old).is_empty(), "nothing left behind");
}

#[tokio::test]
async fn a_platforms_page_is_told_but_for_the_choice_of_account() {
    let world = world().await;
    let browser = BrowserClient::new(&world);
    let wish = json!({"return_url": "https://app.example.org/settings"});
    let sent = browser.send(&link(&world, wish.clone()).await, "calendar=existing").await;
    let partial = browser.decide(&sent, AtGoogle::Allows(ANA, &["calendarlist"])).await;
    let told = "https://app.example.org/settings?calendar=partial&reason=consent_partial";
    assert_eq!(partial.header("location"), told);
    browser.connect_as(ANA, "new").await;
    let sent = browser.send(&link(&world, wish).await, "calendar=new").await;
    let page = browser.decide(&sent, AtGoogle::Allows("other@example.org", EVERY_BOX)).await;
    assert!(page.text.contains("Which Google account?"), "{}", page.text);
    assert!(page.text.contains("https://app.example.org/settings?calendar=failed&#38;reason=other_account"));
}

#[tokio::test]
async fn one_account_of_two_users_is_allowed_and_admins_see_it() {
    let world = world().await;
    BrowserClient::new(&world).connect_as(ANA, "new").await;
    world.put("/api/v1/users/ben", json!({"email": "ben@example.org"})).await;
    let link = world.post("/api/v1/users/ben/connect-link", json!({})).await.json();
    let path = link["url"].as_str().unwrap().strip_prefix("http://127.0.0.1:4300").unwrap().to_owned();
    let ben = BrowserClient::new(&world);
    let sent = ben.send(&path, "calendar=new").await;
    let page = ben.decide(&sent, AtGoogle::Allows(ANA, EVERY_BOX)).await;
    assert!(page.text.contains("Google Calendar is connected"));
    let admin = http::Request::get("/api/v1/admin/users/ben/integrations")
        .header("authorization", format!("Bearer {}", world.admin));
    let shown = world.send(admin.body(axum::body::Body::empty()).unwrap()).await.json();
    assert_eq!(shown["items"][0]["same_account_users"], json!(["ana"]));
    let own = world.call(Method::GET, "/api/v1/users/ben/integrations", "").await.json();
    assert_eq!(own["items"][0]["same_account_users"], json!(null), "users don't hear of each other");
}

#[tokio::test]
async fn a_try_is_its_own_users_to_see() {
    let world = world().await;
    let browser = BrowserClient::new(&world);
    let sent = browser.send(&link(&world, json!({})).await, "calendar=new").await;
    browser.decide(&sent, AtGoogle::Denies).await;
    let path = format!("/connect/attempts/{}", newest_try(&world).await["id"].as_str().unwrap());
    assert_eq!(browser.open(&path).await.status, 200);
    assert_eq!(BrowserClient::new(&world).open(&path).await.status, 410);
    assert_eq!(browser.open("/connect/attempts/another").await.status, 404);
}
