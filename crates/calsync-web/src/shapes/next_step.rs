//! What to do next, and who does it. A user is never told to do what only an operator can.

use calsync_core::reason::{Actor, Reason};
use serde::Serialize;

use super::Audience;

/// A next step.
#[derive(Serialize)]
pub(crate) struct NextStep {
    text: &'static str,
    who: Actor,
    action: Option<&'static str>,
}

impl NextStep {
    /// What `actor` does; `action` names the button.
    pub(crate) const fn of(who: Actor, text: &'static str, action: Option<&'static str>) -> Self {
        Self { text, who, action }
    }

    /// In plain words.
    pub(crate) const fn text(&self) -> &'static str {
        self.text
    }

    /// The name of the action behind a button.
    pub(crate) const fn action(&self) -> Option<&'static str> {
        self.action
    }

    /// Who does it, in a word; empty: nobody has to.
    pub(crate) const fn who_word(&self) -> &'static str {
        match self.who {
            Actor::User => "user",
            Actor::Support => "support",
            Actor::Operator => "operator",
            Actor::Nobody => "",
        }
    }

    /// Nothing to do.
    pub(crate) const fn none() -> Self {
        Self::of(Actor::Nobody, "Nothing to do.", None)
    }

    /// What the table of reasons says, as far as it is the reader's.
    pub(crate) const fn for_reason(reason: Reason, audience: Audience) -> Self {
        let step = &reason.entry().next_step;
        match (audience, step.who) {
            (Audience::User, Actor::Support | Actor::Operator) => {
                Self::of(step.who, "Nothing for you to do: we look after it.", None)
            }
            (Audience::User | Audience::Admin, _) => Self::of(step.who, step.text, step.action),
        }
    }
}

/// The reason's sentence to the reader.
pub(crate) const fn sentence(reason: Reason, audience: Audience) -> &'static str {
    match audience {
        Audience::User => reason.entry().user_sentence,
        Audience::Admin => reason.entry().admin_sentence,
    }
}
