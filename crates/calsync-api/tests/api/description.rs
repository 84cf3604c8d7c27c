//! `/openapi.json` is true: what the service really answers fits it.

use calsync_testing::world::http::{Answer, HttpWorld};
use calsync_testing::world::stories::connect;
use calsync_testing::world::stories::left_over;
use http::Method;
use serde_json::{Value, json};

/// Checks values against the part of JSON Schema that the description uses; what it doesn't know
/// fails.
pub(crate) struct Checker(pub(crate) Value);

impl Checker {
    fn check(&self, schema: &Value, value: &Value, place: &str) {
        for (keyword, rule) in schema.as_object().unwrap() {
            match keyword.as_str() {
                "$ref" => self.check(self.named(rule.as_str().unwrap()), value, place),
                "type" => assert!(is_of(rule.as_str().unwrap(), value), "{place}: {value} is no {rule}"),
                "enum" => {
                    assert!(rule.as_array().unwrap().contains(value), "{place}: {value} is not in {rule}");
                }
                "anyOf" => {
                    let null = &json!({"type": "null"});
                    let [one, other] = rule.as_array().unwrap().as_slice() else { panic!("{place}: {rule}") };
                    assert_eq!(other, null);
                    if !value.is_null() {
                        self.check(one, value, place);
                    }
                }
                "properties" => {
                    for (name, schema) in rule.as_object().unwrap() {
                        if let Some(value) = value.get(name) {
                            self.check(schema, value, &format!("{place}.{name}"));
                        }
                    }
                }
                "required" => {
                    for name in rule.as_array().unwrap() {
                        assert!(
                            value.get(name.as_str().unwrap()).is_some(),
                            "{place} has no {name}: {value}"
                        );
                    }
                }
                "additionalProperties" => {
                    for name in value.as_object().unwrap().keys() {
                        assert!(schema["properties"].get(name).is_some(), "{place}: {name} is not described");
                    }
                }
                "items" => {
                    for (at, value) in value.as_array().unwrap().iter().enumerate() {
                        self.check(rule, value, &format!("{place}[{at}]"));
                    }
                }
                "format" => {
                    assert!(has_format(rule.as_str().unwrap(), value), "{place}: {value} is no {rule}");
                }
                "minimum" => assert!(value.as_f64() >= rule.as_f64(), "{place}: {value} < {rule}"),
                "maximum" => assert!(value.as_f64() <= rule.as_f64(), "{place}: {value} > {rule}"),
                "minItems" | "maxItems" | "minLength" | "maxLength" | "description" | "default" => {}
                other => panic!("{place}: the checker doesn't know {other}"),
            }
        }
    }

    fn named(&self, reference: &str) -> &Value {
        let found = self.0.pointer(reference.strip_prefix('#').unwrap());
        found.unwrap_or_else(|| panic!("{reference} is not there"))
    }

    /// Checks an answer to `method` of `path`, a path of the description.
    pub(crate) fn answer(&self, method: &str, path: &str, answer: &Answer) {
        let responses = &self.0["paths"][path][method]["responses"];
        let status = answer.status.as_str();
        let response = responses.get(status).unwrap_or(&responses["default"]);
        assert!(responses.get(status).is_some() || !answer.status.is_success(), "{method} {path}: {status}");
        if answer.text.is_empty() {
            assert!(response.get("content").is_none(), "{method} {path}: no body");
            return;
        }
        let schema = &response["content"][answer.header("content-type")]["schema"];
        assert!(schema.is_object(), "{method} {path} {status}: {}", answer.header("content-type"));
        let values =
            if path.ends_with("/batch") && status == "200" { answer.lines() } else { vec![answer.json()] };
        for value in values {
            self.check(schema, &value, &format!("{method} {path} {status}"));
        }
    }
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64(),
        "null" => value.is_null(),
        other => panic!("the checker doesn't know the type {other}"),
    }
}

fn has_format(format: &str, value: &Value) -> bool {
    let text = value.as_str().unwrap();
    match format {
        "date-time" => text.parse::<jiff::Timestamp>().is_ok(),
        "date" => text.parse::<jiff::civil::Date>().is_ok(),
        other => panic!("the checker doesn't know the format {other}"),
    }
}

