//! A job that is due again and again. Each worker does it; that another did it before harms nothing.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::job::Job;
use crate::{Engine, EngineError};

pub(super) struct Periodic<Round> {
    name: &'static str,
    period: SignedDuration,
    round: Round,
    last: Option<Timestamp>,
}

impl<Round> Periodic<Round> {
    /// A `round` at once, and then in each `period`.
    pub(super) fn new(name: &'static str, period: SignedDuration, round: Round) -> Self {
        Self { name, period, round, last: None }
    }
}

impl<Round, Work> Job for Periodic<Round>
where
    Round: Fn(Engine) -> Work + Clone + Send + Sync + 'static,
    Work: Future<Output = Result<(), EngineError>> + Send + 'static,
{
    type Claimed = Round;

    const AT_ONCE: usize = 1;
    const TIME_OUT: Duration = Duration::from_secs(3_600);
    const ENDS_AT_SHUTDOWN: bool = false;

    fn name(&self) -> &'static str {
        self.name
    }

    async fn next_due(&self, engine: &Engine) -> Result<Option<Timestamp>, EngineError> {
        let now = engine.now();
        let due_at = self.last.map(|last| last.saturating_add(self.period).unwrap_or(Timestamp::MAX));
        // A clock that was set back doesn't keep it waiting.
        let is_of_the_past = self.last.is_none_or(|last| last > now);
        Ok(if is_of_the_past { Some(now) } else { due_at })
    }

    async fn claim(&mut self, engine: &Engine, _: &str, _: usize) -> Result<Vec<Round>, EngineError> {
        self.last = Some(engine.now());
        Ok(vec![self.round.clone()])
    }

    async fn hinted(_: &Engine) {
        std::future::pending::<()>().await;
    }

    fn id(_: &Round) -> Option<&str> {
        None
    }

    async fn run(engine: Engine, round: Round) -> Result<(), EngineError> {
        round(engine).await
    }
}
