//! The platform: the service as a child process, its users, and what is sent to it.

use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};
use bytes::Bytes;
use calsync_google::{HttpLimits, HttpTransport, Transport};
use calsync_testing::{Program, TestDatabase};
use futures_util::{StreamExt, TryStreamExt};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request};
use jiff::civil::date;
use jiff::{Timestamp, ToSpan};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::google::Google;
use crate::{USERS, browser_client, usage};

/// Users who connect at the same time.
const CONNECT_AT_ONCE: usize = 16;
/// For a whole batch with its answers.
const BATCH_LIMIT: Duration = Duration::from_secs(120);

/// A service with a platform's key to it.
pub(crate) struct Platform {
    url: String,
    key: SecretString,
    program: Program,
    transport: HttpTransport,
    _database: TestDatabase,
    _folder: TempDir,
}

impl Platform {
    pub(crate) async fn start(database: TestDatabase, google: &Google) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let url = format!("http://{address}");
        let command = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_calsync"));
            command
                .current_dir(folder.path())
                .env("CALSYNC_DATABASE__URL", &database.url)
                .env("CALSYNC_SERVER__LISTEN", address.to_string())
                .env("CALSYNC_SERVER__PUBLIC_URL", &url)
                .env("CALSYNC_GOOGLE__ENDPOINT", &google.url)
                .env("CALSYNC_GOOGLE__CLIENT_ID", "bench")
                .env("CALSYNC_GOOGLE__CLIENT_SECRET", "bench")
                .env("CALSYNC_SECURITY__ENCRYPTION_KEYS", format!("k1:{}=", "A".repeat(43)));
            command
        };
        let made = command().args(["api-key", "create", "--scope", "platform"]).output()?;
        ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let key = String::from_utf8(made.stdout)?.split_whitespace().last().context("no key")?.to_owned();
        let mut serve = command();
        serve.arg("serve");
        let mut program = Program::start(serve);
        program.address("listens on").await;
        let limits = HttpLimits { call: BATCH_LIMIT, ..HttpLimits::default() };
        let transport = HttpTransport::with_limits(limits).map_err(|error| anyhow::anyhow!(error.message))?;
        Ok(Self { url, key: key.into(), program, transport, _database: database, _folder: folder })
    }

    fn caller(&self) -> browser_client::Platform<'_> {
        browser_client::Platform { transport: &self.transport, url: &self.url, key: &self.key }
    }

    /// Makes the users known and connects each by the real way: link, form, consent, callback.
    pub(crate) async fn connect_users(&self, google: &Google) -> anyhow::Result<()> {
        let connect = |user| async move {
            let body = json!({"email": format!("user{user}@example.org"), "time_zone": "Europe/Lisbon"});
            self.caller().call(Method::PUT, &format!("/users/u{user}"), &body).await?;
            let link = format!("/users/u{user}/connect-link");
            let link = self.caller().call(Method::POST, &link, &json!({})).await?;
            browser_client::connect(&self.transport, link["url"].as_str().context("no link")?).await
        };
        let connected = futures_util::stream::iter((0..USERS).map(connect));
        connected.buffer_unordered(CONNECT_AT_ONCE).try_collect::<()>().await?;
        google.called("calendars.insert", USERS).await?;
        self.idle().await?;
        Ok(())
    }

    /// Sends a batch, and checks that each of its lines was stored.
    pub(crate) async fn send(&self, batch: Bytes, lines: usize) -> anyhow::Result<()> {
        let request = Request::post(format!("{}/api/v1/items/batch", self.url))
            .header(AUTHORIZATION, format!("Bearer {}", self.key.expose_secret()))
            .header(CONTENT_TYPE, "application/x-ndjson")
            .body(batch)?;
        let answer = self.transport.send(request).await.map_err(|error| anyhow::anyhow!(error.message))?;
        let stored = answer.body().split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let created = stored.filter(|line| line.ends_with(b"\"status\":201}")).count();
        ensure!(created == lines, "{created} of {lines} lines were stored: {}", answer.status());
        Ok(())
    }

    /// Stores one item.
    pub(crate) async fn put(&self, (name, body): &(String, Value)) -> anyhow::Result<()> {
        self.caller().call(Method::PUT, &format!("/items/session/{name}"), body).await.map(drop)
    }

    /// Waits until the service has nothing more to do; gives the processor time that it took in all.
    pub(crate) async fn idle(&self) -> anyhow::Result<Duration> {
        usage::when_idle(self.program.id()).await
    }

    pub(crate) fn peak_memory_mb(&self) -> anyhow::Result<f64> {
        usage::peak_memory_mb(self.program.id())
    }
}

/// The item number `index`, `edition` times changed: one user's hour with a link.
pub(crate) fn item(index: usize, edition: usize) -> (String, Value) {
    let user = index % USERS;
    let first = date(2031, 3, 3).at(6, 0, 0, 0).in_tz("UTC").map_or(Timestamp::UNIX_EPOCH, |t| t.timestamp());
    let hours = i64::try_from(index / USERS * 7 + edition).unwrap_or(0);
    let starts_at = first.saturating_add(hours.hours()).unwrap_or(first);
    let ends_at = starts_at.saturating_add(1.hours()).unwrap_or(starts_at);
    let body = json!({
        "user_ids": [format!("u{user}")],
        "title": format!("Mock interview {index}"),
        "description": "Bring two questions and the notes of last time.\nWe will go through the advert line by line.",
        "starts_at": starts_at.to_string(),
        "ends_at": ends_at.to_string(),
        "time_zone": "Europe/Lisbon",
        "meeting_url": format!("https://meet.example.org/s/{index}"),
        "url": format!("https://platform.example.org/sessions/{index}"),
        "status": "active",
        "version": edition,
    });
    (index.to_string(), body)
}
