//! Where the log goes: standard error, as text on a terminal and as JSON elsewhere. Standard
//! output is for answers.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// What is logged unless `RUST_LOG` says otherwise.
const DEFAULT_FILTER: &str = "info,sqlx=warn";

/// Starts the log in `format`: `auto`, `text` or `json`.
pub(crate) fn start(format: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let terminal = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A log that was started before stays.
    let _ = if format == "json" || (format == "auto" && !terminal) {
        log.json().try_init()
    } else {
        log.with_ansi(terminal && std::env::var_os("NO_COLOR").is_none()).try_init()
    };
}
