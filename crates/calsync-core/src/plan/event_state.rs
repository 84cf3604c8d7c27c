//! Where a mapping's event stands, with what is known of it there and no more.

use jiff::Timestamp;

use super::location::{Address, RemoteCopy};

/// What is known of a mapping's event at Google.
///
/// ```text
///            insert sent               answer
///  unsent ───────────────▶ unconfirmed ──────▶ present ◀──── update
///    ▲  fetched: never was  │ ▲ answer lost      │ │ └───────────▶ unreachable ── made elsewhere ─▶ unconfirmed
///    └──────────────────────┤ └──────────────────┘ │ calendar closed    │
///        fetched: tombstone │          delete sent ▼                    │ delete sent
///                           │                  deleting ◀──────────────┘
///                           ▼                      │ └──▶ deleted ── next generation ─▶ unconfirmed
///                   deleted_by_user ◀──────────────┘ fetched, or deleted: gone, and not by us
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum EventState {
    /// Google has never heard of this generation.
    Unsent,
    /// A write may have been sent: fetch before anything else.
    Unconfirmed {
        /// Where it is, if it is.
        address: Address,
        /// The event before that; none where it was an insert.
        copy: Option<RemoteCopy>,
    },
    /// It was there when we last looked.
    Present {
        /// Where.
        address: Address,
        /// What was seen.
        copy: RemoteCopy,
    },
    /// It was there before its calendar was closed to us.
    Unreachable {
        /// Where.
        address: Address,
        /// What was last seen: all that can go to another calendar.
        copy: RemoteCopy,
    },
    /// A delete may have been sent.
    Deleting {
        /// Where it is, if it still is.
        address: Address,
        /// What was last seen, if anything was.
        copy: Option<RemoteCopy>,
        /// When a delete may first have been sent, by our clock. None where it is of no interest who removes
        /// the event, since the platform ended its item's incarnation.
        delete_sent_at: Option<Timestamp>,
    },
    /// We removed it.
    Deleted,
    /// The user removed it.
    DeletedByUser,
}

impl EventState {
    /// Where the event is, or may be.
    pub const fn address(&self) -> Option<&Address> {
        match self {
            Self::Unconfirmed { address, .. }
            | Self::Present { address, .. }
            | Self::Unreachable { address, .. }
            | Self::Deleting { address, .. } => Some(address),
            Self::Unsent | Self::Deleted | Self::DeletedByUser => None,
        }
    }

    /// The event as it was last seen.
    pub const fn copy(&self) -> Option<&RemoteCopy> {
        match self {
            Self::Present { copy, .. } | Self::Unreachable { copy, .. } => Some(copy),
            Self::Unconfirmed { copy, .. } | Self::Deleting { copy, .. } => copy.as_ref(),
            Self::Unsent | Self::Deleted | Self::DeletedByUser => None,
        }
    }

    /// The same, taken out.
    pub(super) fn into_copy(self) -> Option<RemoteCopy> {
        match self {
            Self::Present { copy, .. } | Self::Unreachable { copy, .. } => Some(copy),
            Self::Unconfirmed { copy, .. } | Self::Deleting { copy, .. } => copy,
            Self::Unsent | Self::Deleted | Self::DeletedByUser => None,
        }
    }
}
