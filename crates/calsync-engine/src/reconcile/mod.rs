//! One pass over one integration that [`crate::worker`] claimed: token, plan, call Google, store the outcome.
//!
//! The order keeps the two promises: what Google will know us by is stored before the call that
//! tells it, and no transaction is open while Google is called.

mod commit;
mod mapping;
mod old_calendars;
mod own_calendar;
mod stop;

use std::time::Duration;

use calsync_core::event_id::EventPlace;
use calsync_core::item::{Item, ItemKey};
use calsync_core::outcome::Operation;
use calsync_core::plan::{Mapping, PlanContext, PlanStep, UserEdit, plan};
use calsync_core::render::{DesiredState, RenderContext, render};
use calsync_core::sync_state::SyncState;
use calsync_store::integrations::{self, Integration, IntegrationWithTokens};
use calsync_store::leases::passes::PassLease;
use calsync_store::leases::{self, Lease};
use calsync_store::mappings::{self, Due, DueMapping};
use calsync_store::user_edits;
use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};
use tracing::field::Empty;

use crate::google::{AuthorizedClient, CallError, Lane};
use crate::job::Job;
use crate::transaction::retrying_tx;
use crate::{Engine, EngineError, trace};
use commit::PassResult;
use mapping::Pass;
use stop::Stop;

/// How long a claimed integration is ours: long enough for many calls, and a dead worker's integrations
/// are free after it.
const LEASE: SignedDuration = SignedDuration::from_secs(25);

/// Claims up to `limit` integrations that are due.
///
/// # Errors
/// If the store fails.
pub async fn claim(engine: &Engine, owner: &str, limit: usize) -> Result<Vec<PassLease>, EngineError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let now = engine.now();
    retrying_tx!(engine, |tx| leases::passes::claim(tx, owner, LEASE, now, limit).await?)
}

/// The job that makes passes over integrations.
pub(crate) struct SyncPass;

impl Job for SyncPass {
    type Claimed = PassLease;

    /// More than Google's ceiling of 167 calls a second needs for integrations of one change, and few enough that
    /// the changes of a busy moment gather and share a pass.
    const AT_ONCE: usize = 48;
    /// A pass sends nothing that its lease doesn't outlast.
    const TIME_OUT: Duration = Duration::from_secs(60);
    const ENDS_AT_SHUTDOWN: bool = true;

    fn name(&self) -> &'static str {
        "pass"
    }

    async fn next_due(&self, engine: &Engine) -> Result<Option<Timestamp>, EngineError> {
        let mut tx = engine.store().read().await?;
        Ok(leases::passes::next_due(&mut tx, engine.now()).await?)
    }

    async fn claim(
        &mut self,
        engine: &Engine,
        owner: &str,
        limit: usize,
    ) -> Result<Vec<PassLease>, EngineError> {
        let leases = claim(engine, owner, limit).await?;
        engine.set_work_waiting(leases.len() == limit);
        Ok(leases)
    }

    async fn hinted(engine: &Engine) {
        engine.hinted().await;
    }

    fn id(claimed: &PassLease) -> Option<&str> {
        Some(&claimed.lease.id)
    }

    async fn run(engine: Engine, claimed: PassLease) -> Result<(), EngineError> {
        pass(&engine, &claimed).await
    }
}

/// A mapping with its first step, as it goes to Google.
struct Planned {
    due: DueMapping,
    desired: DesiredState,
    first: PlanStep,
}

impl Planned {
    /// Plans the first step. What is as it was last settled is looked at where something else was wanted in
    /// between: a pass that died may have sent that, and its user may have edited the event.
    fn of(pass: &Pass<'_>, mut due: DueMapping) -> Self {
        let desired = pass.render(&due.item);
        let mut first = pass.plan(&due, &desired);
        if matches!(first, PlanStep::Done(SyncState::Synced, _)) && due.revisions.has_skipped() {
            due.mapping.mark_stale();
            first = pass.plan(&due, &desired);
        }
        Self { due, desired, first }
    }

    /// The mapping as it is stored before its first step is taken, if that has to be.
    fn intended(&self, now: Timestamp) -> Option<(&DueMapping, Mapping)> {
        let intent = self.first.intent()?;
        let mut mapping = self.due.mapping.clone();
        mapping.on_intent(intent, now);
        Some((&self.due, mapping))
    }

    /// What its user made of the event and the first step writes over.
    fn lost_edits(&self) -> impl Iterator<Item = (&ItemKey, &UserEdit)> {
        self.first.lost_edits().map(|user_edit| (&self.due.item.key, user_edit))
    }
}

/// Runs one pass and lets the lease go.
///
/// # Errors
/// If the store fails, or the lease was lost: then nothing of the pass was stored, and the next
/// holder looks for itself. Whoever took the lease, a disconnect or a new connection, learns here that the
/// calls are over.
pub async fn pass(engine: &Engine, claimed: &PassLease) -> Result<(), EngineError> {
    let lease = &claimed.lease;
    let span = tracing::error_span!("pass", trace_id = Empty, integration_id = lease.id);
    let ended = trace::traced(span, || engine.new_id(), Box::pin(run(engine, claimed))).await;
    if ended.as_ref().is_err_and(EngineError::is_lease_lost) {
        retrying_tx!(engine, |tx| leases::passes::release_revoked(tx, lease).await?)?;
    }
    ended
}

