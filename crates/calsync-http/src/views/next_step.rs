//! What to do next, and who does it.

use calsync_core::language::Text;
use calsync_core::reason::{self, Actor, Reason};
use serde::Serialize;

use super::Audience;

/// A next step.
#[derive(Serialize)]
pub struct NextStep {
    text: &'static str,
    who: Actor,
    action: Option<&'static str>,
}

impl NextStep {
    /// What `actor` does; `action` names the button.
    pub const fn of(who: Actor, text: &'static str, action: Option<&'static str>) -> Self {
        Self { text, who, action }
    }

    /// In plain words.
    pub const fn text(&self) -> &'static str {
        self.text
    }

    /// The name of the action behind a button.
    pub const fn action(&self) -> Option<&'static str> {
        self.action
    }

    /// Whether the user does it.
    pub const fn is_for_user(&self) -> bool {
        matches!(self.who, Actor::User)
    }

    /// Who does it, in a word; empty: nobody has to.
    pub const fn who_word(&self) -> &'static str {
        match self.who {
            Actor::User => "user",
            Actor::Support => "support",
            Actor::Operator => "operator",
            Actor::Nobody => "",
        }
    }

    /// Nothing to do.
    pub const fn none(audience: Audience) -> Self {
        const NOTHING: Text =
            Text::new("Nothing to do.", "何もする必要はありません。", "따로 하실 일은 없습니다.");
        Self::of(Actor::Nobody, NOTHING.to(audience.language()), None)
    }

    /// What the table of reasons says, as far as it is the reader's.
    pub const fn for_reason(reason: Reason, audience: Audience) -> Self {
        let reason::NextStep { text, who, action } = match audience {
            Audience::Admin => reason.info().next_step,
            Audience::User(language) => reason.step_of_user(language),
        };
        Self::of(who, text, action)
    }
}

/// The reason's sentence to the reader.
pub const fn sentence(reason: Reason, audience: Audience) -> &'static str {
    match audience {
        Audience::User(language) => reason.to_user(language),
        Audience::Admin => reason.info().admin_sentence,
    }
}
