//! The Google simulator as a child process, and what it tells of itself.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bytes::Bytes;
use calsync_google::{HttpLimits, HttpTransport, Transport};
use calsync_testing::Program;
use http::{Method, Request};
use serde_json::{Value, json};

use crate::events::Event;
use crate::usage;

/// Between two looks at the count of requests: each is a small fraction of a millisecond's work.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);
/// Nothing that is waited for here takes longer, or it is broken.
const PATIENCE: Duration = Duration::from_secs(180);

/// The state of all events, with room.
const STATE_BYTES_MAX: usize = 256 << 20;

/// A Google with quotas that are counted, not enforced.
pub(crate) struct Google {
    pub(crate) url: String,
    program: Program,
    transport: HttpTransport,
}

impl Google {
    pub(crate) async fn start(delay_ms: u64) -> anyhow::Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_calsync"));
        command.args(["simulator", "--auto-consent", "--listen", "127.0.0.1:0"]);
        command.args(["--delay-ms", &delay_ms.to_string()]);
        let mut program = Program::start(command);
        let url = program.address("listens on").await;
        let limits = HttpLimits { answer_bytes: STATE_BYTES_MAX, ..HttpLimits::default() };
        let transport = HttpTransport::with_limits(limits).map_err(|error| anyhow::anyhow!(error.message))?;
        Ok(Self { url, program, transport })
    }

    async fn control(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}/_control/{path}", self.url))
            .body(Bytes::from(body.to_string()))?;
        let answer = self.transport.send(request).await.map_err(|error| anyhow::anyhow!(error.message))?;
        ensure!(answer.status().is_success(), "{path}: {}", answer.status());
        Ok(serde_json::from_slice(answer.body())?)
    }

    /// Adds an account, and gives a token to act as it.
    pub(crate) async fn add_account(&self, email: &str) -> anyhow::Result<String> {
        self.control(Method::POST, "accounts", &json!({"email": email})).await?;
        let token = self.control(Method::POST, &format!("accounts/{email}/token"), &json!({})).await?;
        Ok(token["access_token"].as_str().context("no token")?.to_owned())
    }

    /// How often `method` was called.
    pub(crate) async fn calls(&self, method: &str) -> anyhow::Result<u64> {
        let counts = self.control(Method::GET, "requests", &Value::Null).await?;
        Ok(counts["requests"][method].as_u64().unwrap_or(0))
    }

    /// When `method` had been called `count` times.
    pub(crate) async fn called(&self, method: &str, count: usize) -> anyhow::Result<Instant> {
        let start = Instant::now();
        loop {
            let calls = self.calls(method).await?;
            let now = Instant::now();
            if calls >= count as u64 {
                return Ok(now);
            }
            ensure!(now - start < PATIENCE, "{calls} calls of {method} after {PATIENCE:?}, not {count}");
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    /// The events of the platform's items.
    pub(crate) async fn events(&self) -> anyhow::Result<Vec<Event>> {
        let state = self.control(Method::GET, "state", &Value::Null).await?;
        let events = state["events"].as_array().context("no events")?;
        Ok(events.iter().filter_map(Event::read).collect())
    }

    /// The processor time that it took so far.
    pub(crate) fn processor_time(&self) -> anyhow::Result<Duration> {
        usage::processor_time(self.program.id())
    }
}
