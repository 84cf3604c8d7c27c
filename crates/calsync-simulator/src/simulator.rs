//! The handle on a simulator: its router, its server, and the few things tests do without HTTP.

use std::io;

use axum::Router;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::app_state::AppState;
use crate::control::{self, RevokeCause};
use crate::faults::FaultRule;
use crate::options::SimulatorOptions;
use crate::snapshot::{Snapshot, SnapshotCursor, SnapshotError};
use crate::world::NewAccount;
use crate::{router, server, user_edits};

/// A simulated Google. Clones share one state.
#[derive(Debug, Clone)]
pub struct Simulator(AppState);

impl Simulator {
    /// An empty Google.
    pub fn new(options: SimulatorOptions) -> Self {
        Self(AppState::new(options))
    }

    /// Everything under one router, to be called in process. Watch for
    /// [`LostResponse`](crate::LostResponse) and [`DelayedResponse`](crate::DelayedResponse) among a
    /// response's extensions.
    pub fn router(&self) -> Router {
        router::router(self.0.clone())
    }

    /// Serves HTTP/1 and HTTP/2 without TLS until `shutdown` is ready; answers in flight are finished.
    ///
    /// # Errors
    /// When the listener fails for good.
    pub async fn serve(&self, listener: TcpListener, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        server::serve(self.router(), listener, shutdown).await
    }

    /// The simulator's present.
    pub fn now(&self) -> Timestamp {
        self.0.now()
    }

    /// Moves the clock, and the `Date` header with it.
    pub fn advance(&self, by: SignedDuration) {
        self.0.clock().advance(by, true);
    }

    /// As `POST /_control/accounts`.
    pub fn add_account(&self, account: NewAccount) {
        self.0.add_account(account);
    }

    /// As `POST /_control/accounts/{email}/token`: acts as that user with every scope; `None` for an unknown account.
    pub fn access_token(&self, email: &str) -> Option<String> {
        control::accounts::mint_token(&self.0, email)
    }

    /// As `POST /_control/accounts/{email}/revoke`; whether there was a grant to end.
    pub fn revoke(&self, email: &str, cause: RevokeCause) -> bool {
        control::accounts::end_grants(&self.0, email, cause)
    }

    /// As `PUT /_control/faults`; an empty list clears them.
    pub fn set_faults(&self, rules: Vec<FaultRule>) {
        self.0.world().faults.set(rules);
    }

    /// As `GET /_control/state`.
    pub fn state(&self) -> Value {
        control::state::snapshot(&self.0)
    }

    /// What changed since `cursor` looked last, and moves it on; a new cursor sees everything. It costs
    /// by what changed.
    ///
    /// # Errors
    /// If a resource lacks what Google always sends, or has it in another shape.
    pub fn changes_since(&self, cursor: &mut SnapshotCursor) -> Result<Snapshot, SnapshotError> {
        Snapshot::take(&self.0.world(), cursor)
    }

    /// Calls of the Calendar API so far that would change something, refused ones too. What a user does by
    /// hand is not counted.
    pub fn write_count(&self) -> u64 {
        self.0.world().quota.writes
    }

    /// As `POST /_control/reset`. The seeded sequence goes on where it was.
    pub fn reset(&self) {
        control::reset(&self.0);
    }

    /// The user adds an event in Google; gives the resource.
    ///
    /// # Errors
    /// Google's error body, where the Calendar API would refuse the same.
    pub fn user_inserts_event(&self, email: &str, calendar_id: &str, event: &Value) -> Result<Value, Value> {
        user_edits::insert(&self.0, email, calendar_id, event)
    }

    /// The user changes an event in Google, as a patch; gives the resource.
    ///
    /// # Errors
    /// Google's error body, where the Calendar API would refuse the same.
    pub fn user_edits_event(
        &self,
        email: &str,
        calendar_id: &str,
        event_id: &str,
        patch: &Value,
    ) -> Result<Value, Value> {
        user_edits::patch(&self.0, email, calendar_id, event_id, patch)
    }

    /// The user deletes an event in Google.
    ///
    /// # Errors
    /// Google's error body, where the Calendar API would refuse the same.
    pub fn user_deletes_event(&self, email: &str, calendar_id: &str, event_id: &str) -> Result<(), Value> {
        user_edits::delete(&self.0, email, calendar_id, event_id)
    }

    /// The events of a calendar in the order of their last change, deleted ones too; empty for an unknown calendar.
    pub fn events(&self, calendar_id: &str) -> Vec<Value> {
        user_edits::events(&self.0, calendar_id)
    }
}
