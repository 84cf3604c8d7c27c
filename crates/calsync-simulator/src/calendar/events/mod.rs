//! `events`: one method a file, and what they share.
//!
//! A write goes [`body`] (types) → [`rules`] (values) → [`compose`] (what Google fills in) →
//! the calendar's log. A read goes from the log through [`shape`] (what this caller may see).

mod body;
mod compose;
pub(super) mod delete;
mod filter;
pub(super) mod get;
pub(super) mod import;
pub(super) mod insert;
pub(super) mod instances;
pub(super) mod list;
mod lookup;
pub(crate) mod moments;
mod organizer;
pub(super) mod patch;
pub(crate) mod recurrence;
pub(super) mod relocate;
mod rules;
mod shape;
pub(super) mod update;
