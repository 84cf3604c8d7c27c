//! Consent, tokens and their end.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use calsync_simulator::{RevokeCause, SimulatorOptions};
use jiff::SignedDuration;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::world::{ANA, Answer, World, meeting, options};

const BACK: &str = "http://localhost:4300/oauth/google/callback";
const ALL: &str = "openid email https://www.googleapis.com/auth/calendar.calendarlist.readonly \
                   https://www.googleapis.com/auth/calendar.app.created";

fn auto() -> World {
    World::with(SimulatorOptions { auto_consent: true, ..options() })
}

fn ask(more: &[(&str, &str)]) -> String {
    let fixed = [
        ("client_id", "77-web.apps"),
        ("redirect_uri", BACK),
        ("response_type", "code"),
        ("access_type", "offline"),
    ];
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(fixed).extend_pairs(more.iter().copied());
    format!("/o/oauth2/v2/auth?{}", query.finish())
}

/// The parameters with which the browser is sent back.
fn sent_back(answer: &Answer) -> Vec<(String, String)> {
    assert_eq!(answer.status, 302, "{}", answer.text());
    let (address, query) = answer.header("location").unwrap().split_once('?').unwrap();
    assert_eq!(address, BACK);
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

fn parameter(pairs: &[(String, String)], name: &str) -> String {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default()
}

async fn exchange(world: &World, code: &str, more: &[(&str, &str)]) -> Answer {
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("client_id", "77-web.apps"),
        ("client_secret", "s"),
        ("redirect_uri", BACK),
    ];
    form.extend(more);
    world.form("/token", &form).await
}

async fn refresh(world: &World, token: &str) -> Answer {
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token),
        ("client_id", "77-web.apps"),
        ("client_secret", "s"),
    ];
    world.form("/token", &form).await
}

/// Connects by auto consent and gives the token answer.
async fn connect(world: &World, scope: &str) -> Value {
    let answer = world.browse(&ask(&[("scope", scope), ("login_hint", ANA)])).await;
    exchange(world, &parameter(&sent_back(&answer), "code"), &[]).await.ok()
}

#[tokio::test]
async fn auto_consent_leads_to_tokens_that_work() {
    let world = auto();
    let tokens = connect(&world, ALL).await;
    let scope = tokens["scope"].as_str().unwrap();
    assert!(scope.contains("openid") && scope.contains("auth/userinfo.email"), "{scope}");
    let id_token = tokens["id_token"].as_str().unwrap().split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(id_token).unwrap()).unwrap();
    assert_eq!(claims["email"], ANA);

    let app = world.as_token(tokens["access_token"].as_str().unwrap());
    let calendar = app.post("/calendars", json!({"summary": "Platform"})).await.ok();
    let events = format!("/calendars/{}/events", calendar["id"].as_str().unwrap());
    app.post(&events, meeting("Talk")).await.ok();
    assert_eq!(
        app.post("/calendars/primary/events", meeting("Talk")).await.error(),
        (403, "insufficientPermissions")
    );

    let refreshed = refresh(&world, tokens["refresh_token"].as_str().unwrap()).await.ok();
    assert!(refreshed.get("refresh_token").is_none());
    world.simulator.advance(SignedDuration::from_mins(61));
    let stale = app.get("/users/me/calendarList").await;
    assert_eq!(stale.error(), (401, "authError"));
    assert!(stale.header("www-authenticate").unwrap().starts_with("Bearer realm="));
}

#[tokio::test]
async fn a_refresh_token_comes_once_unless_the_client_insists() {
    let world = auto();
    assert!(connect(&world, "openid").await["refresh_token"].is_string());
    assert!(connect(&world, "openid").await["refresh_token"].is_null());
    let insisting =
        world.browse(&ask(&[("scope", "openid"), ("login_hint", ANA), ("prompt", "consent")])).await;
    let tokens = exchange(&world, &parameter(&sent_back(&insisting), "code"), &[]).await.ok();
    assert!(tokens["refresh_token"].is_string());
}

#[tokio::test]
async fn the_user_may_allow_a_part_or_nothing() {
    let world = World::new();
    let page =
        world.browse(&ask(&[("scope", ALL), ("state", "<x>"), ("login_hint", "new@example.com")])).await;
    let html = page.text();
    assert!(html.contains("calendar.app.created") && html.contains("new@example.com"), "{html}");
    assert!(!html.contains("<x>"), "the state is escaped");

    let form = |decision| {
        let mut fields = vec![
            ("client_id", "77-web.apps"),
            ("redirect_uri", BACK),
            ("response_type", "code"),
            ("scope", ALL),
            ("state", "s1"),
            ("account", ANA),
            ("decision", decision),
        ];
        fields.push(("granted", "https://www.googleapis.com/auth/calendar.calendarlist.readonly"));
        fields
    };
    let back = sent_back(&world.form("/o/oauth2/v2/auth", &form("allow")).await);
    assert_eq!(parameter(&back, "state"), "s1");
    assert_eq!(parameter(&back, "iss"), "https://accounts.google.com");
    let tokens = exchange(&world, &parameter(&back, "code"), &[]).await.ok();
    assert!(!tokens["scope"].as_str().unwrap().contains("app.created"));
    assert!(tokens["refresh_token"].is_null(), "access_type=offline wasn't asked for");

    let back = sent_back(&world.form("/o/oauth2/v2/auth", &form("deny")).await);
    assert_eq!(parameter(&back, "error"), "access_denied");
}

