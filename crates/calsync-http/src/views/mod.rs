//! What things look like in answers; the same for the platform API and the admin API, but for whom
//! the sentences speak to.

pub mod admin_user;
pub mod audit_row;
pub mod connect_attempt;
pub mod disconnect;
pub mod error_group;
pub mod integration;
pub mod item;
pub mod next_step;
pub mod pause;
pub mod refusal;
pub mod sync_error;
pub mod user;
pub mod user_edit;
pub mod webhook_delivery;

use calsync_core::language::Language;
use calsync_store::mappings::MappingStatus;
use serde::Serialize;

/// Whom a sentence speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The user, by way of the platform or on their own pages.
    User(Language),
    /// An admin.
    Admin,
}

impl Audience {
    /// The user with this locale.
    pub fn user(locale: Option<&str>) -> Self {
        Self::User(Language::of_locale(locale))
    }

    /// Each user of an item reads in their own language.
    pub fn user_of(mapping: &MappingStatus) -> Self {
        Self::user(mapping.locale.as_deref())
    }

    /// An admin reads of all users.
    pub const fn admin_of(_: &MappingStatus) -> Self {
        Self::Admin
    }

    /// What they read.
    pub const fn language(self) -> Language {
        match self {
            Self::User(language) => language,
            Self::Admin => Language::English,
        }
    }
}

/// A page of a list.
#[derive(Serialize)]
pub struct List<T> {
    /// The entries.
    pub items: Vec<T>,
    /// Where the list goes on; none: this was the end.
    pub next_cursor: Option<String>,
}

impl<T> List<T> {
    /// The first `limit` entries of `found`, for which one more was asked: if it is there, the list goes
    /// on after the last one of these, at the cursor that `cursor` writes.
    pub fn cut(mut found: Vec<T>, limit: i64, cursor: impl FnOnce(&T) -> Option<String>) -> Self {
        let goes_on = found.len() as i64 > limit;
        found.truncate(usize::try_from(limit).unwrap_or_default());
        let next_cursor = found.last().filter(|_| goes_on).and_then(cursor);
        Self { items: found, next_cursor }
    }

    /// The list with each entry as `view` shows it.
    pub fn map<V>(self, view: impl FnMut(T) -> V) -> List<V> {
        List { items: self.items.into_iter().map(view).collect(), next_cursor: self.next_cursor }
    }

    /// A list that is never long.
    pub const fn whole(items: Vec<T>) -> Self {
        Self { items, next_cursor: None }
    }
}
