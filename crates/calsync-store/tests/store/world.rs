//! A store with a few words for its stories. Time is passed; chance comes from a fixed seed.

use std::collections::BTreeSet;
use std::sync::Arc;

use calsync_core::integration::CalendarChoice;
use calsync_core::item::{ItemBody, ItemKey, ItemKind};
use calsync_core::plan::{Address, EventState, Mapping, RemoteCopy};
use calsync_core::reason::Reason;
use calsync_core::sync_state::SyncState;
use calsync_store::integrations::{Connection, Grant, Integration, StopCause};
use calsync_store::items::Upsert;
use calsync_store::leases::passes::{PassLease, Release};
use calsync_store::mappings::{DueChange, DueMapping, End};
use calsync_store::secrets::Keyring;
use calsync_store::{
    LeaseClock, Store, StoreError, StoreOptions, Tx, integrations, items, leases, mappings, users,
};
use calsync_testing::{DatabaseKind, SeededRng, TestDatabase};
use jiff::{SignedDuration, Timestamp, ToSpan};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::raw::Raw;

/// Our OAuth client.
pub(crate) const CLIENT: &str = "client-1";
/// The schema of every store here.
pub(crate) const SCHEMA: &str = "calsync";
/// Long beside a test.
pub(crate) const LEASE: SignedDuration = SignedDuration::from_secs(600);

/// `minutes` after the beginning of the story.
pub(crate) fn at(minutes: i64) -> Timestamp {
    let start: Timestamp = "2031-03-01T00:00:00Z".parse().unwrap();
    start + minutes.minutes()
}

pub(crate) fn key(kind: ItemKind, id: &str) -> ItemKey {
    ItemKey { kind, id: id.into() }
}

pub(crate) fn task(id: &str) -> ItemKey {
    key(ItemKind::Task, id)
}

pub(crate) fn body(kind: ItemKind, fields: Value) -> ItemBody {
    ItemBody::parse(kind, fields.as_object().unwrap()).unwrap()
}

/// A task of `user` called `title`.
pub(crate) fn task_body(user: &str, title: &str) -> ItemBody {
    body(
        ItemKind::Task,
        json!({"user_ids": [user], "title": title, "due_on": "2031-03-09", "status": "active"}),
    )
}

/// A session of `users` called `title`.
pub(crate) fn session_body(users: &[&str], title: &str) -> ItemBody {
    let fields = json!({"user_ids": users, "title": title, "status": "active",
        "starts_at": "2031-03-09T10:00:00Z", "ends_at": "2031-03-09T11:00:00Z"});
    body(ItemKind::Session, fields)
}

/// What opens the store in `db`.
pub(crate) fn options(db: &TestDatabase) -> StoreOptions {
    let dice = Arc::new(SeededRng::new(7));
    let key = Keyring::generate("k1", &*dice);
    StoreOptions {
        url: db.url.clone(),
        schema: SCHEMA.into(),
        keyring: Keyring::parse([key.as_str()]).unwrap(),
        entropy: dice,
        lease_clock: LeaseClock::Database,
    }
}

/// A store and the database under it.
pub(crate) struct World {
    pub(crate) db: TestDatabase,
    pub(crate) store: Store,
}

impl World {
    pub(crate) async fn new(db: TestDatabase) -> Self {
        let store = Store::open(options(&db), at(0)).await.unwrap();
        Self { db, store }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.db.kind == DatabaseKind::Sqlite
    }

    /// The database itself, past the store.
    pub(crate) async fn raw(&self) -> Raw {
        Raw::open(&self.db, SCHEMA).await
    }

    pub(crate) async fn begin(&self) -> Tx {
        self.store.begin().await.unwrap()
    }

    pub(crate) async fn read(&self) -> Tx {
        self.store.read().await.unwrap()
    }

    /// Connects `user` to their own Google account, with a calendar that is ready.
    pub(crate) async fn connected(&self, user: &str) -> String {
        let id = self.consented(user, user, CalendarChoice::New).await.id;
        let mut tx = self.begin().await;
        assert!(integrations::calendar_requested(&mut tx, &id).await.unwrap());
        let (store, now) = (&self.store, at(0));
        let ready = integrations::calendar_ready(store, &mut tx, &id, "calendar", "Mentoring", now);
        assert!(ready.await.unwrap());
        tx.commit().await.unwrap();
        id
    }

    /// Stores `user`'s consent for the Google `account`; one with an `@` is of a Workspace domain.
    pub(crate) async fn consented(&self, user: &str, account: &str, choice: CalendarChoice) -> Integration {
        self.tries_to_connect(user, account, choice).await.unwrap()
    }

    /// Stores `user`'s consent, unless their old connection is being disconnected.
    pub(crate) async fn tries_to_connect(
        &self,
        user: &str,
        account: &str,
        choice: CalendarChoice,
    ) -> Option<Integration> {
        let (access_token, refresh_token) = ("access-1".into(), "refresh-1".into());
        let mut tx = self.begin().await;
        users::ensure_exist(&mut tx, &[user].into(), at(0)).await.unwrap();
        let new = Connection {
            user_id: user,
            grant: grant(&access_token, Some(&refresh_token), at(60)),
            client_id: CLIENT,
            account_sub: account,
            account_email: &format!("{account}@example.org"),
            account_domain: account.split_once('@').map(|(_, domain)| domain),
            scopes: &BTreeSet::from(["calendar".to_owned(), "openid".to_owned()]),
            calendar_choice: choice,
        };
        let fresh_id = format!("integration-of-{user}");
        let integration = integrations::connect(&self.store, &mut tx, new, fresh_id, at(0)).await.unwrap()?;
        mappings::mark_all_due(&mut tx, user, at(0)).await.unwrap();
        tx.commit().await.unwrap();
        Some(integration)
    }

