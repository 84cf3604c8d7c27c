//! What the demo shows: sample users who connect by the real way, and items that come and go.

mod browser_client;
pub(crate) mod seed;
