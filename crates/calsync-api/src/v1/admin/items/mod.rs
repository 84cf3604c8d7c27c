//! `/api/v1/admin/items`.

pub(crate) mod trace;
