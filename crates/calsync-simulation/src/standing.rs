//! How each user stands with us, as the oracle knows it: connected or not, known to the platform or not.

use std::collections::{BTreeMap, BTreeSet};

/// A user's connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Connection {
    /// It works, or its user may think so.
    Connected,
    /// The user took our access away in Google.
    Revoked,
    /// It is over, and what we could not remove is still there, until the disconnect of this id is cleaned up.
    Leftovers(String),
    /// It is over, and nothing of ours is left.
    #[default]
    Disconnected,
}

/// A user as the platform knows them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Presence {
    /// They are there.
    There,
    /// Their deletion was asked for.
    Deleting,
    /// Not yet, or not any more.
    #[default]
    Absent,
}

/// A user who leaves.
pub(crate) struct PendingDisconnect {
    pub(crate) user: &'static str,
    pub(crate) id: String,
    /// Whether Google had ended the grant before we could use it to the end.
    pub(crate) lost_grant: bool,
}

/// How all users stand.
#[derive(Debug, Default)]
pub(crate) struct Standings {
    connections: BTreeMap<&'static str, Connection>,
    presences: BTreeMap<&'static str, Presence>,
    /// Users who chose another calendar since both sides last agreed.
    moving: BTreeSet<&'static str>,
    /// Users whose consent was given and not yet used: Google may hold a grant that we don't know of.
    consenting: BTreeSet<&'static str>,
    /// Users of whom we may hold a dead grant without a sign of it: they took our access away, and a
    /// consent after that, with which Google gave its refresh token, was lost on its way to us.
    dead_grants: BTreeSet<&'static str>,
}

impl Standings {
    pub(crate) fn connection(&self, user: &str) -> Connection {
        self.connections.get(user).cloned().unwrap_or_default()
    }

    pub(crate) fn set_connection(&mut self, user: &'static str, connection: Connection) {
        if !matches!(connection, Connection::Connected | Connection::Revoked) {
            self.moving.remove(user);
        }
        self.connections.insert(user, connection);
    }

    pub(crate) fn is_connected(&self, user: &str) -> bool {
        self.connection(user) == Connection::Connected
    }

    pub(crate) fn is_disconnected(&self, user: &str) -> bool {
        self.connection(user) == Connection::Disconnected
    }

    pub(crate) fn presence(&self, user: &str) -> Presence {
        self.presences.get(user).copied().unwrap_or_default()
    }

    pub(crate) fn set_presence(&mut self, user: &'static str, presence: Presence) {
        self.presences.insert(user, presence);
    }

    /// `user` chose another calendar.
    pub(crate) fn moves(&mut self, user: &'static str) {
        self.moving.insert(user);
    }

    /// Whether events of `user` may be in two calendars at this moment.
    pub(crate) fn is_moving(&self, user: &str) -> bool {
        self.moving.contains(user)
    }

    /// `user` gave a consent in Google's page, from which something may come.
    pub(crate) fn consents(&mut self, user: &'static str) {
        self.consenting.insert(user);
    }

    /// A connection has taken over whatever grant there was.
    pub(crate) fn consent_is_used(&mut self, user: &str) {
        self.consenting.remove(user);
    }

    /// A disconnect, or a consent that we asked for since the grant was dead, leaves no dead grant.
    pub(crate) fn grant_is_new(&mut self, user: &str) {
        self.dead_grants.remove(user);
    }

    /// Whether Google may hold a grant of `user` that belongs to no connection.
    pub(crate) fn may_have_spare_grant(&self, user: &str) -> bool {
        self.consenting.contains(user)
    }

    /// A consent of `user` came to nothing.
    pub(crate) fn consent_failed(&mut self, user: &'static str) {
        if self.connection(user) == Connection::Revoked {
            self.dead_grants.insert(user);
        }
    }

    /// Whether the connection of `user` may still end for a grant that is dead.
    pub(crate) fn may_hold_dead_grant(&self, user: &str) -> bool {
        self.dead_grants.contains(user)
    }

    /// Both sides agree now.
    pub(crate) fn settled(&mut self) {
        self.moving.clear();
    }
}
