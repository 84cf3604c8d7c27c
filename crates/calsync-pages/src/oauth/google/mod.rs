//! `/oauth/google/…`.

pub(crate) mod callback;
