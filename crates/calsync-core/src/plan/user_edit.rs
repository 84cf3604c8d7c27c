//! What a user made of a managed field in Google, and what becomes of it.

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use serde_json::Value;
use sha2::Digest;

use crate::hash;
use crate::managed::{Base, Field, FieldHashes, ManagedFields};
use crate::merge::Verdict;
use crate::remote::RemoteEvent;

/// A user's edit of a managed field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserEdit {
    /// The field.
    pub field: Field,
    /// What the field said before, in JSON; none where that isn't known.
    pub before: Option<Value>,
    /// What the user made of it, in full. Of our text in a description it is all of the description: what isn't as we
    /// wrote it can't be told from what they wrote around it.
    pub after: Value,
    /// What becomes of it.
    pub verdict: Verdict,
    /// When its event last changed, by Google's clock.
    pub updated_at: Option<Timestamp>,
    /// The version of ours that it was made over, since the same edit may be made again: its etag or, where we never
    /// heard that, what its stamp says.
    pub over: String,
}

impl UserEdit {
    /// The edit of `field` that `remote`, whose managed fields are `seen`, has over `base`.
    pub(super) fn of(
        (field, verdict): (Field, Verdict),
        base: &Base,
        remote: &RemoteEvent,
        seen: &ManagedFields,
    ) -> Self {
        // A base that was put together from a stamp has hashes for what it doesn't know.
        let is_known = base.etag.is_some() || FieldHashes::of(&base.agreed).agree_on(field, &base.written);
        let is_news = !base.agreed.agrees_on(field, seen);
        Self {
            field,
            before: (is_known && is_news).then(|| base.agreed.value(field)),
            after: match field {
                Field::ManagedText => remote.description().into(),
                _ => seen.value(field),
            },
            verdict,
            updated_at: remote.updated_at(),
            over: base.etag.clone().unwrap_or_else(|| base.written.as_text().to_owned()),
        }
    }

    /// Whether nothing of it is left at Google once its step is taken.
    pub fn is_lost(&self) -> bool {
        self.verdict != Verdict::Accepted
    }

    /// The same whenever the same edit is seen, and another for one that is made again over a later version of ours.
    pub fn id(&self) -> String {
        let after = self.after.to_string();
        HEXLOWER.encode(&hash::of_parts([self.field.name(), &self.over, &after]).finalize()[..16])
    }
}
