//! `/oauth/…`.

pub(crate) mod google;
