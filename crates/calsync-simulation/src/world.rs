//! Everything in a run.

use calsync_core::env::Clock;
use calsync_simulator::{Simulator, SimulatorOptions};
use calsync_testing::{ManualClock, SeededRng, TestDatabase};
use jiff::{SignedDuration, Timestamp};

use crate::deployment::{Deployment, Parts};
use crate::edits::Edits;
use crate::fixtures::USERS;
use crate::heard::{Heard, Receiver};
use crate::invariants;
use crate::model::{ExpectedItem, Model};
use crate::observed::Observed;
use crate::options::RunOptions;
use crate::reached::Reached;
use crate::standing::{PendingDisconnect, Presence, Standings};
use crate::transport::SimTransport;

/// When a run begins: before a change to summer time.
const START: &str = "2024-03-15T00:00:00Z";

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
    /// What happened, line by line.
    pub(crate) trace: Vec<String>,
}

impl World {
    pub(crate) async fn new(options: RunOptions) -> anyhow::Result<Self> {
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
