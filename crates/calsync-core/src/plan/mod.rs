//! The planner: from what the platform wants and what is known of Google, the one next step.
//!
//! It is called again after each answer until it says [`PlanStep::Done`]. It never guesses: what may
//! or may not be at Google is looked at before anything is made, so a lost answer or a crash at
//! any point neither doubles nor resurrects an event.

mod answer;
mod description;
mod location;
mod managed_text;
mod mapping;
mod relocate;
mod update;
mod user_edit;

pub use location::{Address, PreviousCopy, PreviousLocation, PreviousState, PreviousVersion, RemoteCopy};
pub use mapping::{EventState, Mapping};
pub use user_edit::UserEdit;

use description::Described;
use managed_text::Found;
use update::update;

use serde_json::json;

use crate::event_id::{EventPlace, event_id};
use crate::item::ItemKey;
use crate::managed::{Base, FieldHashes, ManagedFields};
use crate::outcome::Operation;
use crate::reason::Reason;
use crate::remote::RemoteEvent;
use crate::render::DesiredState;
use crate::stamp::{self, Owner, Ownership};
use crate::sync_state::SyncState;

/// Where and for whom a mapping is planned.
#[derive(Clone, Copy, Debug)]
pub struct PlanContext<'a> {
    /// This installation of calsync.
    pub deployment_id: &'a str,
    /// The integration, its epoch and target calendar.
    pub event: EventPlace<'a>,
    /// The item.
    pub item: &'a ItemKey,
    /// The platform's name, shown beside an event's source.
    pub platform_name: &'a str,
}

impl<'a> PlanContext<'a> {
    const fn owner(&self) -> Owner<'a> {
        Owner {
            deployment_id: self.deployment_id,
            integration_id: self.event.integration_id,
            item: self.item,
        }
    }

    /// Where the mapping's next event is made: in the target calendar, under an id that was never used.
    fn next_address(&self, mapping: &Mapping) -> Address {
        let generation = mapping.last_generation + 1;
        Address {
            calendar_id: self.event.calendar_id.to_owned(),
            google_id: event_id(self.event, self.item, generation),
            generation,
        }
    }

    /// Whether the mapping's event is in another calendar than the target.
    pub fn is_elsewhere(&self, mapping: &Mapping) -> bool {
        mapping.event_state.address().is_some_and(|address| self.is_at_old_place(address))
    }

    fn is_at_old_place(&self, address: &Address) -> bool {
        address.calendar_id != self.event.calendar_id
    }
}

/// The next step for one mapping. What is stored before it is taken: [`PlanStep::intent`] and
/// [`PlanStep::lost_edits`].
#[derive(Clone, Debug, PartialEq)]
pub enum PlanStep {
    /// Nothing is left to do; this is the state to show.
    Done(SyncState, Option<Reason>),
    /// Read the event by its id.
    Fetch,
    /// Read the event at the location that the item moves away from.
    FetchPrevious,
    /// Make the event in the target calendar.
    Insert {
        /// The new event's calendar, id and generation.
        address: Address,
        /// The body.
        event: RemoteEvent,
        /// What is meant by it, for [`Mapping::on_written`].
        base: Base,
        /// What becomes of the user's edits in the event that it is a copy of.
        user_edits: Vec<UserEdit>,
    },
    /// Write the event back whole, if it is still at this etag.
    Update {
        /// The version that the change was made from.
        etag: String,
        /// The body.
        event: RemoteEvent,
        /// Whether the body names only what changes (`patch`), since the copy isn't whole.
        partial: bool,
        /// What is meant by it, for [`Mapping::on_written`].
        base: Base,
        /// What becomes of the user's edits that this step answers.
        user_edits: Vec<UserEdit>,
    },
    /// Remove the event.
    Delete,
    /// Remove the event at the location that the item moves away from, if it is still at this etag.
    DeletePrevious {
        /// The version whose content the new location has.
        etag: String,
        /// The user's edits there that the new location doesn't have.
        user_edits: Vec<UserEdit>,
    },
}

impl PlanStep {
    /// What it does at Google; none: nothing.
    pub const fn operation(&self) -> Option<Operation> {
        match self {
            Self::Done(..) => None,
            Self::Fetch | Self::FetchPrevious => Some(Operation::Get),
            Self::Insert { .. } => Some(Operation::Insert),
            Self::Update { .. } => Some(Operation::Update),
            Self::Delete | Self::DeletePrevious { .. } => Some(Operation::Delete),
        }
    }

    /// What has to be stored before this step is taken.
    pub fn intent(&self) -> Option<Intent> {
        match self {
            Self::Insert { address, .. } => Some(Intent::Insert(address.clone())),
            Self::Delete => Some(Intent::Delete),
            // After the look the event goes, in the same pass.
            Self::FetchPrevious | Self::DeletePrevious { .. } => Some(Intent::DeletePrevious),
            Self::Done(..) | Self::Fetch | Self::Update { .. } => None,
        }
    }

    /// What has to be stored too, since this step leaves nothing of it at Google.
    pub fn lost_edits(&self) -> impl Iterator<Item = &UserEdit> {
        self.user_edits().iter().filter(|user_edit| user_edit.is_lost())
    }

