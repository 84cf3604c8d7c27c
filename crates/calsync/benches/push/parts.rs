//! Which parts of the benchmark to run.

use anyhow::bail;
use calsync_testing::DatabaseKind;

/// A part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The batch, with a delay, beside the bare loop.
    Delayed,
    /// The batch, without a delay.
    Quick,
    /// Google's own clients, without a delay.
    Peers,
    /// Single changes, with a delay.
    Latency,
}

/// The chosen parts and databases.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    parts: Vec<Part>,
    databases: Vec<DatabaseKind>,
}

impl Parts {
    /// Reads the words behind `--`; none of a sort chooses all of it.
    pub(crate) fn from_arguments(arguments: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut chosen = Self::default();
        for argument in arguments {
            match argument.as_str() {
                "delayed" => chosen.parts.push(Part::Delayed),
                "quick" => chosen.parts.push(Part::Quick),
                "peers" => chosen.parts.push(Part::Peers),
                "latency" => chosen.parts.push(Part::Latency),
                "sqlite" => chosen.databases.push(DatabaseKind::Sqlite),
                "postgres" => chosen.databases.push(DatabaseKind::Postgres),
                // Cargo's own.
                "--bench" => {}
                other => bail!("{other}: there is no such part"),
            }
        }
        Ok(chosen)
    }

    pub(crate) fn have(&self, part: Part) -> bool {
        self.parts.is_empty() || self.parts.contains(&part)
    }

    pub(crate) fn databases(&self) -> Vec<DatabaseKind> {
        match self.databases.is_empty() {
            true => vec![DatabaseKind::Sqlite, DatabaseKind::Postgres],
            false => self.databases.clone(),
        }
    }
}
