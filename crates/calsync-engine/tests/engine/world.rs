//! A world for one story: users with Google accounts, their items, and an engine that works only
//! when it is told to.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use axum::body::Bytes;
use calsync_core::env::{Clock, Entropy};
use calsync_core::integration::{CalendarChoice, GOOGLE};
use calsync_core::item::{ItemBody, ItemKey, ItemKind};
use calsync_engine::calendar::{self, RetargetResult, TargetChoice};
use calsync_engine::connect::{self, Callback, CallbackResult, ConsentStart};
use calsync_engine::disconnect::{self, RemoteItems, Request, RequestedBy, Saga, SagaState, Started};
use calsync_engine::webhooks::{self, Webhook};
use calsync_engine::{Engine, EngineOptions, Settings, clean_up, reconcile, worker};
use calsync_google::{Endpoints, GoogleClient, OAuthClient};
use calsync_simulator::{NewAccount, Simulator, SimulatorOptions};
use calsync_store::integrations::{self, Integration, Tokens};
use calsync_store::items::{self, Removal, Upsert};
use calsync_store::mappings::{self, DueChange};
use calsync_store::secrets::Keyring;
use calsync_store::users::{self, User};
use calsync_store::{Store, StoreOptions, disconnects};
use calsync_testing::{DatabaseKind, TestDatabase};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, Connection, Executor};

use crate::receiver::Receiver;
use crate::transport::TestTransport;

/// Before today, so that on Postgres, whose own clock ends leases, none ends during a story.
const START: &str = "2024-03-01T00:00:00Z";
/// Rounds of work after which a story should long be over.
const ROUNDS_MAX: usize = 200;

pub(crate) struct World {
    pub(crate) google: Simulator,
    pub(crate) engine: Engine,
    pub(crate) transport: TestTransport,
    clock: Arc<HandClock>,
    entropy: Arc<Counted>,
    key: String,
    database: TestDatabase,
}

/// The database itself.
enum Raw {
    Sqlite(sqlx::SqliteConnection),
    Postgres(sqlx::PgConnection),
}

struct HandClock {
    micros: AtomicI64,
    is_broken: AtomicBool,
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        assert!(!self.is_broken.load(Ordering::SeqCst), "the clock is broken");
        Timestamp::from_microsecond(self.micros.load(Ordering::SeqCst)).unwrap()
    }
}

/// The same bytes in each run.
struct Counted(AtomicU64);

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let count = self.0.fetch_add(1, Ordering::SeqCst);
            chunk.copy_from_slice(&Sha256::digest(count.to_be_bytes())[..chunk.len()]);
        }
    }
}

pub(crate) fn email(user: &str) -> String {
    format!("{user}@example.org")
}

impl World {
    pub(crate) async fn new(database: TestDatabase) -> Self {
        Self::with(database, |_| {}).await
    }

    pub(crate) async fn with(database: TestDatabase, change: impl FnOnce(&mut Settings)) -> Self {
        Self::build(database, change, None).await
    }

    /// A world whose platform has a webhook.
    pub(crate) async fn with_webhook(database: TestDatabase) -> (Self, Receiver) {
        let receiver = Receiver::new();
        let world = Self::build(database, |_| {}, Some(receiver.webhook())).await;
        webhooks::set_up(&world.engine).await.unwrap();
        (world, receiver)
    }

    async fn build(
        database: TestDatabase,
        change: impl FnOnce(&mut Settings),
        webhook: Option<Webhook>,
    ) -> Self {
        let start: Timestamp = START.parse().unwrap();
        let micros = AtomicI64::new(start.as_microsecond());
        let clock = Arc::new(HandClock { micros, is_broken: AtomicBool::new(false) });
        let entropy = Arc::new(Counted(AtomicU64::new(1)));
        let key: String = Keyring::generate("k1", &*entropy).as_str().into();
        let store = open(&database, &key, entropy.clone(), start).await;
        let google = Simulator::new(SimulatorOptions {
            auto_consent: true,
            start: Some(start),
            ..SimulatorOptions::default()
        });
        let transport = TestTransport::new(google.router());
        let oauth = OAuthClient { client_id: "calsync".into(), client_secret: "secret".to_owned().into() };
        let client =
            GoogleClient::new(Endpoints::under("http://google.test"), oauth, Arc::new(transport.clone()));
        let mut settings = Settings::default();
        change(&mut settings);
        let options = EngineOptions {
            store,
            google: client,
            clock: clock.clone(),
            entropy: entropy.clone(),
            settings,
            webhook,
        };
        Self { google, engine: Engine::new(options), transport, clock, entropy, key, database }
    }