    /// What becomes of the user's edits with this step.
    pub fn user_edits(&self) -> &[UserEdit] {
        match self {
            Self::Insert { user_edits, .. }
            | Self::Update { user_edits, .. }
            | Self::DeletePrevious { user_edits, .. } => user_edits,
            Self::Done(..) | Self::Fetch | Self::FetchPrevious | Self::Delete => &[],
        }
    }
}

/// A call that may be sent once it is stored that it may have been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intent {
    /// An event is made here: Google will know us by its id.
    Insert(Address),
    /// The event is removed: a later tombstone may be ours.
    Delete,
    /// The event at the previous location is removed.
    DeletePrevious,
}

/// The next step towards `desired`.
pub fn plan(context: PlanContext<'_>, desired: &DesiredState, mapping: &Mapping) -> PlanStep {
    match (desired, &mapping.event_state) {
        // What the platform removed goes for good, also if it is wanted again: a later PUT starts anew.
        (_, EventState::Deleting { copy, .. }) => delete(context, copy.as_ref()),
        // Also what is to go: it may be gone already, and by the user.
        (_, EventState::Unconfirmed { .. }) => PlanStep::Fetch,
        // Finish the previous location first. While both events exist, a tombstone still tells which side deleted one.
        _ if let Some(previous) = previous(context, mapping) => {
            relocate::step_at_previous(context, desired, mapping, previous)
        }
        (
            DesiredState::Absent(_),
            EventState::Present { copy, .. } | EventState::Unreachable { copy, .. },
        ) => delete(context, Some(copy)),
        (DesiredState::Absent(Reason::KindOff), _) => {
            PlanStep::Done(SyncState::NotSent, Some(Reason::KindOff))
        }
        (DesiredState::Absent(reason), _) => PlanStep::Done(SyncState::Removed, Some(*reason)),
        (DesiredState::Present { .. }, EventState::DeletedByUser) => {
            PlanStep::Done(SyncState::RemovedByUser, Some(Reason::RemovedByUser))
        }
        (DesiredState::Present { too_old: true, .. }, EventState::Unsent | EventState::Deleted) => {
            PlanStep::Done(SyncState::NotSent, Some(Reason::TooOld))
        }
        (DesiredState::Present { managed, popup_minutes, .. }, EventState::Unsent | EventState::Deleted) => {
            insert(context, context.next_address(mapping), managed, *popup_minutes)
        }
        (
            DesiredState::Present { .. },
            EventState::Present { copy, .. } | EventState::Unreachable { copy, .. },
        ) if is_foreign(context, &copy.event) => park_conflict(),
        (DesiredState::Present { managed, .. }, EventState::Present { address, copy }) => {
            match context.is_at_old_place(address) && copy.event.can_be_copied() {
                true => relocate::insert_copy(context, mapping, copy, managed),
                false => update(context, address, copy, managed),
            }
        }
        (DesiredState::Present { managed, .. }, EventState::Unreachable { address, copy }) => {
            match context.is_at_old_place(address) {
                true => relocate::insert_copy(context, mapping, copy, managed),
                false => PlanStep::Fetch,
            }
        }
    }
}

fn delete(context: PlanContext<'_>, copy: Option<&RemoteCopy>) -> PlanStep {
    match copy.is_some_and(|copy| is_foreign(context, &copy.event)) {
        true => park_conflict(),
        false => PlanStep::Delete,
    }
}

/// The event that is to go from a previous location, unless it became somebody else's.
fn previous<'a>(context: PlanContext<'_>, mapping: &'a Mapping) -> Option<&'a PreviousCopy> {
    let previous = mapping.previous.as_ref().and_then(PreviousLocation::awaits_delete);
    previous.filter(|previous| !previous.fetched().is_some_and(|event| is_foreign(context, event)))
}

fn is_foreign(context: PlanContext<'_>, event: &RemoteEvent) -> bool {
    stamp::ownership(event, &context.owner()) == Ownership::Foreign
}

/// The id is ours and the stamp is another's: nobody's mistake that we may mend.
const fn park_conflict() -> PlanStep {
    PlanStep::Done(SyncState::Parked, Some(Reason::Conflict))
}

fn insert(
    context: PlanContext<'_>,
    address: Address,
    managed: &ManagedFields,
    popup_minutes: Option<i64>,
) -> PlanStep {
    let mut event = RemoteEvent::default();
    event.0.insert("id".into(), address.google_id.clone().into());
    if let Some(minutes) = popup_minutes {
        let popup = json!({"useDefault": false, "overrides": [{"method": "popup", "minutes": minutes}]});
        event.0.insert("reminders".into(), popup);
    }
    let described = description::replace("", Found::default(), &managed.managed_text);
    let managed = (FieldHashes::of_wanted(managed), managed.clone());
    let base = write(context, address.generation, &mut event, managed, described);
    PlanStep::Insert { address, event, base, user_edits: Vec::new() }
}

/// Writes `agreed`, with what the platform wants for it, into `event` and stamps it. Answers the base.
fn write(
    context: PlanContext<'_>,
    generation: i64,
    event: &mut RemoteEvent,
    (wanted, mut agreed): (FieldHashes, ManagedFields),
    described: Described,
) -> Base {
    agreed.managed_text = described.text;
    event.set_managed(&agreed, described.description, context.platform_name);
    let base = Base { wanted, written: FieldHashes::of(&agreed), agreed, etag: None };
    stamp::stamp(event, &context.owner(), generation, &base, &described.span);
    base
}
