//! The built binary as a child process of a test.
//!
//! Tests wait for the lines it prints, never for time to pass. It ends with its
//! [`Program`], by its own id, and what it said last is in every failure's message.

use std::{
    collections::VecDeque,
    process::ExitStatus,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::timeout,
};

use crate::HANGS_AFTER;
use rustix::process::{Pid, Signal, kill_process};

/// Enough for a panic with its backtrace.
const TAIL_LINES: usize = 60;

/// A running program. Dropping it kills it.
#[derive(Debug)]
pub struct Program {
    child: Child,
    lines: UnboundedReceiver<String>,
    tail: Tail,
}

#[derive(Clone, Debug, Default)]
struct Tail(Arc<Mutex<VecDeque<String>>>);

impl Program {
    /// Starts `command`, as in `Command::new(env!("CARGO_BIN_EXE_calsync"))` with its arguments.
    ///
    /// Of the variables `CALSYNC_…` it sees only those that `command` sets:
    /// what is meant for the tests is no configuration.
    ///
    /// # Panics
    /// If it can't be started.
    pub fn start(mut command: std::process::Command) -> Self {
        forget_inherited_configuration(&mut command);
        let mut child = Command::from(command)
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");

        let (sender, lines) = unbounded_channel();
        let tail = Tail::default();
        tokio::spawn(read(child.stdout.take().expect("a piped output"), sender.clone(), tail.clone()));
        tokio::spawn(read(child.stderr.take().expect("a piped output"), sender, tail.clone()));
        Self { child, lines, tail }
    }

    /// The next line, of either output, that contains `marker`; lines before it are passed over.
    ///
    /// # Panics
    /// If the program ends before, or says nothing at all for long.
    pub async fn line(&mut self, marker: &str) -> String {
        loop {
            match timeout(HANGS_AFTER, self.lines.recv()).await {
                Ok(Some(line)) if line.contains(marker) => return line,
                Ok(Some(_)) => {}
                Ok(None) => panic!("the program ended without a line with {marker:?}:\n{}", self.tail()),
                Err(_) => panic!("waited for a line with {marker:?}:\n{}", self.tail()),
            }
        }
    }

    /// The first `http://` address in the next line that contains `marker` and one.
    ///
    /// # Panics
    /// As [`line`](Self::line).
    pub async fn address(&mut self, marker: &str) -> String {
        loop {
            let line = self.line(marker).await;
            if let Some(start) = line.find("http://") {
                let ends = |c: char| c.is_whitespace() || "\"',;)\u{1b}".contains(c);
                return line[start..].split(ends).next().unwrap_or_default().trim_end_matches('/').to_owned();
            }
        }
    }

    /// The process id, while it runs.
    ///
    /// # Panics
    /// If it has ended.
    pub fn id(&self) -> u32 {
        self.child.id().unwrap_or_else(|| panic!("the program has ended:\n{}", self.tail()))
    }

    /// What it printed last, on both outputs.
    pub fn tail(&self) -> String {
        self.tail.text()
    }

    /// `kill -9`: no warning, nothing flushed. Returns when the process is gone.
    ///
    /// # Panics
    /// If it can't be killed.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("the program can be killed");
    }

    /// Asks it to end (`SIGTERM`) and waits until it has.
    ///
    /// # Panics
    /// If it doesn't end.
    pub async fn terminate(self) -> ExitStatus {
        let id = Pid::from_raw(self.id().cast_signed()).expect("a process id");
        kill_process(id, Signal::TERM).expect("the program can be signalled");
        self.end().await
    }

    /// Waits until it ends by itself.
    ///
    /// # Panics
    /// If it doesn't end.
    pub async fn end(mut self) -> ExitStatus {
        match timeout(HANGS_AFTER, self.child.wait()).await {
            Ok(status) => status.expect("the program can be waited for"),
            Err(_) => panic!("waited for the program's end:\n{}", self.tail()),
        }
    }
}

impl Tail {
    fn add(&self, line: String) {
        let mut lines = self.0.lock().expect("no reader panics");
        if lines.len() == TAIL_LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    fn text(&self) -> String {
        let lines = self.0.lock().expect("no reader panics");
        lines.iter().map(|line| format!("    {line}\n")).collect()
    }
}

/// Reads to the end, whether or not the test still listens: a full pipe would stop the program.
async fn read(output: impl AsyncRead + Unpin, sender: UnboundedSender<String>, tail: Tail) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        tail.add(line.clone());
        let _ = sender.send(line);
    }
}

fn forget_inherited_configuration(command: &mut std::process::Command) {
    let set: Vec<_> = command.get_envs().map(|(name, _)| name.to_owned()).collect();
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CALSYNC_") && !set.contains(&name) {
            command.env_remove(name);
        }
    }
}
