//! calsync-simulator
