//! The `calsync` program: reads the command line and the configuration, wires the parts together.
//!
//! Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 101 panicked.

mod cli;
mod commands;
mod config;
mod demo;
mod key_file;
mod logging;
mod open_files;
mod panics;
mod shutdown;
mod system;
mod wiring;

use std::process::ExitCode;

use clap::Parser;

use cli::Cli;
use config::ConfigError;

/// A tenth of the service's time went into the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    panics::install_panic_hook();
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(1, &format!("can't start: {error}")),
    };
    let ended = runtime.block_on(commands::run(cli));
    // A thread that hangs doesn't keep the process.
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<ConfigError>() => fail(2, &format!("{error}")),
        Err(error) => fail(1, &format!("{error:#}")),
    }
}

fn fail(code: u8, message: &str) -> ExitCode {
    eprintln!("calsync: {message}");
    ExitCode::from(code)
}
