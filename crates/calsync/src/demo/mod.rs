//! What the demo shows: sample users who connect by the real way, and items that come and go.

pub(crate) mod samples;
mod visitor;
