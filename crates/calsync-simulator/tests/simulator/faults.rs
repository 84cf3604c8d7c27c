//! Fault rules strike the calls they match, in order, as often as they may.

use calsync_simulator::{DelayedResponse, SimulatorOptions};
use serde_json::{Value, json};

use crate::world::{ANA, World, meeting, options};

async fn rules(world: &World, rules: Value) {
    world.control("PUT", "/faults", rules).await.ok();
}

#[tokio::test]
async fn a_lost_answer_leaves_its_effect() {
    let world = World::new();
    rules(
        &world,
        json!([{"match": {"method": "events.insert"}, "effect": {"lose_response": true}, "times": 1}]),
    )
    .await;
    let body = json!({"id": "lost1", "start": {"date": "2031-03-01"}, "end": {"date": "2031-03-02"}});
    assert!(world.post("/calendars/primary/events", body.clone()).await.lost);
    assert_eq!(world.get("/calendars/primary/events/lost1").await.status, 200);
    assert_eq!(world.post("/calendars/primary/events", body).await.error(), (409, "duplicate"));
}

#[tokio::test]
async fn errors_have_googles_shape_and_no_effect() {
    let world = World::new();
    let cases = [
        (json!({"status": 503}), (503, "backendError")),
        (json!({"reason": "rateLimitExceeded", "retry_after": 7}), (403, "rateLimitExceeded")),
        (json!({"status": 429}), (429, "rateLimitExceeded")),
        (json!({"reason": "quotaExceeded"}), (403, "quotaExceeded")),
        (json!({"reason": "authError"}), (401, "authError")),
        (json!({"status": 410, "reason": "fullSyncRequired"}), (410, "fullSyncRequired")),
    ];
    for (effect, expected) in cases {
        rules(&world, json!([{"match": {"api": "calendar", "account": ANA}, "effect": effect}])).await;
        let answer = world.post("/calendars/primary/events", meeting("Talk")).await;
        assert_eq!(answer.error(), expected);
        let retry_after = effect["retry_after"].as_u64().map(|seconds| seconds.to_string());
        assert_eq!(answer.header("retry-after"), retry_after.as_deref());
    }
    world.control("DELETE", "/faults", Value::Null).await;
    assert!(world.simulator.events(ANA).is_empty());
}

#[tokio::test]
async fn rules_match_by_account_domain_calendar_and_count_down() {
    let world = World::new();
    let rule = |matches: Value| json!({"match": matches, "effect": {"status": 500}, "times": 1});
    rules(
        &world,
        json!([
            rule(json!({"account": "ben@example.com"})),
            rule(json!({"domain": "example.org"})),
            rule(json!({"calendar": "other"}))
        ]),
    )
    .await;
    assert_eq!(world.get("/calendars/primary/events").await.status, 200);
    rules(&world, json!([rule(json!({"calendar": ANA})), rule(json!({"domain": "example.com"}))])).await;
    for expected in [500, 500, 200] {
        assert_eq!(world.get("/calendars/primary/events").await.status, expected);
    }
}

#[tokio::test]
async fn draws_follow_the_seed_and_losers_leave_the_call_to_the_next_rule() {
    let run = async |seed| {
        let world = World::with(SimulatorOptions { seed, ..options() });
        let half = json!({"probability": 0.5, "effect": {"status": 503}});
        let other_half = json!({"probability": 0.5, "effect": {"status": 429}});
        rules(&world, json!([half, other_half])).await;
        let mut statuses = Vec::new();
        for _ in 0..200 {
            statuses.push(world.get("/colors").await.status.as_u16());
        }
        statuses
    };
    let statuses = run(1).await;
    assert_eq!(statuses, run(1).await);
    assert_ne!(statuses, run(2).await);
    let count = |status| statuses.iter().filter(|seen| **seen == status).count();
    assert!((80..120).contains(&count(503)) && (35..65).contains(&count(429)), "{statuses:?}");
}

#[tokio::test]
async fn garbled_answers_are_no_json() {
    let world = World::new();
    rules(&world, json!([{"effect": {"garble": true}}])).await;
    let answer = world.get("/calendars/primary/events").await;
    assert_eq!(answer.status, 200);
    assert!(serde_json::from_slice::<Value>(&answer.bytes).is_err());
}

#[tokio::test]
async fn oauth_faults_speak_oauth() {
    let world = World::new();
    rules(
        &world,
        json!([{"match": {"api": "oauth", "method": "token"}, "effect": {"reason": "invalid_client"}}]),
    )
    .await;
    let answer = world.form("/token", &[("grant_type", "refresh_token")]).await;
    assert_eq!((answer.status.as_u16(), &answer.body["error"]), (401, &json!("invalid_client")));
}

#[tokio::test]
async fn wrong_rules_are_refused() {
    let world = World::new();
    for wrong in
        [json!([{"effect": {"statsu": 1}}]), json!([{"match": {"api": "maps"}, "effect": {}}]), json!({})]
    {
        assert_eq!(world.control("PUT", "/faults", wrong).await.status, 400);
    }
}

#[tokio::test]
async fn a_late_answer_is_marked_when_the_clock_is_manual() {
    let world = World::with(SimulatorOptions { delay_ms: 50, ..options() });
    rules(&world, json!([{"effect": {"delay_ms": 200}}])).await;
    let request =
        http::Request::builder().uri("/calendar/v3/colors").body(axum::body::Body::empty()).unwrap();
    let response = tower::ServiceExt::oneshot(world.simulator.router(), request).await.unwrap();
    let delay = response.extensions().get::<DelayedResponse>().unwrap();
    assert_eq!(delay.0.as_millis(), 250);
}
