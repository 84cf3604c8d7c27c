//! The gate to Google: each request takes one permit right before it is sent and gives it back with its answer,
//! and uses its share of what its account may be asked for in a minute.
//!
//! It stands at the transport, below everything that makes calls. Whoever waits here holds no other permit, so
//! callers can't wait for each other in a circle, however few permits there are. Nobody waits here for an account's
//! quota: such a request is put off, and what it is for is due again once there is room.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use calsync_core::env::Clock;
use calsync_core::pacer::Pacer;
use calsync_google::{Body, QuotaUnits, Transport, TransportError, TransportFailure};
use futures_util::future::BoxFuture;
use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};

/// The longest that one request to Google may take: the transport must keep to it, since a lease is trusted that
/// long beyond its last look.
pub const CALL_LIMIT: Duration = Duration::from_secs(10);

/// A request is sent only with this much left of the lease that it is sent under: longer than [`CALL_LIMIT`], since
/// Google checks no fence.
const LEASE_LEFT_MIN: SignedDuration = SignedDuration::from_secs(12);

/// Of an account's quota this share is kept for its user's pages, so that they open during a backfill, too.
const PAGES_SHARE: u32 = 10;

/// What was put off comes back once this share of the quota is free: to take it up again costs requests, too.
const ROOM_SHARE: u32 = 10;

/// Whether a request that is sent `now` ends before `lease_until`.
pub(crate) fn lease_covers_call(now: Timestamp, lease_until: Timestamp) -> bool {
    now + LEASE_LEFT_MIN <= lease_until
}

/// How many requests the gate lets through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GateLimits {
    /// Under way at once, of the whole process.
    pub(crate) in_flight: usize,
    /// Units of Google's quota that one account may use a minute; 0 is no limit.
    pub(crate) user_per_minute: u32,
}

/// The gate of a process.
pub(super) struct Gate {
    in_flight_max: usize,
    permits: Semaphore,
    waiting: AtomicUsize,
    user_per_minute: u32,
    pacer: Mutex<Pacer>,
    clock: Arc<dyn Clock>,
}

/// Whose quota a request uses.
#[derive(Clone)]
pub(super) struct Account {
    /// What tells the account from others.
    pub(super) key: String,
    /// Whether somebody waits for the answer at a page.
    pub(super) is_at_page: bool,
}

impl Gate {
    pub(super) fn new(limits: GateLimits, clock: Arc<dyn Clock>) -> Self {
        let in_flight_max = limits.in_flight.max(1);
        Self {
            in_flight_max,
            permits: Semaphore::new(in_flight_max),
            waiting: AtomicUsize::new(0),
            user_per_minute: limits.user_per_minute,
            pacer: Mutex::default(),
            clock,
        }
    }

    /// Requests that wait at this moment until others end.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    /// Requests that are under way at this moment.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight_max - self.permits.available_permits()
    }

    /// How many units of its quota `account` may use now.
    pub(super) fn room(&self, account: &Account) -> u32 {
        match self.limit(account) {
            0 => u32::MAX,
            limit => self.pacer().room(&account.key, limit, self.clock.now()),
        }
    }

    /// From when on `account` has room for more than a few requests: now, or within about a minute.
    pub(super) fn opens_at(&self, account: &Account) -> Timestamp {
        let now = self.clock.now();
        match self.limit(account) {
            0 => now,
            limit => {
                let units = (limit / ROOM_SHARE).max(QuotaUnits::PATCH.0);
                self.pacer().opens_at(&account.key, units, limit, now)
            }
        }
    }

    fn takes(&self, account: &Account, units: u32) -> bool {
        let limit = self.limit(account);
        limit == 0 || self.pacer().take(&account.key, units, limit, self.clock.now()).is_ok()
    }

    fn limit(&self, account: &Account) -> u32 {
        let kept = if account.is_at_page { 0 } else { self.user_per_minute / PAGES_SHARE };
        self.user_per_minute - kept
    }

    fn pacer(&self) -> MutexGuard<'_, Pacer> {
        self.pacer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn permit(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        let _waiting = Waiting::new(&self.waiting);
        self.permits.acquire().await
    }
}

/// Counts a caller while it waits, however its wait ends.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Whether a request may still be sent. Asked when its turn has come, since the wait may have been long.
pub(super) type MaySend = Arc<dyn Fn() -> bool + Send + Sync>;

/// The way through the gate for the requests of one caller. One that may not be sent any more once its turn has
/// come, or for which its account has no room, is put off ([`calsync_google::Failure::is_put_off`]).
pub(super) struct Gated {
    pub(super) gate: Arc<Gate>,
    pub(super) account: Option<Account>,
    pub(super) may_send: MaySend,
    pub(super) transport: Arc<dyn Transport>,
}

impl Transport for Gated {
    fn send(&self, request: Request<Body>) -> BoxFuture<'_, Result<Response<Body>, TransportError>> {
        Box::pin(async move {
            let permit = self.gate.permit().await;
            let units = request.extensions().get().map_or(0, |QuotaUnits(units)| *units);
            let has_room =
                || units == 0 || self.account.as_ref().is_none_or(|one| self.gate.takes(one, units));
            if permit.is_err() || !(self.may_send)() || !has_room() {
                let message = "it may not be sent any more".to_owned();
                return Err(TransportError { kind: TransportFailure::PutOff, message });
            }
            self.transport.send(request).await
        })
    }
}
