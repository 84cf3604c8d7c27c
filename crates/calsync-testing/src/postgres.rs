//! One throwaway Postgres cluster for a test binary, started when first asked for.
//!
//! A shell script supervises it and removes it when the pipe from this process
//! closes: Rust drops no statics, so that only the kernel can tell of our end.
//! The cluster keeps `fsync` on, since durability is part of what is tested.

use std::{
    io::{BufRead, BufReader, Lines},
    net::TcpListener,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Another program may take the free port before Postgres does; then another port is tried.
const TRIES: usize = 5;

/// A running Postgres 15 on a loopback port, without passwords.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    port: u16,
    /// Holds the pipe whose closing ends the cluster.
    _supervisor: Child,
}

impl Postgres {
    /// Makes a new empty database in this test binary's cluster and gives its URL.
    ///
    /// # Panics
    /// If Postgres isn't installed or doesn't start.
    pub fn database() -> String {
        static CLUSTER: OnceLock<Postgres> = OnceLock::new();
        static MADE: AtomicUsize = AtomicUsize::new(0);

        let cluster = CLUSTER.get_or_init(Postgres::start);
        let name = format!("test_{}", MADE.fetch_add(1, Ordering::Relaxed));
        cluster.execute(&format!("CREATE DATABASE {name}"));
        format!("postgres://postgres@127.0.0.1:{}/{name}", cluster.port)
    }

    /// Everything in the database at `url`, as SQL.
    pub(crate) fn dump(url: &str) -> Vec<u8> {
        let mut command = Command::new(programs().join("pg_dump"));
        let output = command.arg(format!("--dbname={url}")).output().expect("pg_dump starts");
        assert!(output.status.success(), "pg_dump: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// The number that `sql` selects from the database at `url`.
    pub(crate) fn number(url: &str, sql: &str) -> i64 {
        let mut command = Command::new("psql");
        command.args(["--no-psqlrc", "--tuples-only", "--no-align", "--command", sql]).arg(url);
        let output = command.output().expect("psql starts");
        assert!(output.status.success(), "psql: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number")
    }

    fn start() -> Postgres {
        let programs = programs();
        let mut reason = String::new();
        for _ in 0..TRIES {
            match Postgres::supervise(&programs, free_port()) {
                Ok(cluster) => return cluster,
                Err(log) => reason = log,
            }
        }
        panic!("Postgres did not start:\n{reason}")
    }

    fn supervise(programs: &Path, port: u16) -> Result<Postgres, String> {
        let folder =
            tempfile::Builder::new().prefix("calsync-postgres-").tempdir().expect("a temporary folder");
        let mut supervisor = Command::new("sh")
            .args(["-c", include_str!("postgres.sh"), "calsync-postgres"])
            .arg(programs)
            .arg(folder.keep()) // the supervisor removes it
            .arg(port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0) // Ctrl-C must not reach it before it has cleaned up
            .spawn()
            .expect("sh starts");

        let mut said = BufReader::new(supervisor.stdout.take().expect("a piped output")).lines();
        match said.next() {
            Some(Ok(line)) if line == "ready" => {
                Ok(Postgres { programs: programs.into(), port, _supervisor: supervisor })
            }
            first => Err(reason(first.and_then(Result::ok), said, supervisor)),
        }
    }

    fn execute(&self, sql: &str) {
        let output = Command::new(self.programs.join("psql"))
            .args(["--no-psqlrc", "--quiet", "--host=127.0.0.1", "--username=postgres", "--dbname=postgres"])
            .arg(format!("--port={}", self.port))
            .arg(format!("--command={sql}"))
            .output()
            .expect("psql starts");
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// All that a failed start said. Ending the supervisor's input lets it clean up.
fn reason(first: Option<String>, rest: Lines<BufReader<ChildStdout>>, mut supervisor: Child) -> String {
    drop(supervisor.stdin.take());
    first.into_iter().chain(rest.map_while(Result::ok)).collect::<Vec<_>>().join("\n")
}

fn programs() -> PathBuf {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    std::iter::once(PathBuf::from("/usr/lib/postgresql/15/bin"))
        .chain(std::env::split_paths(&on_path))
        .find(|folder| folder.join("initdb").exists())
        .expect(
            "Postgres is needed for this test: install Debian's package `postgresql-15`, or run scripts/test",
        )
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    listener.local_addr().expect("its address").port()
}
