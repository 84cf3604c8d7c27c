//! calsync-simulation
