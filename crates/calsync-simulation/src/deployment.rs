//! calsync itself: store, engine, web, and the jobs of its workers and pages. It can crash: every job is
//! dropped where it stands, and the database is opened anew.

use std::sync::Arc;

use anyhow::{Context, ensure};
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use calsync_core::env::Clock;
use calsync_engine::webhooks::{AllowedHosts, SigningSecret, Target, Webhook};
use calsync_engine::{Engine, EngineOptions, Settings, webhooks};
use calsync_google::{Endpoints, GoogleClient, OAuthClient};
use calsync_store::api_keys::{self, Scope};
use calsync_store::secrets::Keyring;
use calsync_store::{LeaseClock, Store, StoreOptions, leases};
use calsync_testing::{ManualClock, SeededRng, TestDatabase};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use secrecy::ExposeSecret;
use serde_json::Value;
use tower::ServiceExt;

use crate::fixtures::CLIENT;
use crate::jobs::Jobs;
use crate::options::RunOptions;
use crate::transport::{SimTransport, WEBHOOK_HOST};

/// What a deployment is made of, and stays the same over a crash.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) options: RunOptions,
    pub(crate) clock: ManualClock,
    pub(crate) rng: SeededRng,
    pub(crate) transport: SimTransport,
}

/// The deployment.
pub(crate) struct Deployment {
    database: TestDatabase,
    parts: Parts,
    pub(crate) engine: Engine,
    pub(crate) jobs: Jobs,
    web: Router,
    key: String,
}

impl Deployment {
    pub(crate) async fn open(database: TestDatabase, parts: Parts) -> anyhow::Result<Self> {
        let engine = engine(&database, &parts).await?;
        let key = api_keys::generate(Scope::Platform, &parts.rng);
        let mut tx = engine.store().begin().await?;
        let now = parts.clock.now();
        api_keys::create(&mut tx, Scope::Platform, "platform", &key, &parts.rng, now).await?;
        tx.commit().await?;
        let web = router(&engine);
        let jobs = Jobs::new(engine.clone(), parts.transport.clone());
        Ok(Self { database, parts, engine, jobs, web, key: key.expose_secret().to_owned() })
    }

    /// Ends at once and starts again over the same database. With `frees_leases` it knows that it is the
    /// only process.
    pub(crate) async fn crash(&mut self, frees_leases: bool) -> anyhow::Result<()> {
        self.jobs.drop_all();
        self.engine.store().close().await;
        self.engine = engine(&self.database, &self.parts).await?;
        self.jobs = Jobs::new(self.engine.clone(), self.parts.transport.clone());
        self.web = router(&self.engine);
        if frees_leases {
            let mut tx = self.engine.store().begin().await?;
            leases::release_all(&mut tx).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// A call of the platform.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<(StatusCode, Value)> {
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header(AUTHORIZATION, format!("Bearer {}", self.key))
            .header(CONTENT_TYPE, "application/json")
            .body(Body::from(if body.is_null() { String::new() } else { body.to_string() }))?;
        let response = self.web.clone().oneshot(request).await?;
        let status = response.status();
        let bytes: Bytes = response.into_body().collect().await?.to_bytes();
        ensure!(!self.parts.transport.had_stray_call(), "{path} called Google, and nobody expected it to");
        if bytes.is_empty() {
            return Ok((status, Value::Null));
        }
        Ok((status, serde_json::from_slice(&bytes).with_context(|| format!("what {path} answers"))?))
    }

    /// As [`Self::call`], of what must succeed.
    pub(crate) async fn must(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<Value> {
        let (status, answer) = self.call(method, path, body).await?;
        ensure!(status.is_success(), "{path}: {status} {answer}");
        Ok(answer)
    }
}

async fn engine(database: &TestDatabase, parts: &Parts) -> anyhow::Result<Engine> {
    let Parts { options, clock, rng, transport } = parts;
    let store = Store::open(
        StoreOptions {
            url: database.url.clone(),
            schema: "calsync".into(),
            keyring: Keyring::parse([format!("k:{}=", "A".repeat(43)).as_str()])?,
            entropy: Arc::new(rng.clone()),
            lease_clock: LeaseClock::Passed,
        },
        clock.now(),
    )
    .await?;
    let oauth = OAuthClient { client_id: CLIENT.into(), client_secret: "secret".to_owned().into() };
    let settings = Settings {
        calls_in_flight: options.permits(),
        calls_in_flight_per_integration: options.calls_at_once(),
        user_quota_per_minute: u32::try_from(options.user_quota())?,
        mappings_per_pass: options.mappings_per_pass(),
        ..Settings::default()
    };
    let engine = Engine::new(EngineOptions {
        store,
        google: GoogleClient::new(Endpoints::under("http://google.test"), oauth, Arc::new(transport.clone())),
        clock: Arc::new(clock.clone()),
        entropy: Arc::new(rng.clone()),
        settings,
        webhook: Some(webhook(transport)?),
    });
    webhooks::set_up(&engine).await?;
    Ok(engine)
}

fn webhook(transport: &SimTransport) -> anyhow::Result<Webhook> {
    let target = Target::parse(&format!("https://{WEBHOOK_HOST}/hook"), &AllowedHosts::default());
    let secret = SigningSecret::parse(&format!("whsec_{}", "A".repeat(32)));
    Ok(Webhook {
        target: target.context("a webhook's address")?,
        secrets: [secret.context("a webhook's secret")?].into(),
        transport: Arc::new(transport.clone()),
    })
}

/// The API and the pages.
fn router(engine: &Engine) -> Router {
    let routes = calsync_api::routes().chain(calsync_pages::routes());
    calsync_http::router(engine.clone(), routes, calsync_pages::problem_page)
}
