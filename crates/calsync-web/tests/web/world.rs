//! A world for one test: an empty database, a simulated Google, a clock that stands still, and the
//! router, called in process.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use calsync_core::env::{Clock, Entropy};
use calsync_engine::webhooks::{self, Webhook};
use calsync_engine::{Engine, EngineOptions, Settings, disconnect, reconcile, user_deletion, worker};
use calsync_google::transport::Transport;
use calsync_google::{Endpoints, GoogleClient, OAuthClient, TransportError, TransportFailure};
use calsync_simulator::{NewAccount, Simulator, SimulatorOptions};
use calsync_store::api_keys::{self, Scope};
use calsync_store::secrets::Keyring;
use calsync_store::{Store, StoreOptions, disconnects};
use calsync_testing::{DatabaseKind, TestDatabase};
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::{Connection, SqliteConnection};
use tokio::sync::Notify;
use tower::ServiceExt;

/// Before today, so that on Postgres, whose own clock ends leases, none ends during a test.
pub(crate) const START: &str = "2024-03-01T00:00:00Z";

pub(crate) struct World {
    pub(crate) simulator: Simulator,
    pub(crate) engine: Engine,
    pub(crate) router: Router,
    pub(crate) platform: String,
    pub(crate) admin: String,
    pub(crate) broken: Arc<Broken>,
    pub(crate) gate: Arc<Gate>,
    clock: Arc<ManualClock>,
    database: TestDatabase,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

/// What panics when it is used, with a secret in its words.
#[derive(Default)]
pub(crate) struct Broken {
    pub(crate) clock: AtomicBool,
    /// Where 32 bytes are drawn: for every secret, and not for a request's number.
    pub(crate) chance: AtomicBool,
    pub(crate) google: AtomicBool,
}

/// Stands in what a broken part says.
pub(crate) const SECRET: &str = "marker-of-a-secret-in-a-panic";

fn use_of(broken: &AtomicBool) {
    assert!(!broken.load(Ordering::Relaxed), "broken: {SECRET}");
}

struct ManualClock(AtomicI64, Arc<Broken>);

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        use_of(&self.1.clock);
        Timestamp::from_microsecond(self.0.load(Ordering::Relaxed)).unwrap()
    }
}

/// The same bytes in each run.
struct Counted(AtomicU64, Arc<Broken>);

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        if bytes.len() == 32 {
            use_of(&self.1.chance);
        }
        for chunk in bytes.chunks_mut(32) {
            let count = self.0.fetch_add(1, Ordering::Relaxed);
            chunk.copy_from_slice(&Sha256::digest(count.to_be_bytes())[..chunk.len()]);
        }
    }
}

/// Google, in this process.
struct InProcess(Router, Arc<Broken>, Arc<Gate>);

/// Holds an answer of Google's back.
#[derive(Default)]
pub(crate) struct Gate {
    /// Of the next call whose path contains this.
    held: Mutex<Option<String>>,
    has_arrived: Notify,
    may_go: Notify,
}

impl Gate {
    /// Holds back the answer to the next call whose path contains `part`.
    pub(crate) fn hold_next(&self, part: &str) {
        *self.held.lock().unwrap() = Some(part.to_owned());
    }

    /// Waits until Google did what the held call asks.
    pub(crate) async fn held_one(&self) {
        self.has_arrived.notified().await;
    }

    /// Lets the answer through.
    pub(crate) fn let_through(&self) {
        self.may_go.notify_one();
    }

    async fn pass(&self, is_held: bool) {
        if is_held {
            self.has_arrived.notify_one();
            self.may_go.notified().await;
        }
    }
}