    /// The engine of another process over the same database.
    pub(crate) async fn another_engine(&self) -> Engine {
        Engine::new(EngineOptions {
            store: open(&self.database, &self.key, self.entropy.clone(), self.engine.now()).await,
            google: self.engine.google().clone(),
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            settings: self.engine.settings().clone(),
            webhook: self.engine.webhook().cloned(),
        })
    }

    pub(crate) fn advance(&self, seconds: i64) {
        let by = SignedDuration::from_secs(seconds);
        self.clock.micros.fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
        self.google.advance(by);
    }

    /// From here on each call to Google takes so long by our clock.
    pub(crate) fn each_call_takes(&self, milliseconds: i64) {
        let clock = self.clock.clone();
        self.transport.with_each_call(move || {
            clock.micros.fetch_add(milliseconds * 1_000, Ordering::SeqCst);
        });
    }

    /// How often Google was asked by `method` so far.
    pub(crate) fn requests(&self, method: &str) -> u64 {
        self.google.state()["requests"][method].as_u64().unwrap_or_default()
    }

    /// Google removes a calendar of `user` with everything in it.
    pub(crate) async fn lose_calendar(&self, user: &str, calendar_id: &str) {
        let token = self.google.access_token(&email(user)).unwrap();
        self.engine.google().delete_calendar(&token.into(), calendar_id).await.unwrap();
    }

    /// From here on whoever asks for the time panics.
    pub(crate) fn break_the_clock(&self) {
        self.clock.is_broken.store(true, Ordering::SeqCst);
    }

    /// `user`, connected to their own Google account with a calendar of ours, and their tasks in it.
    pub(crate) async fn synced(&self, user: &str, tasks: usize) {
        self.account(user);
        self.put_tasks(user, tasks, "").await;
        self.connect(user, &email(user), CalendarChoice::New).await;
        self.sync().await;
    }

    /// Adds the Google account of `user`, with a calendar `team-USER` beside the first one.
    pub(crate) fn account(&self, user: &str) {
        let calendars = json!([{"id": format!("team-{user}"), "summary": "Team"}]);
        let account = json!({"email": email(user), "calendars": calendars});
        self.google.add_account(serde_json::from_value::<NewAccount>(account).unwrap());
    }

    /// Changes what the account of `user` may do with a calendar; without a role it sees none.
    pub(crate) async fn set_access_role(&self, user: &str, calendar_id: &str, role: Option<&str>) {
        let url = format!("http://google.test/_control/accounts/{}/calendars/{calendar_id}", email(user));
        let body = Bytes::from(json!({ "access_role": role }).to_string());
        let answer = self.transport.deliver(http::Request::patch(url).body(body).unwrap()).await.unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
    }

    /// Connects `user` the real way, as the Google account `address`.
    pub(crate) async fn connect(&self, user: &str, address: &str, choice: CalendarChoice) -> CallbackResult {
        self.connect_while(user, address, choice, async || {}).await
    }

    /// The user takes one of their calendars.
    pub(crate) async fn choose_calendar(&self, integration_id: &str, calendar_id: &str) {
        let wanted = TargetChoice::Existing(calendar_id.to_owned());
        assert_eq!(
            calendar::change(&self.engine, integration_id, &wanted).await.unwrap(),
            RetargetResult::Done
        );
    }

