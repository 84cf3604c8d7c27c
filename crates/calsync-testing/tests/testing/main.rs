//! The helpers themselves, and the repository's own rules: its data set, its dependencies, its order.

#![expect(clippy::panic, clippy::unwrap_used, reason = "test code")]

mod data_set;
mod dependencies;
mod helpers;
mod modules;
mod requirements;
mod retired_words;
mod tidiness;
