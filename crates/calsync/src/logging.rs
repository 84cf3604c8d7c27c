//! Where the log goes: standard error, as text on a terminal and as JSON elsewhere. Standard
//! output is for answers.

use std::io::IsTerminal;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts the log in `format`: `auto`, `text` or `json`. `RUST_LOG` takes levels by target
/// (`info,calsync_engine=debug`); without it, or where it can't be read, it is `info,sqlx=warn`.
pub(crate) fn start(format: &str) {
    let wanted = std::env::var_os("RUST_LOG").and_then(|text| text.to_str()?.parse::<Targets>().ok());
    let default = Targets::new().with_default(LevelFilter::INFO).with_target("sqlx", LevelFilter::WARN);
    let filter = wanted.unwrap_or(default);
    let terminal = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_writer(std::io::stderr);
    // A log that was started before stays.
    let _ = if format == "json" || (format == "auto" && !terminal) {
        log.json().finish().with(filter).try_init()
    } else {
        let is_coloured = terminal && std::env::var_os("NO_COLOR").is_none();
        log.with_ansi(is_coloured).finish().with(filter).try_init()
    };
}