    /// As [`World::connect`]; something happens while the user is at Google.
    pub(crate) async fn connect_while(
        &self,
        user: &str,
        address: &str,
        choice: CalendarChoice,
        meanwhile: impl AsyncFnOnce(),
    ) -> CallbackResult {
        let mut tx = self.engine.store().begin().await.unwrap();
        let new = User { user_id: user.into(), email: Some(address.into()), ..User::default() };
        users::put(&mut tx, &new, self.engine.now()).await.unwrap();
        tx.commit().await.unwrap();
        let lifetime = SignedDuration::from_secs(900);
        let link = connect::create_link(&self.engine, user, None, lifetime).await.unwrap().unwrap();
        let token = link.url.rsplit('/').next().unwrap();
        let ConsentStart::Redirect { authorization_url, browser } =
            connect::begin(&self.engine, token, choice).await.unwrap()
        else {
            panic!("the link is good");
        };
        let callback = self.consent(&authorization_url).await;
        meanwhile().await;
        connect::finish(&self.engine, callback, browser.expose_secret()).await.unwrap()
    }

    /// Agrees at Google.
    async fn consent(&self, authorization_url: &str) -> Callback {
        let visit = http::Request::get(authorization_url).body(Bytes::new()).unwrap();
        let consent = self.transport.deliver(visit).await.unwrap();
        let back = consent.headers()["location"].to_str().unwrap();
        let parameter = |name: &str| {
            let query = back.split_once('?').unwrap().1;
            let found = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            found.map(|value| value.replace("%2F", "/"))
        };
        let state = parameter("state").unwrap().into();
        Callback { state, code: parameter("code").map(Into::into), error: None }
    }

    /// A link by which `user` cleans up; none if nothing is left.
    pub(crate) async fn clean_up_link(&self, user: &str) -> Option<String> {
        let link = clean_up::create_link(&self.engine, user, SignedDuration::from_secs(900)).await.unwrap();
        link.map(|link| link.url.rsplit('/').next().unwrap().to_owned())
    }

    /// Consents to a clean-up of `user` as the Google account `address`; gives what the browser holds.
    pub(crate) async fn consent_to_clean_up(&self, user: &str, link: &str, address: &str) -> String {
        let clean_up::CleanUpStart::Redirect { authorization_url, browser } =
            clean_up::begin(&self.engine, link).await.unwrap()
        else {
            panic!("the link is good");
        };
        let [hint, address] = [&email(user), address].map(|address| address.replace('@', "%40"));
        assert!(authorization_url.contains(&hint), "{authorization_url}");
        let callback = self.consent(&authorization_url.replace(&hint, &address)).await;
        let browser = browser.expose_secret();
        assert!(clean_up::finish(&self.engine, &callback, browser).await.unwrap());
        assert!(!clean_up::finish(&self.engine, &callback, browser).await.unwrap(), "once");
        browser.to_owned()
    }

    /// Cleans up what the disconnect `id` of `user` left, to the end.
    pub(crate) async fn clean_up(&self, user: &str, id: &str) -> Saga {
        let link = self.clean_up_link(user).await.unwrap();
        self.consent_to_clean_up(user, &link, &email(user)).await;
        self.finish(id).await
    }

    /// Puts tasks `USER-0`, `USER-1`, … as the platform does.
    pub(crate) async fn put_tasks(&self, user: &str, tasks: usize, title: &str) {
        for number in 0..tasks {
            self.put_task(user, number, title, "active").await;
        }
    }

    /// The platform puts one of those tasks.
    pub(crate) async fn put_task(&self, user: &str, number: usize, title: &str, status: &str) {
        let body = json!({"user_ids": [user], "title": format!("Task {number} {title}"),
            "due_on": "2024-03-09", "status": status});
        self.put(ItemKind::Task, &format!("{user}-{number}"), &body).await;
    }

    /// The platform puts an item.
    pub(crate) async fn put(&self, kind: ItemKind, id: &str, body: &Value) {
        let user = body["user_ids"][0].as_str().unwrap();
        let body = ItemBody::parse(kind, body.as_object().unwrap()).unwrap();
        let key = ItemKey { kind, id: id.to_owned() };
        let mut tx = self.engine.store().begin().await.unwrap();
        users::ensure_exist(&mut tx, &[user].into(), self.engine.now()).await.unwrap();
        let put = items::put(&mut tx, &key, &body, self.engine.now()).await.unwrap();
        if let Upsert::Stored { incarnation, users, .. } = put {
            let mark_due = |user_id| DueChange { user_id, item: key.clone(), incarnation };
            let due_changes: BTreeSet<_> = users.into_iter().map(mark_due).collect();
            mappings::mark_due(&mut tx, &due_changes, self.engine.now()).await.unwrap();
        }
        tx.commit().await.unwrap();
    }

