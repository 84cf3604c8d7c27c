//! The table at the end: what was measured, beside its bar.

use std::fmt;
use std::time::Duration;

use calsync_testing::DatabaseKind;

use crate::latency::Latency;
use crate::peers::Peer;
use crate::push::Pushed;
use crate::{CALLS_IN_FLIGHT, DELAY_MS, ITEMS, USERS};

/// One measure of each database that was run.
#[derive(Debug)]
pub(crate) struct Each<T>(Vec<(DatabaseKind, T)>);

impl<T> Each<T> {
    pub(crate) fn insert(&mut self, database: DatabaseKind, measure: T) {
        self.0.push((database, measure));
    }

    fn get(&self, database: DatabaseKind) -> Option<&T> {
        self.0.iter().find(|(of, _)| *of == database).map(|(_, measure)| measure)
    }
}

/// Everything that was measured.
#[derive(Debug)]
pub(crate) struct Report {
    machine: String,
    pub(crate) delayed: Each<Pushed>,
    pub(crate) quick: Each<Pushed>,
    pub(crate) latency: Each<Latency>,
    pub(crate) bare: Option<Duration>,
    pub(crate) peers: Vec<Peer>,
}

/// A line of the table.
struct Line {
    name: String,
    digits: usize,
    bar: &'static str,
}

impl Report {
    pub(crate) fn new(machine: String) -> Self {
        let (delayed, quick, latency) = (Each(Vec::new()), Each(Vec::new()), Each(Vec::new()));
        Self { machine, delayed, quick, latency, bare: None, peers: Vec::new() }
    }

    fn delayed(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line =
            |name: &str, digits, bar| Line { name: format!("{DELAY_MS} ms a call: {name}"), digits, bar };
        let of = |measure: fn(&Pushed) -> f64| self.delayed.clone_with(measure);
        row(f, line("items a second", 0, ""), &of(rate))?;
        if let Some(bare) = self.bare {
            let bare = ITEMS as f64 / bare.as_secs_f64();
            let name = format!("of the bare loop's {bare:.0} a second");
            let ratios = self.delayed.clone_with(|pushed| rate(pushed) / bare);
            row(f, line(&name, 2, "≥ 0.85 SQLite, ≥ 0.75 Postgres"), &ratios)?;
        }
        row(f, line("service's CPU ms an item", 2, "≤ 0.5 SQLite, ≤ 0.6 Postgres"), &of(service_ms))?;
        row(f, line("simulator's CPU ms an item", 2, ""), &of(simulator_ms))?;
        row(f, line("service's peak memory, MB", 0, "≤ 150"), &of(|pushed| pushed.peak_memory_mb))
    }

    fn quick(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |name: &str, digits, bar| Line { name: format!("no delay: {name}"), digits, bar };
        let of = |measure: fn(&Pushed) -> f64| self.quick.clone_with(measure);
        row(f, line("items a second", 0, ""), &of(rate))?;
        for Peer { name, inserts_a_second, at_once, bar } in &self.peers {
            let name = format!("times {name}'s {inserts_a_second:.0} a second ({at_once} at once)");
            let ratios = self.quick.clone_with(|pushed| rate(pushed) / inserts_a_second);
            row(f, line(&name, 1, bar), &ratios)?;
        }
        row(f, line("service's CPU ms an item", 2, "≤ 0.5 SQLite, ≤ 0.6 Postgres"), &of(service_ms))?;
        row(f, line("simulator's CPU ms an item", 2, ""), &of(simulator_ms))?;
        row(f, line("service's peak memory, MB", 0, "≤ 150"), &of(|pushed| pushed.peak_memory_mb))
    }

    fn latency(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |name, bar| Line { name: format!("PUT to Google's answer, ms, {name}"), digits: 0, bar };
        let of = |measure: fn(&Latency) -> f64| self.latency.clone_with(measure);
        row(f, line("p50", ""), &of(|latency| latency.p50))?;
        row(f, line("p95", ""), &of(|latency| latency.p95))?;
        row(f, line("p99", "< 500"), &of(|latency| latency.p99))
    }
}

impl<T> Each<T> {
    fn clone_with(&self, measure: impl Fn(&T) -> f64) -> Each<f64> {
        Each(self.0.iter().map(|(database, of)| (*database, measure(of))).collect())
    }
}

fn rate(pushed: &Pushed) -> f64 {
    ITEMS as f64 / pushed.time.as_secs_f64()
}

fn service_ms(pushed: &Pushed) -> f64 {
    pushed.service.as_secs_f64() * 1_000.0 / ITEMS as f64
}

fn simulator_ms(pushed: &Pushed) -> f64 {
    pushed.simulator.as_secs_f64() * 1_000.0 / ITEMS as f64
}

/// A line, unless nothing of it was measured.
fn row(f: &mut fmt::Formatter<'_>, line: Line, measures: &Each<f64>) -> fmt::Result {
    if measures.0.is_empty() {
        return Ok(());
    }
    let cell = |database| match measures.get(database) {
        Some(measure) => format!("{measure:.*}", line.digits),
        None => "–".to_owned(),
    };
    let (sqlite, postgres) = (cell(DatabaseKind::Sqlite), cell(DatabaseKind::Postgres));
    writeln!(f, "{:<78} {sqlite:>8} {postgres:>8}   {}", line.name, line.bar)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{}", self.machine)?;
        writeln!(f, "{ITEMS} items of {USERS} users; {CALLS_IN_FLIGHT} calls in flight\n")?;
        writeln!(f, "{:<78} {:>8} {:>8}   bar", "", "SQLite", "Postgres")?;
        self.delayed(f)?;
        self.quick(f)?;
        self.latency(f)
    }
}
