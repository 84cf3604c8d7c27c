//! The stamp: private extended properties that say whose event it is and what we last wrote.
//!
//! A remote whose owned fields match its own stamp was last written by us, whatever the base
//! says; only a mismatch is a user's edit. The stamp carries the base with it, so an update whose
//! answer was lost is understood from the event alone.

use crate::item::ItemKey;
use crate::owned::{Base, FieldHashes, Owned};
use crate::remote::RemoteEvent;

const DEPLOYMENT: &str = "calsync_deployment";
/// The key to list an integration's events by.
pub const INTEGRATION: &str = "calsync_integration";
const ITEM: &str = "calsync_item";
const GENERATION: &str = "calsync_generation";
const WANTED: &str = "calsync_wanted";
const WRITTEN: &str = "calsync_written";
const BLOCK: &str = "calsync_block";

/// Whose an event of ours is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner<'a> {
    /// This installation of calsync.
    pub deployment_id: &'a str,
    /// The integration.
    pub integration_id: &'a str,
    /// The item.
    pub item: &'a ItemKey,
}

/// Whom an event's stamp names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// Ours.
    Ours,
    /// Nobody: the stamp is gone.
    Unstamped,
    /// Another deployment's, integration's or item's: never touched.
    Foreign,
}

/// Whose `event` is, seen from `owner`.
pub fn ownership(event: &RemoteEvent, owner: &Owner<'_>) -> Ownership {
    let stamped =
        (event.private(DEPLOYMENT), event.private(INTEGRATION), event.private(ITEM).map(str::to_owned));
    match stamped {
        (None, None, None) => Ownership::Unstamped,
        (Some(deployment), Some(integration), Some(item))
            if deployment == owner.deployment_id
                && integration == owner.integration_id
                && item == owner.item.to_string() =>
        {
            Ownership::Ours
        }
        _ => Ownership::Foreign,
    }
}

/// Stamps `event`, whose owned fields were just set to `base.agreed`.
pub fn stamp(event: &mut RemoteEvent, owner: &Owner<'_>, generation: i64, base: &Base) {
    let description = event.description();
    let offset = description.find(&base.agreed.block).unwrap_or(0);
    let block = format!("{offset}+{}", base.agreed.block.len());
    event.set_private([
        (DEPLOYMENT, owner.deployment_id.to_owned()),
        (INTEGRATION, owner.integration_id.to_owned()),
        (ITEM, owner.item.to_string()),
        (GENERATION, generation.to_string()),
        (WANTED, base.wanted.as_text().to_owned()),
        (WRITTEN, FieldHashes::of(&base.agreed).as_text().to_owned()),
        (BLOCK, block),
    ]);
}

/// The base that `event` carries, if its owned fields are still what its stamp says.
pub fn carried_base(event: &RemoteEvent) -> Option<Base> {
    let wanted = FieldHashes::from_text(event.private(WANTED)?)?;
    let written = FieldHashes::from_text(event.private(WRITTEN)?)?;
    let (offset, length) = event.private(BLOCK)?.split_once('+')?;
    let start: usize = offset.parse().ok()?;
    let block = event.description().get(start..start.checked_add(length.parse().ok()?)?)?;
    let agreed: Owned = event.owned(block.to_owned())?;
    (FieldHashes::of(&agreed) == written).then_some(Base { wanted, agreed })
}
