//! One pass over one integration that [`crate::worker`] claimed: token, plan, call Google, store the outcome.
//!
//! The order keeps the two promises: what Google will know us by is stored before the call that
//! tells it, and no transaction is open while Google is called.

mod commit;
mod integration_failure;
mod mapping;
mod old_calendars;
mod own_calendar;
mod stop;

use calsync_core::event_id::EventPlace;
use calsync_core::outcome::Outcome;
use calsync_core::plan::{PlanContext, PlanStep, plan};
use calsync_core::render::{RenderContext, render};
use calsync_store::integrations::{self, IntegrationWithTokens};
use calsync_store::leases::{self, Lease};
use calsync_store::mappings::{self, Due, DueMapping, Intent};
use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};
use tracing::field::Empty;

use crate::tokens::{self, AccessError};
use crate::transaction::retrying_tx;
use crate::{Engine, EngineError, trace};
use commit::PassResult;
use integration_failure::IntegrationFailure;
use mapping::{MappingResult, Pass};
use stop::Stop;

/// The longest that one call to Google may take: the transport must keep to it, since a lease is
/// trusted that long beyond its last look.
pub const CALL_LIMIT: std::time::Duration = std::time::Duration::from_secs(10);

/// A call is sent only with this much of the lease left: longer than [`CALL_LIMIT`], since Google
/// checks no fence.
const LEASE_LEFT_MIN: SignedDuration = SignedDuration::from_secs(12);

/// A mapping with its first step, as it goes to Google.
struct Planned {
    due: DueMapping,
    first: PlanStep,
}

/// Runs one pass and lets the lease go.
///
/// # Errors
/// If the store fails, or the lease was lost: then nothing of the pass was stored, and the next
/// holder looks for itself. Whoever took the lease, a disconnect or a new connection, learns here that the
/// calls are over.
pub async fn pass(engine: &Engine, lease: &Lease) -> Result<(), EngineError> {
    let span = tracing::error_span!("pass", trace_id = Empty, integration_id = lease.integration_id);
    let ended = trace::traced(span, || engine.new_id(), run(engine, lease)).await;
    if ended.as_ref().is_err_and(EngineError::is_lease_lost) {
        retrying_tx!(engine, |tx| leases::release_revoked(tx, lease).await?)?;
    }
    ended
}

/// Whether a call that is sent now ends before `lease_until`.
fn lease_covers_call(engine: &Engine, lease_until: Timestamp) -> bool {
    engine.now() + LEASE_LEFT_MIN <= lease_until
}

async fn run(engine: &Engine, lease: &Lease) -> Result<(), EngineError> {
    // One transaction for all that a pass reads: each costs as much as several statements.
    let mut tx = engine.store().read().await?;
    let loaded = integrations::load(&mut tx, engine.store().keyring(), &lease.integration_id).await?;
    let Some(IntegrationWithTokens { integration, tokens, user_time_zone }) = loaded else { return Ok(()) };
    let mappings_max = i64::try_from(engine.settings().mappings_per_pass).unwrap_or(i64::MAX);
    let Due { mappings, unreadable } =
        mappings::due(&mut tx, &integration.id, engine.now(), mappings_max).await?;
    let has_old_calendars =
        integration.leaves_own_calendar && mappings::next_due(&mut tx, &integration.id).await?.is_none();
    drop(tx);
    let mut result = PassResult::new(engine, lease, &integration);
    result.unreadable(unreadable);
    let access = match tokens::access(engine, &integration, Some(tokens)).await? {
        Ok(access) => access,
        Err(AccessError::Busy) => {
            result.reschedule_soon();
            return result.commit(None).await;
        }
        Err(AccessError::Failed(failure)) => {
            result.journal.note(None, tokens::OPERATION, Err(&failure));
            result.set_failure(IntegrationFailure::of(&failure));
            return result.commit(None).await;
        }
    };
    if access.is_new {
        result.journal.note(None, tokens::OPERATION, Ok(Outcome::Done));
    }
    let stop = Stop::new(engine, lease);
    let google = stop.google();
    match &integration.target_calendar_id {
        Some(_) if has_old_calendars => {
            old_calendars::remove_old_calendars(engine, &google, lease, &integration, &access, result).await
        }
        Some(calendar_id) => {
            let event = EventPlace { integration_id: &integration.id, epoch: integration.epoch, calendar_id };
            let pass = Pass {
                engine,
                google,
                lease,
                integration: &integration,
                event,
                access: &access,
                policy: engine.policy(&integration),
                user_time_zone,
                now: engine.now(),
                stop,
            };
            sync(&pass, mappings, result).await
        }
        None => own_calendar::make(engine, &google, lease, &integration, &access, result).await,
    }
}

async fn sync(pass: &Pass<'_>, due: Vec<DueMapping>, mut result: PassResult<'_>) -> Result<(), EngineError> {
    let planned = record_intents(pass, due).await?;
    let at_once = pass.engine.settings().calls_in_flight_per_integration.max(1);
    let done: Vec<MappingResult> = futures_util::stream::iter(planned)
        .map(|planned| pass.run(planned))
        .buffer_unordered(at_once)
        .collect()
        .await;
    if let Some(failure) = pass.stop.take() {
        result.set_failure(failure);
    }
    for mapping in done {
        result.add_mapping(mapping);
    }
    result.commit(Some(pass.access)).await
}

/// Plans the first step of each mapping, and stores the intents in one transaction before the calls:
/// where and in which state, of each insert and delete.
async fn record_intents(pass: &Pass<'_>, due: Vec<DueMapping>) -> Result<Vec<Planned>, EngineError> {
    let mut planned: Vec<Planned> =
        due.into_iter().map(|due| Planned { first: pass.plan(&due), due }).collect();
    let mut intents = Vec::new();
    for Planned { due: DueMapping { item, incarnation, mapping, .. }, first } in &mut planned {
        let intended = match first {
            PlanStep::Insert { address, .. } => {
                mapping.on_insert_sent(address.clone());
                mapping.clone()
            }
            // Store `Deleting` but keep `Present` in memory: if Google rejects the delete, the event is still there.
            PlanStep::Delete => {
                let mut intended = mapping.clone();
                intended.on_delete_sent(pass.now);
                intended
            }
            // After the look the event goes, in the same pass.
            PlanStep::FetchPrevious | PlanStep::DeletePrevious { .. } => {
                let mut intended = mapping.clone();
                intended.on_previous_delete_sent();
                intended
            }
            _ => continue,
        };
        intents.push(Intent { item: &item.key, incarnation: *incarnation, mapping: intended });
    }
    if intents.is_empty() {
        return Ok(planned);
    }
    retrying_tx!(pass.engine, |tx| {
        leases::renew(tx, pass.lease).await?;
        mappings::record_intents(tx, &pass.integration.id, &intents).await?;
    })?;
    Ok(planned)
}

impl Pass<'_> {
    fn plan_context<'a>(&'a self, item: &'a calsync_core::item::ItemKey) -> PlanContext<'a> {
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
