//! The stamp: private extended properties that say whose event it is and what we last wrote.
//!
//! It says what we meant, and the base says what Google made of it. Where the base is of another write than
//! the stamp, an answer was lost: then fields that match the stamp were last written by us, and only a
//! mismatch is a user's edit.

use std::ops::Range;

use crate::item::{ItemKey, ItemKind};
use crate::managed::{Base, FieldHashes};
use crate::markup;
use crate::remote::RemoteEvent;

const DEPLOYMENT: &str = "calsync_deployment";
/// The key to list an integration's events by.
pub const INTEGRATION: &str = "calsync_integration";
const ITEM: &str = "calsync_item";
const GENERATION: &str = "calsync_generation";
const WANTED: &str = "calsync_wanted";
const WRITTEN: &str = "calsync_written";
const MANAGED_TEXT: &str = "calsync_block";

/// Whether `key` names a property of the stamp.
pub fn is_of_stamp(key: &str) -> bool {
    [DEPLOYMENT, INTEGRATION, ITEM, GENERATION, WANTED, WRITTEN, MANAGED_TEXT].contains(&key)
}

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

/// The item and the generation that the stamp of `event` names, if it is this integration's.
pub fn stamped_item(
    event: &RemoteEvent,
    deployment_id: &str,
    integration_id: &str,
) -> Option<(ItemKey, i64)> {
    let (kind, id) = event.private(ITEM)?.split_once(':')?;
    let item = ItemKey { kind: ItemKind::from_name(kind)?, id: id.to_owned() };
    let owner = Owner { deployment_id, integration_id, item: &item };
    let generation = event.private(GENERATION)?.parse().ok()?;
    (ownership(event, &owner) == Ownership::Ours).then_some((item, generation))
}

/// What an event's stamp says of our last write to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StampContents {
    /// What the platform wanted then.
    pub wanted: FieldHashes,
    /// What we wrote.
    pub written: FieldHashes,
    /// Where our text in the description began, in bytes.
    pub text_start: usize,
    /// How long it was, in bytes.
    pub text_length: usize,
    /// How many characters of it are seen, white space apart.
    pub text_seen: Option<usize>,
}

impl StampContents {
    /// Whether it tells of `base`.
    pub fn matches(&self, base: &Base) -> bool {
        self.wanted == base.wanted && self.written == base.written
    }
}

/// Stamps `event`, whose managed fields were just set to `base.agreed`, with our text at `managed_text`.
pub fn stamp(
    event: &mut RemoteEvent,
    owner: &Owner<'_>,
    generation: i64,
    base: &Base,
    managed_text: &Range<usize>,
) {
    let seen = markup::without_space(&base.agreed.managed_text).chars().count();
    event.set_private([
        (DEPLOYMENT, owner.deployment_id.to_owned()),
        (INTEGRATION, owner.integration_id.to_owned()),
        (ITEM, owner.item.to_string()),
        (GENERATION, generation.to_string()),
        (WANTED, base.wanted.as_text().to_owned()),
        (WRITTEN, base.written.as_text().to_owned()),
        (MANAGED_TEXT, format!("{}+{}/{seen}", managed_text.start, managed_text.len())),
    ]);
}

/// What the stamp of `event` says, if it can be read.
pub fn contents(event: &RemoteEvent) -> Option<StampContents> {
    let (text_start, length) = event.private(MANAGED_TEXT)?.split_once('+')?;
    let (text_length, seen) = length.split_once('/').map_or((length, None), |(l, seen)| (l, Some(seen)));
    Some(StampContents {
        wanted: FieldHashes::from_text(event.private(WANTED)?)?,
        written: FieldHashes::from_text(event.private(WRITTEN)?)?,
        text_start: text_start.parse().ok()?,
        text_length: text_length.parse().ok()?,
        text_seen: seen.and_then(|seen| seen.parse().ok()),
    })
}
