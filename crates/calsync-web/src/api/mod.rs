//! The APIs, by their addresses.

pub(crate) mod v1;
