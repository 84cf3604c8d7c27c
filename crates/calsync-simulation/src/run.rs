//! One run: chaos and settling in turns, from one seed.

use calsync_simulator::{Simulator, SimulatorOptions};
use jiff::Timestamp;

use crate::chance::Chance;
use crate::clock::HandClock;
use crate::deployment::Deployment;
use crate::invariants::{self, Note};
use crate::observed::Observed;
use crate::partings::Parting;
use crate::people;
use crate::seam::Seam;
use crate::wishes::Wishes;

/// Rounds of chaos and settling.
const ROUNDS: usize = 3;
/// Things that happen in a round.
const STEPS_A_ROUND: usize = 60;
/// When every run begins: three weeks before both changes to summer time.
const START: &str = "2031-03-01T00:00:00Z";

/// Everything in a run.
pub(crate) struct World {
    pub(crate) start: Timestamp,
    pub(crate) clock: HandClock,
    pub(crate) chance: Chance,
    pub(crate) google: Simulator,
    /// What was seen of it.
    pub(crate) observed: Observed,
    pub(crate) seam: Seam,
    pub(crate) deployment: Deployment,
    pub(crate) wishes: Wishes,
    pub(crate) notes: Vec<Note>,
    pub(crate) partings: Vec<Parting>,
    pub(crate) reached: Reached,
    trace: Vec<String>,
}

/// What a run met: a suite that never met these proves little.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// Answers lost after their effect.
    pub lost_answers: usize,
    /// Crashes with calls under way.
    pub crashes: usize,
    /// Disconnects that came to their end.
    pub disconnects: usize,
    /// Changes of calendar.
    pub moves: usize,
}

/// How a run went.
#[derive(Debug)]
pub struct Report {
    /// What happened, line by line; the same for the same seed.
    pub trace: Vec<String>,
    /// What it met.
    pub reached: Reached,
    /// The broken invariant, if any.
    pub broken: Option<String>,
}

/// Runs a seed.
///
/// # Panics
/// If the deployment can't be set up at all.
pub fn run(seed: u64) -> Report {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let folder = tempfile::tempdir().expect("a folder");
        let mut world = World::new(seed, folder.path()).await.expect("a deployment");
        let broken = world.rounds().await.err().map(|error| format!("{error:#}"));
        world.deployment.engine.store().close().await;
        Report { trace: world.trace, reached: world.reached, broken }
    })
}

impl World {
    async fn new(seed: u64, folder: &std::path::Path) -> anyhow::Result<Self> {
        let start: Timestamp = START.parse()?;
        let (clock, chance) = (HandClock::starting_at(start), Chance::new(seed));
        let google = Simulator::new(SimulatorOptions {
            auto_consent: true,
            seed,
            start: Some(start),
            ..SimulatorOptions::default()
        });
        let seam = Seam::new(google.router(), clock.clone());
        let file = folder.join("calsync.db");
        let deployment = Deployment::open(file, clock.clone(), chance.clone(), seam.clone()).await?;
        people::connect_all(&deployment, &google, &seam).await?;
        let wishes = Wishes::new(start);
        let (notes, reached, trace) = (Vec::new(), Reached::default(), Vec::new());
        let partings = Vec::new();
        let observed = Observed::new(google.clone());
        Ok(Self {
            start,
            clock,
            chance,
            google,
            observed,
            seam,
            deployment,
            wishes,
            notes,
            partings,
            reached,
            trace,
        })
    }

    async fn rounds(&mut self) -> anyhow::Result<()> {
        self.check()?;
        for _ in 0..ROUNDS {
            for _ in 0..STEPS_A_ROUND {
                self.step().await?;
            }
            self.settle().await?;
            self.note("settled".into());
        }
        Ok(())
    }

    /// Holds what changed at Google against what must always hold.
    pub(crate) fn check(&mut self) -> anyhow::Result<()> {
        let changed = self.observed.look()?;
        invariants::always(&self.observed, &changed, &self.wishes)
    }

    pub(crate) fn note(&mut self, line: String) {
        self.trace.push(line);
    }
}