async fn run(engine: &Engine, claimed: &PassLease) -> Result<(), EngineError> {
    let lease = &claimed.lease;
    // All that a pass reads, on one connection.
    let mut tx = engine.store().read().await?;
    let loaded = integrations::load(&mut tx, engine.store().keyring(), &lease.id).await?;
    let Some(IntegrationWithTokens { integration, tokens, user_time_zone, is_paused }) = loaded else {
        return Ok(());
    };
    if is_paused {
        drop(tx);
        return release_paused(engine, lease).await;
    }
    let stop = Stop::new(engine, lease);
    let lane = if lease.is_probe { Lane::Probe } else { Lane::Pass };
    let google = AuthorizedClient::new(engine.google(), &integration, lane, {
        let stop = stop.clone();
        move || !stop.is_due()
    })
    .without(claimed.paused.clone());
    let room = google.room();
    let mappings_max = mappings_max(engine, lease, &integration, room);
    let Due { mappings, unreadable } =
        mappings::due(&mut tx, &integration.id, engine.now(), mappings_max).await?;
    let has_old_calendars = integration.leaves_own_calendar
        && !google.is_paused(Operation::DeleteCalendar)
        && mappings::next_due(&mut tx, &integration.id).await?.is_none();
    drop(tx);
    let mut result = PassResult::new(engine, claimed, &integration, (&google, &stop));
    result.unreadable(unreadable);
    if room == 0 {
        return result.commit_after(Err(CallError::PutOff { until: google.opens_at() })).await;
    }
    if let Err(error) = google.authorize(&integration, tokens).await {
        return result.commit_after(Err(error)).await;
    }
    match &integration.target_calendar_id {
        Some(_) if has_old_calendars => {
            let removed = old_calendars::remove_old_calendars(&mut result).await;
            result.commit_after(removed).await
        }
        Some(calendar_id) => {
            let event = EventPlace { integration_id: &integration.id, epoch: integration.epoch, calendar_id };
            let pass = Pass {
                engine,
                google: &google,
                lease,
                integration: &integration,
                event,
                policy: engine.policy(&integration),
                user_time_zone,
                now: engine.now(),
                stop: &stop,
            };
            sync(&pass, mappings, result).await
        }
        None => {
            let made = own_calendar::find_or_make(&result).await;
            result.commit_after(made).await
        }
    }
}

/// An admin's pause that the claim didn't know of.
async fn release_paused(engine: &Engine, lease: &Lease) -> Result<(), EngineError> {
    retrying_tx!(engine, |tx| {
        leases::passes::renew(tx, lease).await?;
        leases::passes::release_paused(tx, lease).await?;
    })
}

/// As many as the account has room for; what failed is tried by one call first.
fn mappings_max(engine: &Engine, lease: &Lease, integration: &Integration, room: usize) -> i64 {
    let is_trial = lease.is_probe || integration.failures > 0;
    let at_most = if is_trial { 1 } else { engine.settings().mappings_per_pass };
    i64::try_from(at_most.min(room)).unwrap_or(i64::MAX)
}

async fn sync(pass: &Pass<'_>, due: Vec<DueMapping>, mut result: PassResult<'_>) -> Result<(), EngineError> {
    let planned = record_intents(pass, due).await?;
    let at_once = pass.engine.settings().calls_in_flight_per_integration.max(1);
    let done: Vec<_> = futures_util::stream::iter(planned)
        .map(|planned| pass.run(planned))
        .buffer_unordered(at_once)
        .collect()
        .await;
    for mapping in done {
        result.add_mapping(mapping?);
    }
    result.commit().await
}

/// Plans the first step of each mapping, and stores in one transaction what has to be before the calls. In
/// memory nothing changes yet: if Google rejects the delete, the event is still there.
async fn record_intents(pass: &Pass<'_>, due: Vec<DueMapping>) -> Result<Vec<Planned>, EngineError> {
    let planned: Vec<Planned> = due.into_iter().map(|due| Planned::of(pass, due)).collect();
    let sent = || planned.iter().filter(|planned| !pass.is_paused(&planned.first));
    let intents: Vec<_> = sent().filter_map(|planned| planned.intended(pass.now)).collect();
    let lost_edits: Vec<_> = sent().flat_map(Planned::lost_edits).collect();
    if intents.is_empty() && lost_edits.is_empty() {
        return Ok(planned);
    }
    retrying_tx!(pass.engine, |tx| {
        leases::passes::renew(tx, pass.lease).await?;
        mappings::record_intents(tx, &pass.integration.id, &intents).await?;
        user_edits::record(tx, &pass.integration.id, &lost_edits, pass.now).await?;
    })?;
    Ok(planned)
}

impl Pass<'_> {
    fn plan_context<'a>(&'a self, item: &'a ItemKey) -> PlanContext<'a> {
        PlanContext {
            deployment_id: self.engine.store().deployment_id(),
            event: self.event,
            item,
            platform_name: &self.engine.settings().platform_name,
        }
    }

    /// What the platform wants of an item now: a pass asks once.
    fn render(&self, item: &Item) -> DesiredState {
        let context = RenderContext {
            user_id: &self.integration.user_id,
            user_time_zone: self.user_time_zone.as_deref(),
            policy: &self.policy,
            now: self.now,
        };
        render(item, context)
    }

    fn plan(&self, due: &DueMapping, desired: &DesiredState) -> PlanStep {
        plan(self.plan_context(&due.item.key), desired, &due.mapping)
    }
}
