//! calsync-store
