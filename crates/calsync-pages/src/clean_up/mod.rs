//! `/clean-up/…`: the user agrees once more, so that what a disconnect left can be removed, and
//! watches it. Reached by a link of the platform; what follows is bound to the browser.

pub(crate) mod get;
mod messages;
pub(crate) mod post;
pub(crate) mod status;
