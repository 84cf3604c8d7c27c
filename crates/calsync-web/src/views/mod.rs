//! What things look like in answers; the same for the platform API and the admin API, but for whom
//! the sentences speak to.

pub(crate) mod admin_user;
pub(crate) mod audit_row;
pub(crate) mod connect_attempt;
pub(crate) mod disconnect;
pub(crate) mod error_group;
pub(crate) mod integration;
pub(crate) mod item;
pub(crate) mod next_step;
pub(crate) mod refusal;
pub(crate) mod sync_error;
pub(crate) mod user;
pub(crate) mod webhook_delivery;

use calsync_core::language::Language;
use calsync_store::mappings::MappingStatus;
use serde::Serialize;

/// Whom a sentence speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// The user, by way of the platform or on their own pages.
    User(Language),
    /// An admin.
    Admin,
}

impl Audience {
    /// The user with this locale.
    pub(crate) fn user(locale: Option<&str>) -> Self {
        Self::User(Language::of_locale(locale))
    }

    /// Each user of an item reads in their own language.
    pub(crate) fn user_of(mapping: &MappingStatus) -> Self {
        Self::user(mapping.locale.as_deref())
    }

    /// An admin reads of all users.
    pub(crate) const fn admin_of(_: &MappingStatus) -> Self {
        Self::Admin
    }

    /// What they read.
    pub(crate) const fn language(self) -> Language {
        match self {
            Self::User(language) => language,
            Self::Admin => Language::English,
        }
    }
}

/// A page of a list.
#[derive(Serialize)]
pub(crate) struct List<T> {
    /// The entries.
    pub(crate) items: Vec<T>,
    /// Where the list goes on; none: this was the end.
    pub(crate) next_cursor: Option<String>,
}

impl<T> List<T> {
    /// A list that is never long.
    pub(crate) const fn whole(items: Vec<T>) -> Self {
        Self { items, next_cursor: None }
    }
}