    /// Puts an item as the platform does: item and wakes in one transaction.
    pub(crate) async fn put(&self, key: &ItemKey, body: &ItemBody, now: Timestamp) -> Upsert {
        let mut tx = self.begin().await;
        let upsert = put(&mut tx, key, body, now).await.unwrap();
        tx.commit().await.unwrap();
        upsert
    }

    /// Deletes an item as the platform does.
    pub(crate) async fn delete(&self, key: &ItemKey, now: Timestamp) -> items::Removal {
        let mut tx = self.begin().await;
        let removal = items::delete(&mut tx, key, None, now).await.unwrap();
        if let items::Removal::Removed { incarnation, users } = &removal {
            mappings::mark_due(&mut tx, &due_changes(key, users, *incarnation), now).await.unwrap();
        }
        tx.commit().await.unwrap();
        removal
    }

    /// Claims everything that is due.
    pub(crate) async fn claim(&self, owner: &str, now: Timestamp) -> Vec<PassLease> {
        let mut tx = self.begin().await;
        let leases = leases::passes::claim(&mut tx, owner, LEASE, now, 100).await.unwrap();
        tx.commit().await.unwrap();
        leases
    }

    /// Claims the one integration that is due.
    pub(crate) async fn claim_one(&self, owner: &str, now: Timestamp) -> PassLease {
        let mut leases = self.claim(owner, now).await;
        assert_eq!(leases.len(), 1, "one integration is due: {leases:?}");
        leases.remove(0)
    }

    pub(crate) async fn due(&self, integration_id: &str, now: Timestamp) -> Vec<DueMapping> {
        let due = mappings::due(&mut self.read().await, integration_id, now, 100).await.unwrap();
        assert!(due.unreadable.is_empty(), "{due:?}");
        due.mappings
    }

    /// Ends a pass: `settled` are done as of the revisions that were read.
    pub(crate) async fn end_pass(
        &self,
        lease: &PassLease,
        settled: &[DueMapping],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await;
        leases::passes::renew(&mut tx, &lease.lease).await?;
        let settled: Vec<_> = settled.iter().map(|due| (due, SYNCED)).collect();
        mappings::finish(&mut tx, &lease.lease.id, &settled, now).await?;
        leases::passes::release(&mut tx, lease, quiet(), now).await?;
        tx.commit().await
    }

    /// Works until nothing is due: every mapping becomes synced.
    pub(crate) async fn settle(&self, now: Timestamp) {
        for lease in self.claim("settler", now).await {
            let mut due = self.due(&lease.lease.id, now).await;
            for one in &mut due {
                one.mapping = there();
            }
            self.end_pass(&lease, &due, now).await.unwrap();
        }
        assert_eq!(self.claim("settler", now).await, [], "nothing is left");
    }
}

/// Puts an item and touches its mappings.
pub(crate) async fn put(
    tx: &mut Tx,
    key: &ItemKey,
    body: &ItemBody,
    now: Timestamp,
) -> Result<Upsert, StoreError> {
    let named = body.user_ids.iter().map(String::as_str).collect();
    assert_eq!(users::ensure_exist(tx, &named, now).await?, BTreeSet::new(), "nobody is being deleted");
    let upsert = items::put(tx, key, body, now).await?;
    if let Upsert::Stored { incarnation, users, .. } = &upsert {
        mappings::mark_due(tx, &due_changes(key, users, *incarnation), now).await?;
    }
    Ok(upsert)
}

pub(crate) fn due_changes(key: &ItemKey, users: &BTreeSet<String>, incarnation: i64) -> BTreeSet<DueChange> {
    let mark_due = |user: &String| DueChange { user_id: user.clone(), item: key.clone(), incarnation };
    users.iter().map(mark_due).collect()
}

/// How a pass ends that had nothing to tell.
pub(crate) const fn quiet() -> Release {
    Release { due_at: None, idle_due_at: None, not_before: None, succeeded: false, failed: false }
}

/// Tokens that Google gave, of which the access token ends at `expires_at`.
pub(crate) fn grant<'a>(
    access_token: &'a SecretString,
    refresh_token: Option<&'a SecretString>,
    expires_at: Timestamp,
) -> Grant<'a> {
    let refresh_due_at = expires_at + SignedDuration::from_hours(30 * 24);
    Grant { access_token, refresh_token, expires_at, refresh_ends_at: None, refresh_due_at }
}

/// Why a connection stops that was made by [`World::connected`] and not renewed since.
pub(crate) const fn stop_cause(reason: Reason) -> StopCause<'static> {
    StopCause { reason, token_version: 1, calendar_id: Some("calendar") }
}

pub(crate) const SYNCED: End = End::Done { state: SyncState::Synced, reason: None };

/// Where the first event of an item is.
pub(crate) fn address(calendar_id: &str, google_id: &str) -> Address {
    Address { calendar_id: calendar_id.into(), google_id: google_id.into(), generation: 1 }
}

/// An event as Google showed it.
pub(crate) fn copy() -> RemoteCopy {
    let event = json!({"id": "event1", "etag": "\"1\"", "htmlLink": "https://calendar.example.org/event1"});
    RemoteCopy { event: serde_json::from_value(event).unwrap(), base: None }
}

/// A mapping whose event is there.
pub(crate) fn there() -> Mapping {
    standing(EventState::Present { address: address("calendar", "event1"), copy: copy() })
}

/// A mapping as it is made at `now`.
pub(crate) fn unsent(now: Timestamp) -> Mapping {
    Mapping { last_generation: now.as_microsecond(), ..Mapping::new() }
}

/// A mapping whose event stands so, with one generation used.
pub(crate) const fn standing(event_state: EventState) -> Mapping {
    Mapping { event_state, last_generation: 1, previous: None }
}
