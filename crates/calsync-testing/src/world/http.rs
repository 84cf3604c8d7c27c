//! The world of a test that calls calsync over HTTP, in process.

use std::ops::Deref;

use axum::Router;
use axum::body::{Body, to_bytes};
use calsync_engine::webhooks::{self, Webhook};
use calsync_engine::{Engine, Settings, disconnect, user_deletion};
use calsync_store::api_keys::{self, Scope};
use calsync_store::leases;
use http::{HeaderMap, Method, Request, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tower::ServiceExt;

use super::World;
use crate::exposition::Exposition;
use crate::{DatabaseKind, TestDatabase};

/// A [`World`] with the API and the pages, a platform and an admin.
pub struct HttpWorld {
    pub world: World,
    pub router: Router,
    /// The platform's key.
    pub platform: String,
    /// An admin's key.
    pub admin: String,
}

impl Deref for HttpWorld {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl HttpWorld {
    pub async fn new() -> Self {
        Self::on(TestDatabase::new(DatabaseKind::Sqlite)).await
    }

    pub async fn on(database: TestDatabase) -> Self {
        Self::with(database, |_| {}).await
    }

    pub async fn with(database: TestDatabase, change: impl FnOnce(&mut Settings)) -> Self {
        Self::over(World::with(database, change).await).await
    }

    /// A world whose platform has a webhook.
    pub async fn with_webhook(database: TestDatabase, webhook: Webhook) -> Self {
        Self::over(World::with_webhook(database, webhook).await).await
    }

    async fn over(world: World) -> Self {
        let platform = key(&world.engine, Scope::Platform, "the platform").await;
        let admin = key(&world.engine, Scope::Admin, "an admin").await;
        let routes = calsync_api::routes().chain(calsync_pages::routes());
        let router = calsync_http::router(world.engine.clone(), routes, calsync_pages::problem_page);
        Self { world, router, platform, admin }
    }

    /// Lets the webhook be sent all that is due.
    pub async fn send_webhooks(&self) {
        for claim in webhooks::claim(&self.engine, "w", 100).await.unwrap() {
            webhooks::deliver(&self.engine, &claim).await.unwrap();
        }
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    /// A call of the platform.
    pub async fn call(&self, method: Method, path: &str, body: impl Into<String>) -> Answer {
        self.send(self.request(method, path, body.into())).await
    }

    pub fn request(&self, method: Method, path: &str, body: String) -> Request<Body> {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("authorization", format!("Bearer {}", self.platform));
        request.body(Body::from(body)).unwrap()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, "").await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PUT, path, body.to_string()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, body.to_string()).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, "").await
    }

    /// What an admin reads.
    pub async fn admin_get(&self, path: &str) -> Answer {
        let request = Request::get(path).header("authorization", format!("Bearer {}", self.admin));
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// What `/metrics` tells.
    pub async fn metrics(&self) -> Exposition {
        let answer = self.send(Request::get("/metrics").body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
        Exposition::parse(&answer.text)
    }

    /// Lets disconnects and deletions go to their end.
    pub async fn let_leave(&self) {
        for _ in 0..40 {
            let leases = disconnect::claim(&self.engine, "test", 10).await.unwrap();
            let forgets = user_deletion::forget_ready(&self.engine, None).await.unwrap();
            if leases.is_empty() && !forgets {
                return;
            }
            for lease in leases {
                disconnect::resume(&self.engine, lease).await.unwrap();
            }
        }
        panic!("the leave doesn't end");
    }

    /// Lets disconnects go to their end, however long that takes by the clock.
    pub async fn let_disconnects_end(&self) {
        for _ in 0..20 {
            self.let_leave().await;
            let mut tx = self.engine.store().read().await.unwrap();
            if leases::disconnects::next_due(&mut tx, self.engine.now()).await.unwrap().is_none() {
                return;
            }
            drop(tx);
            self.advance(60);
        }
        panic!("the disconnect doesn't end");
    }

    /// Sends lines as a batch; gives their answers.
    pub async fn batch(&self, lines: &str) -> Vec<Value> {
        let answer = self.call(Method::POST, "/api/v1/items/batch", lines).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.lines()
    }

    /// A visit of a browser, which has these cookies and shows pages.
    pub async fn visit(&self, path: &str, cookies: &str) -> Answer {
        let request = Request::builder().uri(path).header("accept", "text/html").header("cookie", cookies);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// A form that a browser sends from our own page.
    pub async fn submit(&self, path: &str, cookies: &str, form: &str) -> Answer {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .header("cookie", cookies);
        self.send(request.body(Body::from(form.to_owned())).unwrap()).await
    }

    /// What Google answers a browser that follows `url`: the way back to us.
    pub async fn follow_to_google(&self, url: &str) -> String {
        let request = Request::get(url).body(Body::empty()).unwrap();
        let answer = self.google.router().oneshot(request).await.unwrap();
        let location = answer.headers()["location"].to_str().unwrap().to_owned();
        location.strip_prefix("http://127.0.0.1:4300").unwrap_or(&location).to_owned()
    }

    /// A call of an admin's program, for Noor.
    pub async fn admin_call(&self, method: Method, path: &str, body: Value) -> Answer {
        let request = Request::builder().method(method).uri(path).header("calsync-actor", "noor");
        let request = request.header("authorization", format!("Bearer {}", self.admin));
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }
}

async fn key(engine: &Engine, scope: Scope, name: &str) -> String {
    let key: SecretString = api_keys::generate(scope, engine.entropy());
    let mut tx = engine.store().begin().await.unwrap();
    api_keys::create(&mut tx, scope, name, &key, engine.entropy(), engine.now()).await.unwrap();
    tx.commit().await.unwrap();
    key.expose_secret().to_owned()
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    pub fn lines(&self) -> Vec<Value> {
        self.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The problem, checked for its form.
    pub fn problem(&self, status: u16, kind: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], format!("/problems/{kind}"), "{problem}");
        assert_eq!(problem["trace_id"].as_str().unwrap().len(), 32);
        problem
    }

    /// The names of the bad fields.
    pub fn bad_fields(&self) -> Vec<String> {
        let problem = self.problem(422, "bad-fields");
        let errors = problem["errors"].as_array().unwrap();
        errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
    }

    /// The cookie that is set, as a browser sends it back.
    pub fn cookie(&self) -> String {
        self.header("set-cookie").split(';').next().unwrap().to_owned()
    }
}
