//! Admins pause a user, a domain, an operation or everything, and end that again.

use anyhow::ensure;
use calsync_core::outcome::Operation;
use calsync_core::pause::{PauseScope, PauseTarget};
use calsync_store::pauses::{self, Begun, NewPauseByAdmin, Pause};

use crate::fixtures::DOMAIN;
use crate::jobs::Job;
use crate::world::World;

const ADMIN: &str = "kim";

impl World {
    /// An admin pauses something, or ends what is paused.
    pub(crate) async fn admin_pauses_or_resumes(&mut self) -> anyhow::Result<()> {
        let standing = self.paused_by_admins().await?;
        match standing.is_empty() || self.rng.percent(50) {
            true => self.admin_pauses().await,
            false => self.admin_resumes(self.rng.pick(&standing).clone()).await,
        }
    }

    async fn admin_pauses(&mut self) -> anyhow::Result<()> {
        let operations: Vec<Operation> =
            Operation::ALL.iter().copied().filter(|operation| operation.can_be_paused()).collect();
        let target = match self.rng.below(10) {
            0 => PauseTarget::Everything,
            1 | 2 => PauseTarget::Domain(DOMAIN.to_owned()),
            3..6 => PauseTarget::Operation(*self.rng.pick(&operations)),
            _ => PauseTarget::User(self.pick_user().to_owned()),
        };
        let new = NewPauseByAdmin { target: &target, admin_id: ADMIN, note: "They asked for it." };
        let store = self.deployment.engine.store();
        let mut tx = store.begin().await?;
        let begun = pauses::begin_by_admin(store, &mut tx, new, self.clock_now()).await?;
        tx.commit().await?;
        let is_begun = matches!(begun, Begun::Now(_));
        self.reached.pauses += usize::from(is_begun);
        self.note(format!("an admin pauses {target:?}: {is_begun}"));
        Ok(())
    }

    async fn admin_resumes(&mut self, pause: Pause) -> anyhow::Result<()> {
        let store = self.deployment.engine.store();
        let mut tx = store.begin().await?;
        let by = (ADMIN, "It is over.");
        let ended = pauses::end_by_admin(store, &mut tx, &pause.id, by, self.clock_now()).await?;
        tx.commit().await?;
        ensure!(ended.is_some(), "{pause:?} can't be ended");
        self.note(format!("an admin ends the pause of {} {}", pause.scope.name(), pause.key));
        Ok(())
    }

    /// Admins end all that they paused.
    pub(crate) async fn admins_resume_all(&mut self) -> anyhow::Result<()> {
        for pause in self.paused_by_admins().await? {
            self.admin_resumes(pause).await?;
        }
        Ok(())
    }

    /// What was just claimed may be claimed.
    pub(crate) async fn check_claim(&self, what: Job) -> anyhow::Result<()> {
        let is_everything = |pause: &Pause| pause.scope == PauseScope::Everything;
        let is_stopped = self.paused_by_admins().await?.iter().any(is_everything);
        ensure!(!is_stopped || matches!(what, Job::Delivery), "everything is paused, and a {what:?} begins");
        Ok(())
    }

    async fn paused_by_admins(&self) -> anyhow::Result<Vec<Pause>> {
        let mut tx = self.deployment.engine.store().read().await?;
        let mut standing = pauses::all(&mut tx).await?;
        standing.retain(|pause| pause.by.is_some());
        Ok(standing)
    }
}
