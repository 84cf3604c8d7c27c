//! A pair: one item in one integration, and what is known of it at Google. Each answer of
//! Google's moves it by one of the functions here.

use crate::named::named;
use crate::owned::Base;
use crate::remote::RemoteEvent;
use crate::stamp::carried_base;

named! {
    /// What is known of a pair's event at Google.
    ///
    /// ```text
    ///            insert sent             answer
    ///  untold ───────────────▶ told ─────────────▶ there ◀──── update
    ///    ▲  looked: never was   │                    │ delete sent
    ///    └──────────────────────┤ looked: tombstone  ▼
    ///                           ▼                 removing ──▶ removed_by_us ── next generation ─▶ told
    ///                   removed_by_user ◀── looked: gone, and not by us
    /// ```
    Phase {
        /// Google has never heard of this generation.
        Untold => "untold",
        /// A write may have been sent: look before anything else.
        Told => "told",
        /// It was there when we last looked.
        There => "there",
        /// A delete may have been sent.
        Removing => "removing",
        /// We removed it.
        RemovedByUs => "removed_by_us",
        /// The user removed it.
        RemovedByUser => "removed_by_user",
    }
}

/// What is known of one item in one integration.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Part of the event's id; raised only after a removal of ours.
    pub generation: i64,
    /// The phase.
    pub phase: Phase,
    /// The whole event as last seen.
    pub remote: Option<RemoteEvent>,
    /// What both sides last agreed on.
    pub base: Option<Base>,
}

impl Pair {
    /// A pair of which Google has never heard.
    pub const fn new() -> Self {
        Self { generation: 1, phase: Phase::Untold, remote: None, base: None }
    }

    /// An insert of `generation` is about to be sent.
    pub fn telling(&mut self, generation: i64) {
        *self = Self { generation, phase: Phase::Told, remote: None, base: None };
    }

    /// Google surely didn't make what it was told of.
    pub const fn not_told(&mut self) {
        if matches!(self.phase, Phase::Told) && self.base.is_none() {
            self.phase = Phase::Untold;
        }
    }

    /// A delete is about to be sent.
    pub const fn removing(&mut self) {
        self.phase = Phase::Removing;
    }

    /// A write was answered with `remote`.
    pub fn written(&mut self, remote: RemoteEvent, base: Base) {
        self.phase = Phase::There;
        self.remote = Some(remote);
        self.base = Some(base);
    }

    /// A delete was answered: it is gone, by us.
    pub fn removed(&mut self) {
        *self = Self { generation: self.generation, phase: Phase::RemovedByUs, remote: None, base: None };
    }

    /// It was gone before we asked for the first time: the user removed it.
    pub const fn removed_by_user(&mut self) {
        self.phase = Phase::RemovedByUser;
    }

    /// Google's copy is not the one that we knew, or may not be there: look.
    pub const fn doubt(&mut self) {
        self.phase = match self.phase {
            Phase::Removing => Phase::Removing,
            _ => Phase::Told,
        };
    }

    /// A look was answered with `remote`: `None` where Google has no trace of it.
    pub fn looked(&mut self, remote: Option<RemoteEvent>) {
        let was_there = self.base.is_some();
        self.phase = match (&remote, self.phase) {
            (Some(event), _) if !event.is_cancelled() => Phase::There,
            (_, Phase::Removing) => Phase::RemovedByUs,
            (Some(_), _) => Phase::RemovedByUser,
            (None, _) if was_there => Phase::RemovedByUser,
            (None, _) => Phase::Untold,
        };
        self.remote = remote.filter(|_| self.phase == Phase::There);
        // The stamp knows of a write whose answer we never heard.
        self.base = self.remote.as_ref().and_then(carried_base).or_else(|| self.base.take());
    }
}

impl Default for Pair {
    fn default() -> Self {
        Self::new()
    }
}
