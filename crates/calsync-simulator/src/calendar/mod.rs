//! The Calendar API v3: from a request to a method, and through the gates before it.
//!
//! The gates, in Google's order: fault rules, token, quota, scope; then the method itself. All of it is one
//! critical section; JSON is read before and written after it.

pub(crate) mod batch;
mod calendar_list;
mod calendars;
mod call;
mod colors;
pub(crate) mod events;
mod freebusy;
mod operation;
mod partial;
mod reply;
mod scopes;
mod settings;
mod tokens;

use axum::body::{Body, to_bytes};
use axum::extract::State;
use http::request::Parts;
use http::{Request, Response, StatusCode, header};

use crate::answer::Answer;
use crate::api_error::ApiError;
use crate::app_state::AppState;
use crate::delivery::{Delivery, deliver};
use crate::faults::Target;
use crate::quota::Charge;
use crate::world::World;
use crate::world::grants::Caller;

pub(crate) use call::{Call, Context};
pub(crate) use operation::Operation;
pub(crate) use reply::{Payload, Reply};
use scopes::Reach;

/// The largest body that is read.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Serves `/calendar/v3/…`.
pub(crate) async fn endpoint(State(state): State<AppState>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let gzip = accepts_gzip(&parts);
    let delivery = match to_bytes(body, BODY_BYTES_MAX).await {
        Ok(body) => perform(&state, Call::read(&parts, body)),
        Err(_) => Answer::empty(StatusCode::PAYLOAD_TOO_LARGE).into(),
    };
    deliver(&state, delivery, gzip).await
}

/// Serves what isn't there, in Google's shape.
pub(crate) async fn not_there(State(state): State<AppState>) -> Response<Body> {
    deliver(&state, Answer::from(ApiError::not_found()).into(), false).await
}

pub(crate) fn accepts_gzip(parts: &Parts) -> bool {
    let accepted = parts.headers.get_all(header::ACCEPT_ENCODING);
    accepted.iter().filter_map(|value| value.to_str().ok()).any(|value| value.contains("gzip"))
}

/// Does one call, alone or as a part of a batch.
pub(crate) fn perform(state: &AppState, call: Call) -> Delivery {
    let now = state.now();
    let enforce = state.options().enforce_quotas;
    let (effect, outcome) = {
        let mut guard = state.world();
        let world = &mut *guard;
        world.quota.count_request(call.method_name());
        world.quota.writes += u64::from(!call.is_read());
        let caller = world.grants.caller(call.token.as_deref(), now);
        let effect = apply(world, &call, caller.as_ref().ok());
        if let Some(answer) = effect.refusal("calendar") {
            drop(guard);
            return Delivery { answer, effect };
        }
        let outcome = caller.and_then(|caller| run(world, &call, caller, now, enforce));
        (effect, outcome)
    };
    let answer = outcome.and_then(|reply| reply.render(&call)).unwrap_or_else(Answer::from);
    Delivery { answer, effect }
}

fn apply(world: &mut World, call: &Call, caller: Option<&Caller>) -> crate::faults::FaultEffect {
    let email = caller.map(|caller| caller.email.as_str());
    let account = email.and_then(|email| world.accounts.get(email));
    let target = Target {
        api: "calendar",
        method: call.method_name(),
        account: email,
        domain: account.map(crate::world::Account::domain),
        calendar: match call.calendar_id() {
            Some("primary") => email,
            other => other,
        },
    };
    world.faults.apply(&target, &mut world.random)
}

fn run(
    world: &mut World,
    call: &Call,
    caller: Caller,
    now: jiff::Timestamp,
    enforce: bool,
) -> Result<Reply, ApiError> {
    let Some(operation) = call.operation() else { return Err(ApiError::not_found()) };
    let charge = Charge {
        project: caller.project(),
        user: &caller.email,
        method: operation.name(),
        units: operation.units(),
    };
    world.quota.charge(&charge, now, enforce)?;
    let reach = scopes::reach(operation, &caller)?;
    let mut context = Context { world, call, caller, reach, now };
    dispatch(operation, &mut context)
}

/// Does the method itself.
fn dispatch(operation: Operation, context: &mut Context<'_>) -> Result<Reply, ApiError> {
    match operation {
        Operation::CalendarListList => calendar_list::list(context),
        Operation::CalendarListGet => calendar_list::get(context),
        Operation::CalendarsGet => calendars::get(context),
        Operation::CalendarsInsert => calendars::insert(context),
        Operation::CalendarsPatch => calendars::patch(context),
        Operation::CalendarsUpdate => calendars::update(context),
        Operation::CalendarsDelete => calendars::delete(context),
        Operation::EventsList => events::list::list(context),
        Operation::EventsGet => events::get::get(context),
        Operation::EventsInsert => events::insert::insert(context),
        Operation::EventsImport => events::import::import(context),
        Operation::EventsInstances => events::instances::instances(context),
        Operation::EventsMove => events::move_event::move_event(context),
        Operation::EventsUpdate => events::update::update(context),
        Operation::EventsPatch => events::patch::patch(context),
        Operation::EventsDelete => events::delete::delete(context),
        Operation::FreebusyQuery => freebusy::query(context),
        Operation::SettingsList => settings::list(context),
        Operation::SettingsGet => settings::get(context),
        Operation::ColorsGet => Ok(colors::get()),
    }
}

/// Does a call as the user itself would by hand: with every scope, past all gates.
pub(crate) fn as_user(state: &AppState, call: &Call, email: &str) -> Result<Reply, ApiError> {
    let now = state.now();
    let mut world = state.world();
    let operation = call.operation().ok_or_else(ApiError::not_found)?;
    let caller = Caller::user(&email.to_lowercase());
    let mut context = Context { world: &mut world, call, caller, reach: Reach::All, now };
    dispatch(operation, &mut context)
}
