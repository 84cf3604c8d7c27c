//! One run: chaos and settling in turns, from one seed.

use std::time::Duration;

use crate::jobs::{Ended, Job};
use crate::options::RunOptions;
use crate::reached::Reached;
use crate::world::World;

/// By the machine's clock, and far more than a run takes: only one that hangs gets there.
const HANGS_AFTER: Duration = Duration::from_secs(120);

/// How a run went.
#[derive(Debug)]
pub struct Report {
    /// What it was like.
    pub options: RunOptions,
    /// What happened, line by line; the same for the same options.
    pub trace: Vec<String>,
    /// What it met.
    pub reached: Reached,
    /// The broken invariant, if any.
    pub broken: Option<String>,
}

/// Runs what `options` say.
///
/// # Panics
/// If the deployment can't be set up at all.
pub fn run(options: RunOptions) -> Report {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut world = World::new(options.clone()).await.expect("a deployment");
        let ended = tokio::time::timeout(HANGS_AFTER, world.rounds()).await;
        let broken = match ended {
            Ok(ended) => ended.err().map(|error| format!("{error:#}")),
            Err(_) => Some("it hangs: a job waits for something that nobody does".to_owned()),
        };
        world.reached.permit_waits += world.deployment.jobs.waits;
        world.reached.deliveries = world.heard.count();
        world.deployment.jobs.drop_all();
        world.deployment.engine.store().close().await;
        Report { options, trace: world.trace, reached: world.reached, broken }
    })
}

impl World {
    async fn rounds(&mut self) -> anyhow::Result<()> {
        self.connect_all().await?;
        self.check()?;
        for _ in 0..self.options.rounds() {
            for _ in 0..self.options.steps() {
                self.step().await?;
            }
            self.check_liveness().await?;
            self.note("settled".into());
        }
        Ok(())
    }

    /// `owner` claims work of a sort, if any is due, and begins it; whether any was.
    pub(crate) async fn begin(&mut self, owner: &str, what: Job) -> anyhow::Result<bool> {
        let begun = self.deployment.jobs.begin(owner, what).await?;
        let is_begun = begun.is_some();
        if is_begun {
            self.check_claim(what).await?;
        }
        self.note(format!("{owner} begins a {what:?}: {is_begun}"));
        self.ended(begun.unwrap_or_default()).await?;
        Ok(is_begun)
    }

    /// What jobs came to.
    pub(crate) async fn ended(&mut self, ended: Vec<Ended>) -> anyhow::Result<()> {
        for one in ended {
            match one {
                Ended::Work => {}
                Ended::Connect { user, finished, then } => self.connected(user, &finished, then).await?,
                Ended::Choice { user, wanted, changed, may_consent } => {
                    self.chosen(user, wanted, &changed, may_consent).await?;
                }
                Ended::CleanUp { user } => self.note(format!("{user}: the clean-up has its consent")),
            }
        }
        Ok(())
    }
}
