//! The batch endpoint.