#[tokio::test]
async fn codes_are_bound_and_used_once() {
    let world = auto();
    let verifier = "a-verifier-of-more-than-forty-three-characters-in-all";
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    let start = [("scope", "openid"), ("code_challenge", &*challenge), ("code_challenge_method", "S256")];
    let code = async || parameter(&sent_back(&world.browse(&ask(&start)).await), "code");

    let error = |answer: Answer| answer.body["error"].as_str().unwrap_or_default().to_owned();
    assert_eq!(error(exchange(&world, &code().await, &[]).await), "invalid_grant");
    assert_eq!(error(exchange(&world, &code().await, &[("code_verifier", "x")]).await), "invalid_grant");
    assert_eq!(error(exchange(&world, "nonsense", &[]).await), "invalid_grant");
    let good = code().await;
    exchange(&world, &good, &[("code_verifier", verifier)]).await.ok();
    assert_eq!(error(exchange(&world, &good, &[("code_verifier", verifier)]).await), "invalid_grant");
    let old = code().await;
    world.simulator.advance(SignedDuration::from_mins(11));
    assert_eq!(error(exchange(&world, &old, &[("code_verifier", verifier)]).await), "invalid_grant");
}

#[tokio::test]
async fn only_known_clients_are_served_when_there_is_a_list() {
    let clients = vec![("77-web.apps".to_owned(), "right".to_owned())];
    let world = World::with(SimulatorOptions { auto_consent: true, clients, ..options() });
    let code = parameter(&sent_back(&world.browse(&ask(&[("scope", "openid")])).await), "code");
    let refused = exchange(&world, &code, &[]).await;
    assert_eq!((refused.status.as_u16(), &refused.body["error"]), (401, &json!("invalid_client")));
    let stranger = world.browse(&ask(&[("scope", "openid")]).replace("77-web", "78-web")).await;
    assert_eq!(stranger.status, 400);
}

#[tokio::test]
async fn revoking_ends_every_token_of_the_grant() {
    let world = auto();
    let tokens = connect(&world, ALL).await;
    let refresh_token = tokens["refresh_token"].as_str().unwrap();
    world.form("/revoke", &[("token", tokens["access_token"].as_str().unwrap())]).await.ok();
    assert_eq!(refresh(&world, refresh_token).await.body["error"], "invalid_grant");
    let again = world.form("/revoke", &[("token", refresh_token)]).await;
    assert_eq!((again.status.as_u16(), &again.body["error"]), (400, &json!("invalid_token")));

    let tokens = connect(&world, ALL).await;
    assert!(world.simulator.revoke(ANA, RevokeCause::Unused));
    assert_eq!(
        refresh(&world, tokens["refresh_token"].as_str().unwrap()).await.body["error"],
        "invalid_grant"
    );
    let ended = &world.simulator.state()["ended_grants"][1];
    assert_eq!(ended["cause"], "unused");
    assert!(ended["last_used_at"].as_str().unwrap().starts_with("2030-"), "{ended}");
    assert!(world.simulator.state()["grants"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn access_for_a_limited_time_tells_its_end_and_ends() {
    let world = auto();
    let account = json!({"email": ANA, "access_seconds": 7_200});
    world.simulator.add_account(serde_json::from_value(account).unwrap());
    let tokens = connect(&world, "openid").await;
    assert_eq!(tokens["refresh_token_expires_in"], 7_200);
    let refresh_token = tokens["refresh_token"].as_str().unwrap();
    world.simulator.advance(SignedDuration::from_mins(90));
    assert_eq!(refresh(&world, refresh_token).await.ok()["refresh_token_expires_in"], 1_800);
    world.simulator.advance(SignedDuration::from_mins(30));
    assert_eq!(refresh(&world, refresh_token).await.body["error"], "invalid_grant");
    assert_eq!(world.simulator.state()["ended_grants"][0]["cause"], "time_based");
}

#[tokio::test]
async fn userinfo_tells_what_the_scopes_allow() {
    let world = auto();
    let tokens = connect(&world, "openid email").await;
    let request = http::Request::builder()
        .uri("/oauth2/v3/userinfo")
        .header("authorization", format!("Bearer {}", tokens["access_token"].as_str().unwrap()))
        .body(axum::body::Body::empty())
        .unwrap();
    let about = world.send(request).await.ok();
    assert_eq!(about["email"], ANA);
    assert_eq!(about["sub"].as_str().unwrap().len(), 21);
    assert!(about.get("name").is_none());
}

#[tokio::test]
async fn a_refresh_token_rotates_by_rule_and_the_old_one_ends_when_the_new_one_is_used() {
    let world = auto();
    world.simulator.add_account(serde_json::from_value(json!({"email": ANA})).unwrap());
    let first = connect(&world, "openid").await["refresh_token"].as_str().unwrap().to_owned();
    let rules = json!([{"match": {"method": "token"}, "effect": {"rotate": true}, "times": 2}]);
    world.simulator.set_faults(serde_json::from_value(rules).unwrap());
    let lost = refresh(&world, &first).await.ok()["refresh_token"].as_str().unwrap().to_owned();
    let second = refresh(&world, &first).await.ok()["refresh_token"].as_str().unwrap().to_owned();
    assert!(first != lost && lost != second);
    assert!(refresh(&world, &second).await.ok()["refresh_token"].is_null(), "the rule is used up");
    assert_eq!(refresh(&world, &first).await.body["error"], "invalid_grant");
    assert!(refresh(&world, &second).await.ok()["access_token"].is_string());
}
