//! Google's own clients against the same kind of Google: the scripts of `benches/peers`, which are
//! installed here at their pinned versions. A client whose toolchain is missing is passed over.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use calsync_testing::tools::repository;
use serde_json::json;
use tempfile::NamedTempFile;

use crate::events::Event;
use crate::google::Google;

/// The concurrencies that are tried, each with its share of the events; the best one counts.
const AT_ONCE: [usize; 5] = [1, 4, 16, 32, 100];

/// A client at its best.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) inserts_a_second: f64,
    pub(crate) at_once: usize,
    /// How many times faster the service should be.
    pub(crate) bar: &'static str,
}

struct Script {
    name: &'static str,
    bar: &'static str,
    program: PathBuf,
    file: PathBuf,
}

/// A token for each account of `events`, which is added to `google`.
pub(crate) async fn tokens(google: &Google, events: &[Event]) -> anyhow::Result<BTreeMap<String, String>> {
    let mut tokens = BTreeMap::new();
    for Event { account, .. } in events {
        if !tokens.contains_key(account) {
            tokens.insert(account.clone(), google.add_account(account).await?);
        }
    }
    Ok(tokens)
}

/// Measures each client that can be installed.
pub(crate) async fn run(events: &[Event]) -> anyhow::Result<Vec<Peer>> {
    let folder = repository().join("benches/peers");
    let mut peers = Vec::new();
    for script in [python(&folder), node(&folder)] {
        match script {
            Ok(script) => peers.push(best(&script, events).await?),
            Err(error) => println!("passed over: {error:#}"),
        }
    }
    Ok(peers)
}

async fn best(script: &Script, events: &[Event]) -> anyhow::Result<Peer> {
    let google = Google::start(0).await?;
    let tokens = tokens(&google, events).await?;
    let mut best = Peer { name: script.name, inserts_a_second: 0.0, at_once: 0, bar: script.bar };
    for (at_once, share) in AT_ONCE.into_iter().zip(events.chunks(events.len().div_ceil(AT_ONCE.len()))) {
        let mut file = NamedTempFile::new()?;
        for Event { account, body, .. } in share {
            writeln!(file, "{}", json!({"calendar": account, "token": tokens[account], "event": body}))?;
        }
        let mut command = Command::new(&script.program);
        command.arg(&script.file).arg(&google.url).arg(file.path()).arg(at_once.to_string());
        let output = said(&mut command)?;
        let seconds: f64 = output.trim().parse().with_context(|| format!("{}: {output}", script.name))?;
        let inserts_a_second = share.len() as f64 / seconds;
        if inserts_a_second > best.inserts_a_second {
            best = Peer { inserts_a_second, at_once, ..best };
        }
    }
    Ok(best)
}

/// Google's client for Python, in an environment of its own under the folder for build results.
fn python(peers: &Path) -> anyhow::Result<Script> {
    let environment = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peers-python");
    let requirements = repository().join("scripts/python-requirements.txt");
    said(Command::new("python3").args(["-m", "venv"]).arg(&environment)).context("Python")?;
    let mut pip = Command::new(environment.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(requirements);
    said(&mut pip).context("google-api-python-client")?;
    let (program, file) = (environment.join("bin/python"), peers.join("insert.py"));
    Ok(Script { name: "google-api-python-client", bar: "≥ 5", program, file })
}

/// Google's client for Node, beside its script.
fn node(peers: &Path) -> anyhow::Result<Script> {
    let mut npm = Command::new("npm");
    npm.args(["install", "--silent", "--no-audit", "--no-fund"]).current_dir(peers);
    said(&mut npm).context("@googleapis/calendar for Node")?;
    Ok(Script {
        name: "@googleapis/calendar",
        bar: "≥ 2",
        program: "node".into(),
        file: peers.join("insert.mjs"),
    })
}

/// What a command printed; one that fails is an error.
fn said(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("{}", command.get_program().display()))?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}
