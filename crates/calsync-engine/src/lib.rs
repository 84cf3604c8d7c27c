//! calsync-engine
