//! `/api/v1/admin/error-groups`.

pub(crate) mod get;
pub(crate) mod list;
