//! The configuration: `calsync.toml`, environment over file, flags over both. Every key stands in
//! one table ([`keys`]); an unknown key or a bad value is refused, naming the key, the value and
//! what is allowed.

mod keys;
mod load;
mod settings;
mod webhook;

pub(crate) use load::{Config, ConfigError, Sources};
