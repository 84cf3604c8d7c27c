//! What callers may send: nothing unknown, nothing too large, nothing of another type.

use axum::body::Body;
use calsync_testing::world::http::{Answer, HttpWorld};
use http::{Method, Request};
use serde_json::json;

async fn put_user(world: &HttpWorld, content_type: &str, body: impl Into<Body>) -> Answer {
    let request = Request::put("/api/v1/users/ana")
        .header("authorization", format!("Bearer {}", world.platform))
        .header("content-type", content_type);
    world.send(request.body(body.into()).unwrap()).await
}

#[tokio::test]
async fn bodies_are_json_objects() {
    let world = HttpWorld::new().await;
    let good = r#"{"email":"a@b.c"}"#;
    assert_eq!(put_user(&world, "application/json; charset=UTF-8", good).await.status, 201);
    for wrong in ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", "?"]
    {
        put_user(&world, wrong, good).await.problem(415, "wrong-content-type");
    }
    let deep = "[".repeat(100_000);
    for bad in
        ["", "{", "[]", "1", "null", r#"{"email":"a@b.c"}x"#, "\u{feff}{}", r#"{"name":"\ud800"}"#, &deep]
    {
        put_user(&world, "application/json", bad.to_owned()).await.problem(400, "bad-json");
    }
    put_user(&world, "application/json", b"{\"email\":\"\xff@b.c\"}".to_vec()).await.problem(400, "bad-json");
}

#[tokio::test]
async fn a_compressed_body_is_not_opened() {
    let world = HttpWorld::new().await;
    let mut request = world.request(Method::PUT, "/api/v1/users/ana", "{}".into());
    request.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
    world.send(request).await.problem(415, "wrong-content-type");
}

#[tokio::test]
async fn large_bodies_are_refused_whether_their_length_is_told_or_not() {
    let world = HttpWorld::new().await;
    let large = format!("{{\"name\":\"{}\"}}", "x".repeat(1 << 20));
    put_user(&world, "application/json", large.clone()).await.problem(413, "too-large");
    let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>(large)]);
    put_user(&world, "application/json", Body::from_stream(chunks)).await.problem(413, "too-large");
    let mut request = world.request(Method::PUT, "/api/v1/users/ana", "{}".into());
    request.headers_mut().insert("content-length", "99999999".parse().unwrap());
    world.send(request).await.problem(413, "too-large");
}

#[tokio::test]
async fn unknown_parameters_are_bad_fields() {
    let world = HttpWorld::new().await;
    for path in
        ["/api/v1/users/ana?x=1", "/api/v1/items/task/t1?x=1", "/api/v1/refusals?x=1", "/openapi.json?x=1"]
    {
        assert_eq!(world.get(path).await.bad_fields(), ["x"], "{path}");
    }
    let twice = world.get("/api/v1/items?user_id=a&user_id=b").await;
    assert_eq!(twice.bad_fields(), ["user_id"]);
    let answer = world.get("/api/v1/items?kind=x&state=y&limit=0&cursor=z&more=1").await;
    let mut fields = answer.bad_fields();
    fields.sort();
    assert_eq!(fields, ["cursor", "kind", "limit", "more", "state", "user_id"]);
    assert_eq!(world.get("/api/v1/items?user_id=a&limit=201").await.bad_fields(), ["limit"]);
    assert_eq!(world.delete("/api/v1/items/task/t1?version=-1").await.bad_fields(), ["version"]);
}

#[tokio::test]
async fn a_cursor_of_another_list_is_refused() {
    let world = HttpWorld::new().await;
    for id in ["t1", "t2"] {
        let task = json!({"user_ids": ["ana"], "title": "t", "due_on": "2031-03-09", "status": "active"});
        world.put(&format!("/api/v1/items/task/{id}"), task).await;
    }
    let page = world.get("/api/v1/items?user_id=ana&limit=1").await.json();
    let cursor = page["next_cursor"].as_str().unwrap();
    for path in [
        format!("/api/v1/items?user_id=ben&limit=1&cursor={cursor}"),
        format!("/api/v1/items?user_id=ana&kind=task&cursor={cursor}"),
        format!("/api/v1/items?user_id=ana&cursor={cursor}A"),
        format!("/api/v1/refusals?cursor={cursor}"),
    ] {
        assert_eq!(world.get(&path).await.bad_fields(), ["cursor"], "{path}");
    }
}

#[tokio::test]
async fn bad_names_in_an_address_are_named() {
    let world = HttpWorld::new().await;
    assert_eq!(world.get("/api/v1/items/reminder/x").await.bad_fields(), ["kind"]);
    assert_eq!(world.get("/api/v1/items/reminder/a%00b").await.bad_fields(), ["kind", "item_id"]);
    assert_eq!(world.get("/api/v1/users/a%0Ab").await.bad_fields(), ["user_id"]);
    assert_eq!(world.get("/api/v1/users/%ff").await.bad_fields(), ["path"]);
}
