//! The jobs of one sort that are under way.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

use super::watch;
use crate::Engine;
use crate::job::Job;

/// How long jobs have to end at a shutdown: longer than most calls, and well within the time after which
/// supervisors kill.
const DRAIN_MAX: Duration = Duration::from_secs(10);

pub(super) struct UnderWay {
    engine: Engine,
    at_once: usize,
    tasks: JoinSet<()>,
}

impl UnderWay {
    /// None so far, of which `at_once` may run.
    pub(super) fn new(engine: &Engine, at_once: usize) -> Self {
        Self { engine: engine.clone(), at_once, tasks: JoinSet::new() }
    }

    /// How many more may begin.
    pub(super) fn free(&mut self) -> usize {
        while self.tasks.try_join_next().is_some() {}
        self.at_once.saturating_sub(self.tasks.len())
    }

    /// Begins one.
    pub(super) fn begin<J: Job>(&mut self, job: &J, claimed: J::Claimed) {
        let (engine, name, id) = (self.engine.clone(), job.name(), J::id(&claimed).map(str::to_owned));
        let work = J::run(engine.clone(), claimed);
        self.tasks.spawn(async move { watch::run(&engine, name, id.as_deref(), J::TIME_OUT, work).await });
    }

    /// Waits until one has ended, for ever if none is under way.
    pub(super) async fn one_ended(&mut self) {
        if self.tasks.join_next().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// Lets all end by themselves; what takes longer than [`DRAIN_MAX`] is dropped.
    pub(super) async fn drain(mut self, job: &'static str) {
        let all_ended = async { while self.tasks.join_next().await.is_some() {} };
        if timeout(DRAIN_MAX, all_ended).await.is_err() {
            tracing::warn!(job, cut = self.tasks.len(), "still in progress at shutdown, cut off");
            self.drop_all().await;
        }
    }

    /// Drops all where they stand.
    pub(super) async fn drop_all(mut self) {
        self.tasks.shutdown().await;
    }
}