#[tokio::test]
async fn real_answers_fit_the_description() {
    let world = HttpWorld::new().await;
    let checker = Checker(world.get("/openapi.json").await.json());
    let user = "/api/v1/users/{user_id}";
    let item = "/api/v1/items/{kind}/{item_id}";
    let task =
        json!({"user_ids": ["ana"], "title": "t", "due_on": "2031-03-09", "status": "active", "version": 1});
    let session = json!({"user_ids": ["ana", "ben"], "title": "s", "description": "d", "url": "https://e.org/1",
        "starts_at": "2031-03-09T10:00:00Z", "ends_at": "2031-03-09T11:00:00Z", "time_zone": "Asia/Seoul",
        "meeting_url": "https://e.org/2", "status": "completed"});
    let ana = json!({"email": "ana@example.org", "locale": "ja"});
    checker.answer("put", user, &world.put("/api/v1/users/ana", ana.clone()).await);
    checker.answer("put", user, &world.put("/api/v1/users/ana", ana).await);
    checker.answer("put", user, &world.put("/api/v1/users/ana", json!({"email": 1})).await);
    checker.answer("get", user, &world.get("/api/v1/users/ana").await);
    checker.answer("get", user, &world.get("/api/v1/users/nobody").await);
    let link = world.post("/api/v1/users/ana/connect-link", json!({})).await;
    checker.answer("post", "/api/v1/users/{user_id}/connect-link", &link);
    checker.answer("put", item, &world.put("/api/v1/items/task/t1", task.clone()).await);
    checker.answer("put", item, &world.put("/api/v1/items/session/s1", session).await);
    checker.answer("put", item, &world.put("/api/v1/items/task/t1", json!({"title": 1})).await);
    connect(&world, "new").await;
    let integrations = "/api/v1/users/{user_id}/integrations";
    checker.answer("get", integrations, &world.get("/api/v1/users/ana/integrations").await);
    world.sync().await;
    checker.answer("get", integrations, &world.get("/api/v1/users/ana/integrations").await);
    let mut request = world.request(Method::GET, "/api/v1/admin/users/ana/integrations", String::new());
    request.headers_mut().insert("authorization", format!("Bearer {}", world.admin).parse().unwrap());
    checker.answer("get", "/api/v1/admin/users/{user_id}/integrations", &world.send(request).await);
    checker.answer("get", item, &world.get("/api/v1/items/session/s1").await);
    checker.answer("get", "/api/v1/items", &world.get("/api/v1/items?user_id=ana&limit=1").await);
    let lines = format!("{{\n{}\n", json!({"op": "put_user", "user_id": "eva", "email": "e@e.e"}));
    let batch = world.call(Method::POST, "/api/v1/items/batch", lines).await;
    checker.answer("post", "/api/v1/items/batch", &batch);
    checker.answer("get", "/api/v1/refusals", &world.get("/api/v1/refusals").await);
    checker.answer("delete", item, &world.delete("/api/v1/items/task/t1?version=0").await);
    checker.answer("delete", item, &world.delete("/api/v1/items/task/t1").await);
    let overview = "/api/v1/admin/overview";
    checker.answer("get", overview, &world.admin_get(overview).await);
    let clean_up_link = "/api/v1/users/{user_id}/clean-up-link";
    let nothing_left = world.post("/api/v1/users/ana/clean-up-link", json!({})).await;
    checker.answer("post", clean_up_link, &nothing_left);
    let id = left_over(&world).await;
    let disconnect = world.admin_get(&format!("/api/v1/admin/disconnects/{id}")).await;
    checker.answer("get", "/api/v1/admin/disconnects/{id}", &disconnect);
    let link = world.post("/api/v1/users/ana/clean-up-link", json!({"expires_in": 60})).await;
    assert_eq!(link.status, 200);
    checker.answer("post", clean_up_link, &link);
    checker.answer("get", overview, &world.admin_get(overview).await);
    checker.answer("delete", user, &world.delete("/api/v1/users/ana").await);
    for path in ["/healthz", "/readyz", "/openapi.json"] {
        checker.answer("get", path, &world.get(path).await);
    }
}

#[tokio::test]
async fn what_fits_the_description_of_a_body_is_what_is_taken() {
    let world = HttpWorld::new().await;
    let description = world.get("/openapi.json").await.json();
    let fields = |name: &str| -> Vec<String> {
        let schema = &description["components"]["schemas"][name];
        schema["properties"].as_object().unwrap().keys().cloned().collect()
    };
    for (path, schema) in [("/api/v1/users/ana", "UserBody"), ("/api/v1/items/session/s1", "ItemBody")] {
        let body: Value = fields(schema).into_iter().map(|name| (name, json!({}))).collect();
        let problem = world.put(path, body).await.problem(422, "bad-fields");
        for error in problem["errors"].as_array().unwrap() {
            assert!(!error["message"].as_str().unwrap().contains("known"), "{schema}: {error}");
        }
    }
}
