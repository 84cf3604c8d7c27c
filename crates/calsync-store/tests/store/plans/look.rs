//! Runs a query on a big database, with its time and its plan, and takes it back.

use std::collections::BTreeSet;
use std::time::Duration;

use calsync_store::{Result, Tx};
use calsync_testing::big_database::{BigDatabase, Sizes};
use calsync_testing::statements::{Statement, recorded};
use jiff::Timestamp;

use super::postgres;
use super::sqlite;
use crate::world::World;

/// Runs of each query: one for its plans, and of the others the quickest counts.
const RUNS: usize = 4;

/// Looks at one query after the other.
pub(super) struct Look<'a> {
    world: &'a World,
    big: BigDatabase,
    seen: BTreeSet<String>,
    /// Plans that read more than they should.
    pub(super) bad: Vec<String>,
    /// The time of each query's statements together.
    pub(super) times: Vec<(&'static str, Duration)>,
}

impl<'a> Look<'a> {
    pub(super) fn new(world: &'a World, big: BigDatabase) -> Self {
        Self { world, big, seen: BTreeSet::new(), bad: Vec::new(), times: Vec::new() }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.big.now
    }

    /// The number of a connection that works.
    pub(super) fn live(&self) -> i64 {
        self.big.sizes.dead + 200
    }

    /// Looks at what `query` sends.
    pub(super) async fn at(&mut self, name: &'static str, query: impl AsyncFn(&mut Tx) -> Result<()>) {
        let mut quickest = Duration::MAX;
        for run in 0..RUNS {
            let mut tx = self.world.begin().await;
            if run > 0 {
                postgres::be_silent(&mut tx).await;
            }
            let (done, found) = recorded(async {
                let done = query(&mut tx).await;
                drop(tx);
                done
            })
            .await;
            done.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(!found.statements.is_empty(), "{name}: nothing was recorded");
            if run > 0 {
                quickest = quickest.min(found.statements.iter().map(|statement| statement.elapsed).sum());
                continue;
            }
            let bad = match self.world.is_sqlite() {
                true => self.sqlite(&found.statements).await,
                false => postgres::bad_plans(&found.notices, self.big.sizes == Sizes::SMALL),
            };
            self.bad.extend(bad.into_iter().map(|bad| format!("{name}: {bad}")));
        }
        self.times.push((name, quickest));
    }

    async fn sqlite(&mut self, statements: &[Statement]) -> Vec<String> {
        let mut bad = Vec::new();
        for Statement { sql, .. } in statements {
            if self.seen.insert(sql.clone()) {
                bad.extend(sqlite::bad_plan(&self.world.db.url, sql).await);
            }
        }
        bad
    }
}
