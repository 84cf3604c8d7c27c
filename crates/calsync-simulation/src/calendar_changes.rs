//! Users who go over to another calendar, at any moment, and change their minds.

use calsync_core::integration::IntegrationState;
use calsync_engine::EngineError;
use calsync_engine::target_calendar::{self, RetargetResult, TargetChoice};
use calsync_store::integrations::{self, Integration};

use crate::fixtures::{email, work};
use crate::jobs::Ended;
use crate::transport::Peer;
use crate::world::World;

impl World {
    /// A user chooses a calendar, with another consent where that needs one.
    pub(crate) async fn user_moves(&mut self) -> anyhow::Result<()> {
        let user = self.pick_user();
        let wanted = match self.rng.below(3) {
            0 => TargetChoice::Own,
            1 => TargetChoice::Existing(email(user)),
            _ => TargetChoice::Existing(work(user)),
        };
        // A page waits for a refresh of somebody else's by the machine's clock, which no seed moves.
        if self.deployment.jobs.has_page(user)
            || self.transport.is_calling(Peer::OAuth)
            || self.may_be_refreshing()
        {
            return Ok(());
        }
        self.choose(user, wanted, true).await
    }

    /// `user` chooses a calendar; with `may_consent` they consent once more where that is needed.
    pub(crate) async fn choose(
        &mut self,
        user: &'static str,
        wanted: TargetChoice,
        may_consent: bool,
    ) -> anyhow::Result<()> {
        let Some(integration) = self.integration(user).await? else { return Ok(()) };
        let engine = self.deployment.engine.clone();
        let work = async move {
            let changed = target_calendar::change(&engine, &integration.id, &wanted).await?;
            Ok::<_, EngineError>(Ended::Choice { user, wanted, changed, may_consent })
        };
        let ended = self.deployment.jobs.begin_page(user, Box::pin(work)).await?;
        Box::pin(self.ended(ended)).await
    }

    /// A choice of a calendar ended.
    pub(crate) async fn chosen(
        &mut self,
        user: &'static str,
        wanted: TargetChoice,
        changed: &RetargetResult,
        may_consent: bool,
    ) -> anyhow::Result<()> {
        self.note(format!("{user} chooses {wanted:?}: {changed:?}"));
        match changed {
            RetargetResult::Done => {
                self.standings.moves(user);
                self.reached.moves += 1;
                Ok(())
            }
            // Who took our access away and consents to other scopes leaves us none to remove our calendar with.
            RetargetResult::ScopeMissing(_) if may_consent && self.standings.is_connected(user) => {
                let state = self.integration(user).await?.map(|one| one.state);
                match state {
                    Some(IntegrationState::Active) => self.connect(user, wanted.choice(), Some(wanted)).await,
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    pub(crate) async fn integration(&self, user: &str) -> anyhow::Result<Option<Integration>> {
        let mut tx = self.deployment.engine.store().read().await?;
        Ok(integrations::of_user(&mut tx, user).await?.into_iter().next())
    }
}
