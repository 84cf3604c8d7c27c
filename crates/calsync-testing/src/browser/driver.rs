//! Chromedriver as a child process, with the Chromium that it starts.
//!
//! A shell script supervises both and ends them by their process group when the
//! pipe from this process closes: chromedriver alone would leave Chromium behind.

use std::{
    io::{BufRead, BufReader, Lines},
    os::unix::process::CommandExt,
    process::{Child, ChildStdout, Command, Stdio},
};

use crate::tools;

/// What chromedriver prints before the port that it took.
const BEFORE_PORT: &str = "started successfully on port ";

/// One ends at once if another takes its port before it has it on both versions of IP.
const TRIES: usize = 5;

/// A running chromedriver. Dropping it ends it and its browser.
#[derive(Debug)]
pub(super) struct Driver {
    pub(super) url: String,
    /// Holds the pipe whose closing ends them.
    _supervisor: Child,
    /// Chromedriver must be able to go on printing.
    _said: Lines<BufReader<ChildStdout>>,
}

impl Driver {
    /// # Panics
    /// If it doesn't start.
    pub(super) fn start() -> Self {
        (0..TRIES).find_map(|_| Self::try_to_start()).expect("chromedriver says its port")
    }

    fn try_to_start() -> Option<Self> {
        let folder =
            tempfile::Builder::new().prefix("calsync-browser-").tempdir().expect("a temporary folder");
        let mut supervisor = Command::new("sh")
            .args(["-c", include_str!("driver.sh"), "calsync-browser"])
            .arg(tools::chromedriver())
            .arg(folder.keep()) // the supervisor removes it
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0) // Ctrl-C must not reach it before it has cleaned up
            .spawn()
            .expect("sh starts");
        let mut said = BufReader::new(supervisor.stdout.take().expect("a piped output")).lines();
        let line = said.by_ref().map_while(Result::ok).find(|line| line.contains(BEFORE_PORT));
        let Some(line) = line else {
            supervisor.wait().expect("the supervisor cleans up");
            return None;
        };
        let port = line.rsplit(BEFORE_PORT).next().unwrap_or_default().trim_end_matches('.');
        Some(Self { url: format!("http://127.0.0.1:{port}"), _supervisor: supervisor, _said: said })
    }
}
