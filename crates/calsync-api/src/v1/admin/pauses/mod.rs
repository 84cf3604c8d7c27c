//! `/api/v1/admin/pauses`.

pub(crate) mod end;
pub(crate) mod list;
pub(crate) mod start;
