//! Users who leave, at any moment, and come back. What a disconnect says of itself is held against
//! Google: once it is over, nothing of ours is there, and stays away.

use anyhow::ensure;
use calsync_core::integration::CalendarChoice;
use calsync_engine::disconnect::{self, RemoteItems, Request, RequestedBy, SagaState, Started, StepName};
use calsync_engine::disconnect::{Saga, StepOutcome};

use crate::invariants;
use crate::people::{self, USERS};
use crate::run::World;

/// A user who leaves.
pub(crate) struct Parting {
    user: &'static str,
    id: String,
}

impl World {
    /// A user leaves, or comes back if they left.
    pub(crate) async fn user_leaves_or_returns(&mut self) -> anyhow::Result<()> {
        let user = *self.chance.pick(&USERS);
        if self.wishes.is_disconnected(user) {
            return self.user_returns(user).await;
        }
        let request = Request {
            user_id: user.into(),
            provider: "google".into(),
            remote_items: RemoteItems::Remove,
            note: None,
            requested_by: RequestedBy::User,
        };
        if let Started::Started { saga } = disconnect::start(&self.deployment.engine, &request).await? {
            self.partings.push(Parting { user, id: saga.id });
            self.note(format!("{user} leaves"));
        }
        Ok(())
    }

    async fn user_returns(&mut self, user: &'static str) -> anyhow::Result<()> {
        people::connect(&self.deployment, &self.seam, user, CalendarChoice::New).await?;
        self.wishes.connected(user);
        self.note(format!("{user} comes back"));
        Ok(())
    }

    /// Everybody who left comes back; whether anybody did.
    pub(crate) async fn everybody_returns(&mut self) -> anyhow::Result<bool> {
        let left = USERS.into_iter().filter(|user| self.wishes.is_disconnected(user));
        let left: Vec<&'static str> = left.collect();
        for user in &left {
            self.user_returns(user).await?;
        }
        Ok(!left.is_empty())
    }

    /// Notices which disconnects are over. Only the check of the old token may have come too late.
    pub(crate) async fn notice_partings(&mut self) -> anyhow::Result<()> {
        for Parting { user, id } in std::mem::take(&mut self.partings) {
            let saga = disconnect::saga(&self.deployment.engine, &id).await?;
            match saga {
                Some(saga) if saga.state != SagaState::Running => {
                    ensure!(is_clean(&saga), "the disconnect of {user} left something: {saga:#?}");
                    self.wishes.disconnected(user);
                    invariants::user_is_left_alone(&self.observed, &self.wishes, user)?;
                    self.reached.disconnects += 1;
                    self.note(format!("{user} has left"));
                }
                _ => self.partings.push(Parting { user, id }),
            }
        }
        Ok(())
    }
}

fn is_clean(saga: &Saga) -> bool {
    let unclean = |name: StepName| saga.step(name).is_none_or(|step| step.outcome == StepOutcome::CouldNot);
    saga.steps.len() == StepName::ALL.len()
        && ![StepName::RemoveItems, StepName::Revoke, StepName::Wipe].into_iter().any(unclean)
}
