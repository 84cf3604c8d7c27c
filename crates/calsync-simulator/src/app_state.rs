//! What every handler works with: the options, the clock and the world.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::clock::Clock;
use crate::options::SimulatorOptions;
use crate::world::{NewAccount, World};

/// Clones share one state.
#[derive(Debug, Clone)]
pub(crate) struct AppState(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    options: SimulatorOptions,
    clock: Clock,
    world: Mutex<World>,
}

impl AppState {
    pub(crate) fn new(options: SimulatorOptions) -> Self {
        let clock = Clock::new(options.start);
        let world = Mutex::new(World::new(options.seed, options.quirks));
        Self(Arc::new(Inner { options, clock, world }))
    }

    pub(crate) fn options(&self) -> &SimulatorOptions {
        &self.0.options
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock().now()
    }

    /// The state. A call that panicked while it held the lock has left no half write that matters to a fake.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.0.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add_account(&self, account: NewAccount) {
        let now = self.now();
        self.world().add_account(account, now);
    }
}