    /// The platform deletes one of those tasks.
    pub(crate) async fn delete_task(&self, user: &str, number: usize) {
        let key = ItemKey { kind: ItemKind::Task, id: format!("{user}-{number}") };
        let mut tx = self.engine.store().begin().await.unwrap();
        let removal = items::delete(&mut tx, &key, None, self.engine.now()).await.unwrap();
        if let Removal::Removed { incarnation, users } = removal {
            let mark_due = |user_id| DueChange { user_id, item: key.clone(), incarnation };
            let due_changes: BTreeSet<_> = users.into_iter().map(mark_due).collect();
            mappings::mark_due(&mut tx, &due_changes, self.engine.now()).await.unwrap();
        }
        tx.commit().await.unwrap();
    }

    /// Lets the engine do all that is due.
    pub(crate) async fn sync(&self) {
        for _ in 0..ROUNDS_MAX {
            let leases = worker::claim(&self.engine, "worker", 10).await.unwrap();
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
    pub(crate) async fn pass(&self) {
        for lease in worker::claim(&self.engine, "worker", 10).await.unwrap() {
            reconcile::pass(&self.engine, &lease).await.unwrap();
        }
    }

    /// Starts a disconnect of `user` from Google.
    pub(crate) async fn start(&self, user: &str, remote_items: RemoteItems) -> Started {
        self.start_from(user, GOOGLE, remote_items).await
    }

    pub(crate) async fn start_from(&self, user: &str, provider: &str, remote_items: RemoteItems) -> Started {
        let request = Request {
            user_id: user.into(),
            provider: provider.into(),
            remote_items,
            note: Some("asked by mail".into()),
            requested_by: RequestedBy::Admin { id: "kim".into() },
        };
        disconnect::start(&self.engine, &request).await.unwrap()
    }

    /// Disconnects `user` to the end.
    pub(crate) async fn disconnect(&self, user: &str, remote_items: RemoteItems) -> Saga {
        let Started::Started { saga } = self.start(user, remote_items).await else {
            panic!("{user} is connected");
        };
        self.finish(&saga.id).await
    }

    /// Carries a disconnect on to its end; what waits, waits by the clock.
    pub(crate) async fn finish(&self, id: &str) -> Saga {
        for _ in 0..ROUNDS_MAX {
            self.resume().await;
            let saga = self.saga(id).await;
            if saga.state != SagaState::Running {
                return saga;
            }
            let wait = saga.due_at.duration_since(self.engine.now()).as_secs();
            self.advance(wait.max(0) + 1);
        }
        panic!("the disconnect doesn't end");
    }

    /// One worker carries on whatever is due.
    pub(crate) async fn resume(&self) {
        for lease in disconnect::claim(&self.engine, "worker", 10).await.unwrap() {
            disconnect::resume(&self.engine, lease).await.unwrap();
        }
    }

    /// The process died, and what it held is free.
    pub(crate) async fn restart(&self) {
        let mut tx = self.engine.store().begin().await.unwrap();
        disconnects::release_all(&mut tx).await.unwrap();
        calsync_store::webhooks::release_all(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) async fn saga(&self, id: &str) -> Saga {
        disconnect::saga(&self.engine, id).await.unwrap().unwrap()
    }

    pub(crate) async fn integration(&self, user: &str) -> Integration {
        let mut tx = self.engine.store().read().await.unwrap();
        integrations::of_user(&mut tx, user).await.unwrap().remove(0)
    }

    pub(crate) async fn tokens(&self, user: &str) -> Tokens {
        let id = self.integration(user).await.id;
        let mut tx = self.engine.store().read().await.unwrap();
        integrations::tokens(&mut tx, self.engine.store().keyring(), &id).await.unwrap().unwrap()
    }

    /// How many rows of `table` fulfil `condition`.
    pub(crate) async fn count(&self, table: &str, condition: &str) -> i64 {
        let sql = AssertSqlSafe(format!("SELECT COUNT(*) FROM {table} WHERE {condition}"));
        match self.past_the_store().await {
            Raw::Sqlite(mut connection) => sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap(),
            Raw::Postgres(mut connection) => {
                sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
            }
        }
    }

    /// A sealed value of `user`'s integration.
    pub(crate) async fn sealed(&self, user: &str, column: &str) -> Vec<u8> {
        let sql = format!("SELECT {column} FROM user_integrations WHERE user_id = $1");
        let sql = AssertSqlSafe(sql);
        match self.past_the_store().await {
            Raw::Sqlite(mut c) => sqlx::query_scalar(sql).bind(user).fetch_one(&mut c).await.unwrap(),
            Raw::Postgres(mut c) => sqlx::query_scalar(sql).bind(user).fetch_one(&mut c).await.unwrap(),
        }
    }

    /// Replaces it.
    pub(crate) async fn put_sealed(&self, user: &str, column: &str, sealed: &[u8]) {
        let sql = AssertSqlSafe(format!("UPDATE user_integrations SET {column} = $2 WHERE user_id = $1"));
        let changed = match self.past_the_store().await {
            Raw::Sqlite(mut c) => {
                sqlx::query(sql).bind(user).bind(sealed).execute(&mut c).await.unwrap().rows_affected()
            }
            Raw::Postgres(mut c) => {
                sqlx::query(sql).bind(user).bind(sealed).execute(&mut c).await.unwrap().rows_affected()
            }
        };
        assert_eq!(changed, 1);
    }

    /// Runs SQL past the store.
    pub(crate) async fn sql(&self, sql: &str) {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        match self.past_the_store().await {
            Raw::Sqlite(mut connection) => sql.execute(&mut connection).await.map(|_| ()),
            Raw::Postgres(mut connection) => sql.execute(&mut connection).await.map(|_| ()),
        }
        .unwrap();
    }

    async fn past_the_store(&self) -> Raw {
        match self.database.kind {
            DatabaseKind::Sqlite => {
                Raw::Sqlite(sqlx::SqliteConnection::connect(&self.database.url).await.unwrap())
            }
            DatabaseKind::Postgres => {
                let mut connection = sqlx::PgConnection::connect(&self.database.url).await.unwrap();
                connection.execute("SET search_path TO calsync").await.unwrap();
                Raw::Postgres(connection)
            }
        }
    }

    /// The live events in the calendars of `user`'s Google account, all or with a stamp only.
    pub(crate) fn events(&self, user: &str, stamped: bool) -> Vec<Value> {
        let state = self.google.state();
        let events = state["events"].as_array().unwrap().iter();
        let has_stamp = |event: &Value| !event["extendedProperties"]["private"]["calsync_item"].is_null();
        let live = events.filter(|event| {
            event["account"] == email(user).as_str()
                && event["status"] != "cancelled"
                && (!stamped || has_stamp(event))
        });
        live.cloned().collect()
    }

    /// Whether Google still honours a grant of ours for `user`'s account.
    pub(crate) fn has_grant(&self, user: &str) -> bool {
        let state = self.google.state();
        state["grants"].as_array().unwrap().iter().any(|grant| grant["email"] == email(user).as_str())
    }
}

async fn open(database: &TestDatabase, key: &str, entropy: Arc<Counted>, now: Timestamp) -> Store {
    let keyring = Keyring::parse([key]).unwrap();
    let options = StoreOptions { url: database.url.clone(), schema: "calsync".into(), keyring, entropy };
    Store::open(options, now).await.unwrap()
}

/// The outcomes of a saga's steps, and its state, in a line.
pub(crate) fn told(saga: &Saga) -> String {
    let steps = saga.steps.iter().map(|step| format!("{} {}", step.name.name(), step.outcome.name()));
    format!("{}: {}", saga.state.name(), steps.collect::<Vec<_>>().join(", "))
}
