//! One run: chaos and settling in turns, from one seed.

use std::time::Duration;

use calsync_core::env::Clock;
use calsync_simulator::{Simulator, SimulatorOptions};
use calsync_testing::{DatabaseKind, ManualClock, SeededRng, TestDatabase};
use jiff::{SignedDuration, Timestamp};

use crate::deployment::{Deployment, Parts};
use crate::disconnects::PendingDisconnect;
use crate::edits::Edits;
use crate::heard::{Heard, Receiver};
use crate::invariants;
use crate::jobs::{Ended, Job};
use crate::model::{ExpectedItem, Model};
use crate::observed::Observed;
use crate::options::RunOptions;
use crate::reached::Reached;
use crate::standing::{Presence, Standings};
use crate::transport::SimTransport;
use crate::users::USERS;

/// When a run begins: before today, so that on Postgres, whose own clock ends leases, none ends during a
/// run; and before a change to summer time.
const START: &str = "2024-03-15T00:00:00Z";

/// By the machine's clock, and far more than a run takes: only one that hangs gets there.
const HANGS_AFTER: Duration = Duration::from_secs(120);

/// Everything in a run.
pub(crate) struct World {
    pub(crate) options: RunOptions,
    pub(crate) start: Timestamp,
    pub(crate) clock: ManualClock,
    pub(crate) rng: SeededRng,
    pub(crate) google: Simulator,
    /// What was seen of it.
    pub(crate) observed: Observed,
    pub(crate) transport: SimTransport,
    pub(crate) deployment: Deployment,
    pub(crate) model: Model,
    pub(crate) edits: Edits,
    pub(crate) standings: Standings,
    pub(crate) heard: Heard,
    pub(crate) disconnects: Vec<PendingDisconnect>,
    /// Until when a dead process may hold a claim to renew a token.
    pub(crate) refreshing_until: Timestamp,
    pub(crate) reached: Reached,
    trace: Vec<String>,
}

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
    async fn new(options: RunOptions) -> anyhow::Result<Self> {
        let start: Timestamp = START.parse()?;
        let (clock, rng) = (ManualClock::starting_at(start), SeededRng::new(options.seed));
        let google = Simulator::new(SimulatorOptions {
            auto_consent: true,
            seed: options.seed,
            start: Some(start),
            ..SimulatorOptions::default()
        });
        let receiver = Receiver::default();
        let transport = SimTransport::new(google.router(), receiver.router(), clock.clone());
        let parts = Parts {
            options: options.clone(),
            clock: clock.clone(),
            rng: rng.clone(),
            transport: transport.clone(),
        };
        let deployment = Deployment::open(TestDatabase::new(options.database), parts).await?;
        Ok(Self {
            model: Model::new(&options, start),
            options,
            start,
            clock,
            rng,
            observed: Observed::new(google.clone()),
            google,
            transport,
            deployment,
            edits: Edits::default(),
            standings: Standings::default(),
            heard: Heard::new(receiver),
            disconnects: Vec::new(),
            refreshing_until: start,
            reached: Reached::default(),
            trace: Vec::new(),
        })
    }

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

    /// Who is there in this run.
    pub(crate) fn users(&self) -> impl Iterator<Item = &'static str> + use<> {
        USERS.into_iter().take(self.options.users())
    }

    pub(crate) fn pick_user(&self) -> &'static str {
        USERS[self.rng.below(self.options.users())]
    }

    pub(crate) fn advance(&self, by: SignedDuration) {
        self.clock.advance(by);
        self.google.advance(by);
    }

    pub(crate) fn clock_now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether a token may be claimed by a process that is gone.
    pub(crate) fn may_be_refreshing(&self) -> bool {
        self.clock.now() < self.refreshing_until
    }

    /// The platform said `wish`, and we took it.
    pub(crate) fn wishes_said(&mut self, index: usize, expected_item: ExpectedItem) {
        let key = expected_item.key();
        let before = &self.model.items[index];
        if expected_item.is_deleted() {
            self.edits.forget(|_, item| item == key);
        } else {
            let (was, is) = (before.expected(), expected_item.expected());
            self.edits.platform_changed(&key, &was, &is);
        }
        if before.users.iter().any(|user| before.is_for(user) && !expected_item.is_for(user)) {
            self.edits.may_be_replaced(&key);
        }
        self.model.said(index, expected_item);
    }

    /// `owner` claims work of a sort, if any is due, and begins it; whether any was.
    pub(crate) async fn begin(&mut self, owner: &str, what: Job) -> anyhow::Result<bool> {
        let begun = self.deployment.jobs.begin(owner, what).await?;
        let is_begun = begun.is_some();
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

    /// Holds what changed at Google, and what the webhook was told, against what must always hold.
    pub(crate) fn check(&mut self) -> anyhow::Result<()> {
        for user in self.users() {
            if self.standings.presence(user) == Presence::There {
                self.heard.known(user);
            }
        }
        let changed = self.observed.look()?;
        invariants::always(&self.observed, &changed, &self.standings, &self.model)?;
        self.trace.extend(self.heard.look()?);
        Ok(())
    }

    pub(crate) fn note(&mut self, line: String) {
        self.trace.push(line);
    }
}

impl RunOptions {
    /// Whether the same options give the same trace, to the letter.
    pub fn is_repeatable(&self) -> bool {
        self.database == DatabaseKind::Sqlite
    }
}
