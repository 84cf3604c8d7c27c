//! calsync itself: store, engine, web, and the jobs of two workers. It can crash: every job is
//! dropped where it stands, and the database file is opened anew.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use anyhow::Context;
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use calsync_core::seams::Clock;
use calsync_engine::{Engine, EngineError, EngineOptions, Settings, disconnect, lanes, reconcile};
use calsync_google::{Endpoints, GoogleClient, OAuthClient};
use calsync_store::api_keys::{self, Scope};
use calsync_store::secrets::Keyring;
use calsync_store::{Store, StoreOptions};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use secrecy::ExposeSecret;
use serde_json::Value;
use tower::ServiceExt;

use crate::chance::Chance;
use crate::clock::HandClock;
use crate::people::CLIENT;
use crate::seam::Seam;

/// Calls that a pass may have under way at once: enough to cross each other.
const CALLS_AT_ONCE: usize = 3;

type Work = Pin<Box<dyn Future<Output = Result<(), EngineError>>>>;

/// A pass of one worker over one integration, or its steps of a disconnect.
pub(crate) struct Job {
    pub(crate) id: u64,
    future: Work,
}

/// The deployment.
pub(crate) struct Deployment {
    file: PathBuf,
    clock: HandClock,
    chance: Chance,
    seam: Seam,
    pub(crate) engine: Engine,
    pub(crate) jobs: Vec<Job>,
    web: Router,
    key: String,
    next_job: u64,
}

impl Deployment {
    pub(crate) async fn open(
        file: PathBuf,
        clock: HandClock,
        chance: Chance,
        seam: Seam,
    ) -> anyhow::Result<Self> {
        let engine = engine(&file, &clock, &chance, &seam).await?;
        let key = api_keys::generate(Scope::Platform, &chance);
        let mut tx = engine.store().begin().await?;
        api_keys::create(&mut tx, Scope::Platform, "platform", &key, &chance, clock.now()).await?;
        tx.commit().await?;
        let web = calsync_web::router(engine.clone());
        let key = key.expose_secret().to_owned();
        Ok(Self { file, clock, chance, seam, engine, jobs: Vec::new(), web, key, next_job: 0 })
    }

    /// Ends at once and starts again over the same file.
    pub(crate) async fn crash(&mut self) -> anyhow::Result<()> {
        self.jobs.clear();
        self.engine.store().close().await;
        self.engine = engine(&self.file, &self.clock, &self.chance, &self.seam).await?;
        self.web = calsync_web::router(self.engine.clone());
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
        Ok((status, serde_json::from_slice(&bytes).unwrap_or(Value::Null)))
    }

    /// `owner` claims one due integration and begins its pass, up to its first call.
    pub(crate) async fn begin_job(&mut self, owner: &str) -> anyhow::Result<bool> {
        let Some(lease) = lanes::claim(&self.engine, owner, 1).await?.pop() else { return Ok(false) };
        let engine = self.engine.clone();
        self.begin(Box::pin(async move { reconcile::pass(&engine, &lease).await })).await?;
        Ok(true)
    }

    /// `owner` claims one due disconnect and carries it on, up to its first call.
    pub(crate) async fn begin_disconnect(&mut self, owner: &str) -> anyhow::Result<bool> {
        let Some(lease) = disconnect::claim(&self.engine, owner, 1).await?.pop() else { return Ok(false) };
        let engine = self.engine.clone();
        self.begin(Box::pin(async move { disconnect::carry_on(&engine, lease).await })).await?;
        Ok(true)
    }

    async fn begin(&mut self, future: Work) -> anyhow::Result<()> {
        self.next_job += 1;
        self.jobs.push(Job { id: self.next_job, future });
        self.drive(self.jobs.len() - 1).await
    }

    /// Polls the job with this id until it ends or every one of its calls is parked.
    pub(crate) async fn drive_job(&mut self, id: u64) -> anyhow::Result<()> {
        match self.jobs.iter().position(|job| job.id == id) {
            Some(index) => self.drive(index).await,
            None => Ok(()),
        }
    }

    async fn drive(&mut self, index: usize) -> anyhow::Result<()> {
        let (id, seam) = (self.jobs[index].id, self.seam.clone());
        seam.enter(Some(id));
        let future = &mut self.jobs[index].future;
        // A job never waits for the database while a call of its is out, so one parked call means
        // that all of its are.
        let ended = std::future::poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            Poll::Pending if seam.parked_of(id) > 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        })
        .await;
        self.seam.enter(None);
        if let Some(result) = ended {
            drop(self.jobs.remove(index));
            match result {
                Err(error) if !error.is_lease_lost() => return Err(error).context("a pass failed"),
                _ => {}
            }
        }
        Ok(())
    }
}

async fn engine(
    file: &std::path::Path,
    clock: &HandClock,
    chance: &Chance,
    seam: &Seam,
) -> anyhow::Result<Engine> {
    let keyring = Keyring::parse([format!("k:{}=", "A".repeat(43)).as_str()])?;
    let options = StoreOptions {
        url: format!("sqlite:{}", file.display()),
        schema: "calsync".into(),
        keyring,
        entropy: Arc::new(chance.clone()),
    };
    let store = Store::open(options, clock.now()).await?;
    let oauth = OAuthClient { client_id: CLIENT.into(), client_secret: "secret".to_owned().into() };
    Ok(Engine::new(EngineOptions {
        store,
        google: GoogleClient::new(Endpoints::under("http://google.test"), oauth, Arc::new(seam.clone())),
        clock: Arc::new(clock.clone()),
        entropy: Arc::new(chance.clone()),
        settings: Settings { calls_in_flight_per_integration: CALLS_AT_ONCE, ..Settings::default() },
        webhook: None,
    }))
}
