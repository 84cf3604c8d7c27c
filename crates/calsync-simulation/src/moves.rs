//! Users who go over to another calendar, at any moment, and change their minds.

use calsync_core::integration::{CalendarChoice, IntegrationState};
use calsync_engine::calendar::{self, Changed, Wanted};
use calsync_store::integrations::{self, Integration};

use crate::people::{self, USERS, email, work};
use crate::run::World;

impl World {
    /// A user chooses a calendar, with another consent where that needs one.
    pub(crate) async fn user_moves(&mut self) -> anyhow::Result<()> {
        let user = *self.chance.pick(&USERS);
        let wanted = match self.chance.below(3) {
            0 => Wanted::Own,
            1 => Wanted::Existing(email(user)),
            _ => Wanted::Existing(work(user)),
        };
        let Some(integration) = self.integration(user).await? else { return Ok(()) };
        let mut changed = calendar::change(&self.deployment.engine, &integration.id, &wanted).await?;
        if let (Changed::ScopeMissing(_), IntegrationState::Active) = (&changed, integration.state) {
            people::connect(&self.deployment, &self.seam, user, CalendarChoice::Existing).await?;
            changed = calendar::change(&self.deployment.engine, &integration.id, &wanted).await?;
        }
        if changed == Changed::Done {
            self.wishes.moves(user);
            self.reached.moves += 1;
        }
        self.note(format!("{user} chooses {wanted:?}: {changed:?}"));
        Ok(())
    }

    pub(crate) async fn integration(&self, user: &str) -> anyhow::Result<Option<Integration>> {
        let mut tx = self.deployment.engine.store().read().await?;
        Ok(integrations::of_user(&mut tx, user).await?.into_iter().next())
    }
}