impl Transport for InProcess {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        use_of(&self.1.google);
        let path = request.uri().path().to_owned();
        let is_held = self.2.held.lock().unwrap().take_if(|part| path.contains(part.as_str())).is_some();
        let gate = self.2.clone();
        let answer = self.0.clone().oneshot(request.map(Body::from));
        Box::pin(async move {
            let (parts, body) = answer.await.unwrap().into_parts();
            gate.pass(is_held).await;
            let body = to_bytes(body, usize::MAX).await.map_err(|error| TransportError {
                kind: TransportFailure::NoAnswer,
                message: error.to_string(),
            })?;
            Ok(Response::from_parts(parts, body))
        })
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::on(TestDatabase::new(DatabaseKind::Sqlite)).await
    }

    pub(crate) async fn on(database: TestDatabase) -> Self {
        Self::with(database, |_| {}).await
    }

    pub(crate) async fn with(database: TestDatabase, change: impl FnOnce(&mut Settings)) -> Self {
        Self::build(database, change, None).await
    }

    /// A world whose platform has a webhook.
    pub(crate) async fn with_webhook(database: TestDatabase, webhook: Webhook) -> Self {
        let world = Self::build(database, |_| {}, Some(webhook)).await;
        webhooks::set_up(&world.engine).await.unwrap();
        world
    }

    async fn build(
        database: TestDatabase,
        change: impl FnOnce(&mut Settings),
        webhook: Option<Webhook>,
    ) -> Self {
        let start: Timestamp = START.parse().unwrap();
        let broken = Arc::new(Broken::default());
        let clock = Arc::new(ManualClock(AtomicI64::new(start.as_microsecond()), broken.clone()));
        let entropy: Arc<dyn Entropy> = Arc::new(Counted(AtomicU64::new(1), broken.clone()));
        let keyring = Keyring::parse([Keyring::generate("k1", &*entropy).as_str()]).unwrap();
        let options = StoreOptions {
            url: database.url.clone(),
            schema: "calsync".into(),
            keyring,
            entropy: entropy.clone(),
        };
        let store = Store::open(options, start).await.unwrap();
        let simulator = Simulator::new(SimulatorOptions {
            auto_consent: true,
            start: Some(start),
            ..SimulatorOptions::default()
        });
        let mut settings = Settings {
            platform_name: "Mentors".into(),
            return_urls: vec!["https://app.example.org/settings".into()],
            ..Settings::default()
        };
        change(&mut settings);
        let oauth = OAuthClient { client_id: "calsync".into(), client_secret: "secret".to_owned().into() };
        let gate = Arc::new(Gate::default());
        let transport = Arc::new(InProcess(simulator.router(), broken.clone(), gate.clone()));
        let google = GoogleClient::new(Endpoints::under("http://google.test"), oauth, transport);
        let options = EngineOptions { store, google, clock: clock.clone(), entropy, settings, webhook };
        let engine = Engine::new(options);
        let platform = key(&engine, Scope::Platform, "the platform").await;
        let admin = key(&engine, Scope::Admin, "an admin").await;
        let router = calsync_web::router(engine.clone());
        Self { simulator, engine, router, platform, admin, broken, gate, clock, database }
    }

    pub(crate) fn advance(&self, by: SignedDuration) {
        self.clock.0.fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::Relaxed);
        self.simulator.advance(by);
    }

    /// What SQLite's database is opened with.
    pub(crate) fn database_url(&self) -> &str {
        &self.database.url
    }

    /// How often Google was called.
    pub(crate) fn calls(&self, method: &str) -> i64 {
        self.simulator.state()["requests"][method].as_i64().unwrap_or_default()
    }

    /// Runs SQL past the store, on SQLite.
    pub(crate) async fn sql(&self, sql: &'static str) {
        let mut connection = SqliteConnection::connect(&self.database.url).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    }

    /// Adds a Google account; `calendars` stand beside the primary one.
    pub(crate) fn google_account(&self, email: &str, calendars: Value) {
        let account = serde_json::json!({"email": email, "calendars": calendars});
        self.simulator.add_account(serde_json::from_value::<NewAccount>(account).unwrap());
    }

    /// Lets the engine do all that is due.
    pub(crate) async fn sync(&self) {
        for _ in 0..20 {
            let leases = worker::claim(&self.engine, "test", 10).await.unwrap();
            if leases.is_empty() {
                return;
            }
            for lease in leases {
                reconcile::pass(&self.engine, &lease).await.unwrap();
            }
        }
        panic!("the engine's work doesn't end");
    }

    /// Lets the webhook be sent all that is due.
    pub(crate) async fn send_webhooks(&self) {
        for claim in webhooks::claim(&self.engine, 100).await.unwrap() {
            webhooks::deliver(&self.engine, &claim).await.unwrap();
        }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    /// A call of the platform.
    pub(crate) async fn call(&self, method: Method, path: &str, body: impl Into<String>) -> Answer {
        self.send(self.request(method, path, body.into())).await
    }

    pub(crate) fn request(&self, method: Method, path: &str, body: String) -> Request<Body> {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("authorization", format!("Bearer {}", self.platform));
        request.body(Body::from(body)).unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, "").await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PUT, path, body.to_string()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, body.to_string()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, "").await
    }

    /// What an admin reads.
    pub(crate) async fn admin_get(&self, path: &str) -> Answer {
        let request = Request::get(path).header("authorization", format!("Bearer {}", self.admin));
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Lets disconnects and deletions go to their end.
    pub(crate) async fn let_leave(&self) {
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
    pub(crate) async fn let_disconnects_end(&self) {
        for _ in 0..20 {
            self.let_leave().await;
            let mut tx = self.engine.store().read().await.unwrap();
            if disconnects::next_due(&mut tx).await.unwrap().is_none() {
                return;
            }
            drop(tx);
            self.advance(SignedDuration::from_secs(60));
        }
        panic!("the disconnect doesn't end");
    }

    /// Sends lines as a batch; gives their answers.
    pub(crate) async fn batch(&self, lines: &str) -> Vec<Value> {
        let answer = self.call(Method::POST, "/api/v1/items/batch", lines).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.lines()
    }

    /// A visit of a browser, which has these cookies and shows pages.
    pub(crate) async fn visit(&self, path: &str, cookies: &str) -> Answer {
        let request = Request::builder().uri(path).header("accept", "text/html").header("cookie", cookies);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// A form that a browser sends from our own page.
    pub(crate) async fn submit(&self, path: &str, cookies: &str, form: &str) -> Answer {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .header("cookie", cookies);
        self.send(request.body(Body::from(form.to_owned())).unwrap()).await
    }

    /// What Google answers a browser that follows `url`: the way back to us.
    pub(crate) async fn follow_to_google(&self, url: &str) -> String {
        let request = Request::get(url).body(Body::empty()).unwrap();
        let answer = self.simulator.router().oneshot(request).await.unwrap();
        let location = answer.headers()["location"].to_str().unwrap().to_owned();
        location.strip_prefix("http://127.0.0.1:4300").unwrap_or(&location).to_owned()
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
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    pub(crate) fn lines(&self) -> Vec<Value> {
        self.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The problem, checked for its form.
    pub(crate) fn problem(&self, status: u16, kind: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], format!("/problems/{kind}"), "{problem}");
        assert_eq!(problem["trace_id"].as_str().unwrap().len(), 32);
        problem
    }

    /// The names of the bad fields.
    pub(crate) fn bad_fields(&self) -> Vec<String> {
        let problem = self.problem(422, "bad-fields");
        let errors = problem["errors"].as_array().unwrap();
        errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
    }

    /// The cookie that is set, as a browser sends it back.
    pub(crate) fn cookie(&self) -> String {
        self.header("set-cookie").split(';').next().unwrap().to_owned()
    }
}
