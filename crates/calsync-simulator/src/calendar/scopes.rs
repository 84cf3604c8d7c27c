//! How far a token reaches, by its scopes.
//!
//! Most scopes reach every calendar the user can; a few reach only some. The widest of a token's scopes counts.

use super::Operation;
use crate::api_error::ApiError;
use crate::oauth::scopes::PREFIX;
use crate::world::grants::Caller;

/// The calendars that a token reaches for one method, narrowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// `calendar.events.public.readonly`: no calendar here is public.
    Public,
    /// `calendar.events.freebusy`: all, but only when they are busy.
    FreeBusy,
    /// `calendar.app.created`: those that this client made.
    AppCreated,
    /// `calendar.events.owned`: those that the user owns.
    Owned,
    /// All of the user's.
    All,
}

pub(crate) fn reach(operation: Operation, caller: &Caller) -> Result<Reach, ApiError> {
    let held = |scope: &&&str| caller.scopes.contains(&format!("{PREFIX}{scope}"));
    operation
        .scopes()
        .iter()
        .filter(held)
        .map(|scope| match *scope {
            "calendar.events.public.readonly" => Reach::Public,
            "calendar.events.freebusy" => Reach::FreeBusy,
            "calendar.app.created" => Reach::AppCreated,
            "calendar.events.owned" | "calendar.events.owned.readonly" => Reach::Owned,
            _ => Reach::All,
        })
        .max()
        .ok_or_else(|| ApiError::scope_insufficient(&rpc_name(operation)))
}

/// `events.list` as the error's metadata writes it: `Events.List`.
fn rpc_name(operation: Operation) -> String {
    let capital = |part: &str| part[..1].to_uppercase() + &part[1..];
    operation.name().split('.').map(capital).collect::<Vec<_>>().join(".")
}
