//! One pass over one integration that [`crate::worker`] claimed: token, plan, call Google, store the outcome.
//!
//! The order keeps the two promises: what Google will know us by is stored before the call that
//! tells it, and no transaction is open while Google is called.

mod commit;
mod job;
mod mapping;
mod old_calendars;
mod own_calendar;
mod stop;

use calsync_core::event_id::EventPlace;
use calsync_core::item::ItemKey;
use calsync_core::outcome::Operation;
use calsync_core::plan::{Mapping, PlanContext, PlanStep, UserEdit, plan};
use calsync_core::render::{RenderContext, render};
use calsync_core::sync_state::SyncState;
use calsync_store::integrations::{self, Integration, IntegrationWithTokens};
use calsync_store::leases::{self, Lease};
use calsync_store::mappings::{self, Due, DueMapping};
use calsync_store::user_edits;
use futures_util::StreamExt;
use jiff::Timestamp;
use tracing::field::Empty;

use crate::google::{AuthorizedClient, CallError, Lane};
use crate::transaction::retrying_tx;
use crate::{Engine, EngineError, trace};
use commit::PassResult;
pub(crate) use job::SyncPass;
pub use job::claim;
use mapping::Pass;
use stop::Stop;

/// A mapping with its first step, as it goes to Google.
struct Planned {
    due: DueMapping,
    first: PlanStep,
}

impl Planned {
    /// Plans the first step. What is as it was last settled is looked at where something else was wanted in
    /// between: a pass that died may have sent that, and its user may have edited the event.
    fn of(pass: &Pass<'_>, mut due: DueMapping) -> Self {
        let mut first = pass.plan(&due);
        if matches!(first, PlanStep::Done(SyncState::Synced, _)) && due.revisions.has_skipped() {
            due.mapping.mark_stale();
            first = pass.plan(&due);
        }
        Self { due, first }
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
pub async fn pass(engine: &Engine, lease: &Lease) -> Result<(), EngineError> {
    let span = tracing::error_span!("pass", trace_id = Empty, integration_id = lease.integration_id);
    let ended = trace::traced(span, || engine.new_id(), Box::pin(run(engine, lease))).await;
    if ended.as_ref().is_err_and(EngineError::is_lease_lost) {
        retrying_tx!(engine, |tx| leases::release_revoked(tx, lease).await?)?;
    }
    ended
}

async fn run(engine: &Engine, lease: &Lease) -> Result<(), EngineError> {
    // One transaction for all that a pass reads: each costs as much as several statements.
    let mut tx = engine.store().read().await?;
    let loaded = integrations::load(&mut tx, engine.store().keyring(), &lease.integration_id).await?;
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
    .without(lease.paused.clone());
    let room = google.room();
    let mappings_max = mappings_max(engine, lease, &integration, room);
    let Due { mappings, unreadable } =
        mappings::due(&mut tx, &integration.id, engine.now(), mappings_max).await?;
    let has_old_calendars = integration.leaves_own_calendar
        && !google.is_paused(Operation::DeleteCalendar)
        && mappings::next_due(&mut tx, &integration.id).await?.is_none();
    drop(tx);
    let mut result = PassResult::new(engine, lease, &integration, (&google, &stop));
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
        leases::renew(tx, lease).await?;
        leases::release_paused(tx, lease).await?;
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
        leases::renew(tx, pass.lease).await?;
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

    fn plan(&self, due: &DueMapping) -> PlanStep {
        let context = RenderContext {
            user_id: &self.integration.user_id,
            user_time_zone: self.user_time_zone.as_deref(),
            policy: &self.policy,
            now: self.now,
        };
        plan(self.plan_context(&due.item.key), &render(&due.item, context), &due.mapping)
    }
}
