//! What one line of the table of reasons says. `BlastRadius` is the widest scope that a reason can have;
//! statistics may narrow it. What users read stands in
//! `for_users`.

use serde::{Deserialize, Serialize};

/// The widest scope that a reason can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BlastRadius {
    /// One item.
    Item,
    /// One calendar.
    Calendar,
    /// One user.
    User,
    /// The users of one Google Workspace domain.
    Domain,
    /// Our Google app.
    Client,
    /// Our Google Cloud project.
    Project,
    /// Google, for everyone.
    Google,
    /// Our own service.
    Service,
}

/// How the engine reacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// Not a failure of an operation: nothing to react to.
    None,
    /// The engine mends it itself at once: looks, merges, tries again.
    Mend,
    /// The item tries again, after pauses that double.
    Backoff,
    /// A refusal for good: the third in a row parks the item.
    Park,
    /// The whole integration slows down for a while.
    PauseIntegration,
    /// The whole integration stops until its user does something.
    StopIntegration,
    /// Every integration waits, and one call a minute tries whether it is over.
    PauseDeployment,
}

impl Reaction {
    /// Whether more than one item waits for a while, and goes on by itself.
    pub const fn is_pause(self) -> bool {
        matches!(self, Self::PauseIntegration | Self::PauseDeployment)
    }
}

/// Who has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// The user.
    User,
    /// A support admin.
    Support,
    /// An operator of the deployment.
    Operator,
    /// Nobody: it mends itself.
    Nobody,
}

/// The next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct NextStep {
    /// In plain words.
    pub text: &'static str,
    /// Who does it.
    pub who: Actor,
    /// The name of the action behind a button, where there is one.
    pub action: Option<&'static str>,
}

/// A reason's line.
#[derive(Clone, Debug)]
pub struct ReasonInfo {
    /// How far it can reach.
    pub blast_radius: BlastRadius,
    /// What the engine does.
    pub reaction: Reaction,
    /// To the admin.
    pub admin_sentence: &'static str,
    /// What to do.
    pub next_step: NextStep,
}

pub(super) const fn user(text: &'static str, action: &'static str) -> NextStep {
    NextStep { text, who: Actor::User, action: Some(action) }
}

pub(super) const fn by_hand(text: &'static str) -> NextStep {
    NextStep { text, who: Actor::User, action: None }
}

pub(super) const fn support(text: &'static str, action: &'static str) -> NextStep {
    NextStep { text, who: Actor::Support, action: Some(action) }
}

pub(super) const fn operator(text: &'static str) -> NextStep {
    NextStep { text, who: Actor::Operator, action: None }
}

pub(super) const fn nobody(text: &'static str) -> NextStep {
    NextStep { text, who: Actor::Nobody, action: None }
}
