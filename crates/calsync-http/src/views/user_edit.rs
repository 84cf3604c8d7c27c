//! What a user made of an item in Google and lost, as an admin sees it.

use calsync_core::managed::Field;
use calsync_core::merge::Verdict;
use calsync_store::admins::Role;
use calsync_store::user_edits::LostEdit;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// An edit.
#[derive(Serialize)]
pub struct UserEditView {
    user_id: String,
    field: Field,
    before: Option<Value>,
    after: Option<Value>,
    verdict: Verdict,
    sentence: &'static str,
    seen_at: Timestamp,
    google_updated_at: Option<Timestamp>,
}

impl UserEditView {
    /// As an admin of `role` sees it: users' own words are for owners.
    pub fn new(edit: LostEdit, role: Role) -> Self {
        let shown = |words: Value| (role >= Role::Owner).then_some(words);
        Self {
            user_id: edit.user_id,
            field: edit.field,
            before: edit.before.and_then(shown),
            after: shown(edit.after),
            verdict: edit.verdict,
            sentence: sentence(edit.verdict),
            seen_at: edit.seen_at,
            google_updated_at: edit.updated_at,
        }
    }
}

const fn sentence(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Accepted => "The user changed it in Google Calendar, and the change stands.",
        Verdict::Undone => {
            "The user changed it in Google Calendar. The platform's is put back: for items of this kind it always wins."
        }
        Verdict::Overwritten => {
            "The user changed it in Google Calendar. The platform changed it too, and its change replaces the user's."
        }
    }
}
