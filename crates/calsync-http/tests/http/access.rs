//! Who may call what: every route of the description, with every kind of key.

use axum::body::Body;
use calsync_testing::world::http::{Answer, HttpWorld};
use http::{Method, Request};
use serde_json::Value;

/// Every route that asks for a key, as method, address and scope.
async fn guarded(world: &HttpWorld) -> Vec<(Method, String, String)> {
    let description = world.get("/openapi.json").await.json();
    let mut routes = Vec::new();
    for (path, operations) in description["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let scopes = operation["security"].as_array().unwrap();
            assert_eq!(scopes.is_empty(), !path.starts_with("/api/"), "{method} {path}");
            for scope in scopes {
                let scope = scope.as_object().unwrap().keys().next().unwrap().clone();
                routes.push((method.clone(), filled(path), scope));
            }
        }
    }
    assert!(routes.len() >= 11, "{routes:?}");
    routes
}

/// A path with its parameters filled in.
fn filled(path: &str) -> String {
    path.replace("{user_id}", "ana")
        .replace("{kind}", "task")
        .replace("{item_id}", "t1")
        .replace("{provider}", "google")
        .replace("{id}", "none")
}

async fn call(world: &HttpWorld, method: &Method, path: &str, authorization: Option<&str>) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(value) = authorization {
        request = request.header("authorization", value);
    }
    world.send(request.body(Body::from("{}")).unwrap()).await
}

#[tokio::test]
async fn every_route_wants_a_key_of_its_scope() {
    let world = HttpWorld::new().await;
    for (method, path, scope) in guarded(&world).await {
        let (right, wrong) = match scope.as_str() {
            "platform" => (&world.platform, &world.admin),
            _ => (&world.admin, &world.platform),
        };
        let nothing = call(&world, &method, &path, None).await;
        nothing.problem(401, "unauthorized");
        assert_eq!(nothing.header("www-authenticate"), "Bearer");
        for bad in ["Bearer", "Bearer x", &format!("Bearer {right}x"), &format!("Basic {right}"), right] {
            call(&world, &method, &path, Some(bad)).await.problem(401, "unauthorized");
        }
        call(&world, &method, &path, Some(&format!("Bearer {wrong}"))).await.problem(403, "forbidden");
        let good = call(&world, &method, &path, Some(&format!("bearer {right}"))).await;
        assert!(![401, 403, 405].contains(&good.status.as_u16()), "{method} {path}: {}", good.text);
    }
}

#[tokio::test]
async fn a_refused_caller_changes_nothing() {
    let world = HttpWorld::new().await;
    let request =
        Request::put("/api/v1/users/ana").header("authorization", format!("Bearer {}", world.admin));
    let request = request.body(Body::from(r#"{"email":"a@b.c"}"#)).unwrap();
    world.send(request).await.problem(403, "forbidden");
    world.get("/api/v1/users/ana").await.problem(404, "not-found");
}

#[tokio::test]
async fn an_unknown_method_is_told_which_are_known() {
    let world = HttpWorld::new().await;
    let mut methods: Vec<(Method, String)> = Vec::new();
    for method in ["POST", "PATCH", "TRACE", "OPTIONS", "BREW"] {
        methods.push((method.parse().unwrap(), "/api/v1/items/task/t1".into()));
    }
    for (method, path) in methods {
        let answer = world.call(method, &path, "").await;
        answer.problem(405, "method-not-allowed");
        let mut allowed: Vec<&str> = answer.header("allow").split(',').collect();
        allowed.sort_unstable();
        assert_eq!(allowed, ["DELETE", "GET", "HEAD", "PUT"]);
    }
}

#[tokio::test]
async fn what_is_not_there_says_so() {
    let world = HttpWorld::new().await;
    for path in ["/", "/api/v1/nothing", "/api/v2/items", "/../etc/passwd", "/assets/../Cargo.toml"] {
        world.get(path).await.problem(404, "not-found");
    }
    let deletion = world.delete("/api/v1/refusals").await;
    deletion.problem(405, "method-not-allowed");
}

#[tokio::test]
async fn every_answer_protects_the_browser_that_shows_it() {
    let world = HttpWorld::new().await;
    let done = world.visit("/connect/done", "").await;
    let stylesheet = done.text.split("href=\"").find(|part| part.starts_with("/assets/pages")).unwrap();
    let stylesheet = stylesheet.split('"').next().unwrap();
    let answers = [
        world.get("/healthz").await,
        world.get("/api/v1/nothing").await,
        world.get("/api/v1/refusals?since=x").await,
        world.visit("/connect/none", "").await,
        world.visit("/oauth/google/callback", "").await,
        world.get(stylesheet).await,
        done,
    ];
    for answer in &answers {
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{answer:?}");
        assert!(!answer.header("content-security-policy").contains("unsafe"), "{answer:?}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        assert!(answer.headers.get("access-control-allow-origin").is_none());
        assert!(answer.headers.get("strict-transport-security").is_none(), "this is http on loopback");
    }
    let [others @ .., _, stylesheet, _] = &answers;
    assert!(others.iter().all(|answer| answer.header("cache-control") == "no-store"));
    assert_eq!(stylesheet.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(stylesheet.header("content-type"), "text/css; charset=utf-8");
}

#[tokio::test]
async fn health_is_for_everyone() {
    let world = HttpWorld::new().await;
    for path in ["/healthz", "/readyz"] {
        let answer = world.send(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.json()["status"], Value::from("ok"));
    }
}

#[tokio::test]
async fn a_lost_database_is_told_without_inner_details() {
    let world = HttpWorld::new().await;
    world.engine.store().close().await;
    for path in ["/readyz", "/api/v1/users/ana"] {
        let answer = world.get(path).await;
        let problem = answer.problem(503, "unavailable");
        assert_eq!(answer.header("retry-after"), "1");
        assert_eq!(problem.as_object().unwrap().len(), 4, "{problem}");
    }
    assert_eq!(world.get("/healthz").await.status, 200);
}
