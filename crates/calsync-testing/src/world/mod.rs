//! The world of one test: a database, an engine that works only when it is told to, the simulated
//! Google behind its transport, users who connect and edit, and a clock that is moved by hand.

mod broken;
pub mod browser_client;
mod disconnects;
mod google;
pub mod http;
mod platform;
mod sql;
pub mod stories;
mod transport;

use std::sync::Arc;

use calsync_core::integration::CalendarChoice;
use calsync_engine::webhooks::{self, Webhook};
use calsync_engine::{Engine, EngineOptions, Settings, reconcile};
use calsync_google::{Endpoints, GoogleClient, OAuthClient};
use calsync_simulator::{Simulator, SimulatorOptions};
use calsync_store::integrations::{self, Integration, Tokens};
use calsync_store::secrets::Keyring;
use calsync_store::{LeaseClock, Store, StoreOptions, leases};
use jiff::{SignedDuration, Timestamp};

use crate::{ManualClock, SeededRng, TestDatabase};
use broken::{BreakableClock, BreakableEntropy};

pub use broken::{Broken, SECRET};
pub use disconnects::summary;
pub use google::email;
pub use transport::TestTransport;

/// Where the clocks begin.
pub const START: &str = "2024-03-01T00:00:00Z";
/// Rounds of work after which a test should long be over.
const ROUNDS_MAX: usize = 200;

pub struct World {
    pub google: Simulator,
    pub engine: Engine,
    pub transport: TestTransport,
    /// What panics when it is used.
    pub broken: Arc<Broken>,
    pub database: TestDatabase,
    /// What every engine is given.
    client: GoogleClient,
    clock: ManualClock,
    entropy: Arc<BreakableEntropy>,
    key: String,
}

impl World {
    pub async fn new(database: TestDatabase) -> Self {
        Self::with(database, |_| {}).await
    }

    pub async fn with(database: TestDatabase, change: impl FnOnce(&mut Settings)) -> Self {
        Self::build(database, change, None).await
    }

    /// A world whose platform has a webhook.
    pub async fn with_webhook(database: TestDatabase, webhook: Webhook) -> Self {
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
        let clock = ManualClock::starting_at(start);
        let entropy = Arc::new(BreakableEntropy(SeededRng::new(1), broken.clone()));
        let key: String = Keyring::generate("k1", &*entropy).as_str().into();
        let store = open(&database, &key, entropy.clone(), start).await;
        let google = Simulator::new(SimulatorOptions {
            auto_consent: true,
            start: Some(start),
            ..SimulatorOptions::default()
        });
        let transport = TestTransport::new(google.router(), broken.clone());
        let oauth = OAuthClient { client_id: "calsync".into(), client_secret: "secret".to_owned().into() };
        let client =
            GoogleClient::new(Endpoints::under("http://google.test"), oauth, Arc::new(transport.clone()));
        let mut settings = Settings {
            platform_name: "Mentors".into(),
            return_urls: vec!["https://app.example.org/settings".into()],
            // The clock stands still, so that a minute never ends.
            user_quota_per_minute: 0,
            ..Settings::default()
        };
        change(&mut settings);
        let options = EngineOptions {
            store,
            google: client.clone(),
            clock: Arc::new(BreakableClock(clock.clone(), broken.clone())),
            entropy: entropy.clone(),
            settings,
            webhook,
        };
        Self {
            google,
            engine: Engine::new(options),
            transport,
            broken,
            database,
            client,
            clock,
            entropy,
            key,
        }
    }

    /// The engine of another process over the same database.
    pub async fn another_engine(&self) -> Engine {
        Engine::new(EngineOptions {
            store: open(&self.database, &self.key, self.entropy.clone(), self.engine.now()).await,
            google: self.client.clone(),
            clock: Arc::new(BreakableClock(self.clock.clone(), self.broken.clone())),
            entropy: self.entropy.clone(),
            settings: self.engine.settings().clone(),
            webhook: self.engine.webhook().cloned(),
        })
    }

    /// Moves our clock and Google's.
    pub fn advance(&self, seconds: i64) {
        let by = SignedDuration::from_secs(seconds);
        self.clock.advance(by);
        self.google.advance(by);
    }

    /// From here on each call to Google takes so long by our clock.
    pub fn each_call_takes(&self, milliseconds: i64) {
        let clock = self.clock.clone();
        self.transport.with_each_call(move || clock.advance(SignedDuration::from_millis(milliseconds)));
    }

    /// `user`, connected to their own Google account with a calendar of ours, and their tasks in it.
    pub async fn synced(&self, user: &str, tasks: usize) {
        self.account(user);
        self.put_tasks(user, tasks, "").await;
        self.connect(user, &email(user), CalendarChoice::New).await;
        self.sync().await;
    }

    /// Lets the engine do all that is due.
    pub async fn sync(&self) {
        for _ in 0..ROUNDS_MAX {
            let leases = reconcile::claim(&self.engine, "worker", 10).await.unwrap();
            if leases.is_empty() {
                return;
            }
            for lease in leases {
                reconcile::pass(&self.engine, &lease).await.unwrap();
            }
        }
        panic!("the engine's work doesn't end");
    }

    /// One pass over what is due.
    pub async fn pass(&self) {
        for lease in reconcile::claim(&self.engine, "worker", 10).await.unwrap() {
            reconcile::pass(&self.engine, &lease).await.unwrap();
        }
    }

    /// The process died, and what it held is free.
    pub async fn restart(&self) {
        let mut tx = self.engine.store().begin().await.unwrap();
        leases::release_all(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub async fn integration(&self, user: &str) -> Integration {
        let mut tx = self.engine.store().read().await.unwrap();
        integrations::of_user(&mut tx, user).await.unwrap().remove(0)
    }

    pub async fn tokens(&self, user: &str) -> Tokens {
        let id = self.integration(user).await.id;
        let mut tx = self.engine.store().read().await.unwrap();
        integrations::tokens(&mut tx, self.engine.store().keyring(), &id).await.unwrap().unwrap()
    }
}

async fn open(database: &TestDatabase, key: &str, entropy: Arc<BreakableEntropy>, now: Timestamp) -> Store {
    let keyring = Keyring::parse([key]).unwrap();
    let options = StoreOptions {
        url: database.url.clone(),
        schema: "calsync".into(),
        keyring,
        entropy,
        lease_clock: LeaseClock::Passed,
    };
    Store::open(options, now).await.unwrap()
}
