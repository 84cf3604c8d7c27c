//! Users who leave, at any moment, and come back: by their own wish, or since the platform deletes them.
//! What a disconnect says of itself is held against Google: once it is over, nothing of ours is there,
//! and stays away.

use anyhow::ensure;
use calsync_core::integration::{CalendarChoice, IntegrationState};
use calsync_engine::disconnect::{self, RemoteItems, Request, RequestedBy, SagaState, Started, StepName};
use calsync_engine::disconnect::{Saga, StepOutcome};
use calsync_simulator::RevokeCause;
use http::{Method, StatusCode};
use serde_json::Value;

use crate::fixtures::email;
use crate::invariants;
use crate::standing::{Connection, PendingDisconnect, Presence};
use crate::world::World;

impl World {
    /// A user leaves, or comes back if they left.
    pub(crate) async fn user_leaves_or_returns(&mut self) -> anyhow::Result<()> {
        let user = self.pick_user();
        if self.deployment.jobs.has_page(user) || self.standings.presence(user) == Presence::Deleting {
            return Ok(());
        }
        match self.standings.connection(user) {
            Connection::Disconnected => self.connect(user, CalendarChoice::New, None).await,
            Connection::Leftovers(_) => self.clean_up(user).await,
            Connection::Revoked if self.rng.percent(60) => {
                self.connect(user, CalendarChoice::New, None).await
            }
            Connection::Connected | Connection::Revoked => self.user_leaves(user).await,
        }
    }

    /// `user` consents again, for the calendar that is theirs already.
    async fn reconnect(&mut self, user: &'static str) -> anyhow::Result<()> {
        let choice = self.integration(user).await?.map(|one| one.calendar_choice);
        self.connect(user, choice.unwrap_or(CalendarChoice::New), None).await
    }

    async fn user_leaves(&mut self, user: &'static str) -> anyhow::Result<()> {
        let request = Request {
            user_id: user.into(),
            provider: "google".into(),
            remote_items: RemoteItems::Remove,
            note: None,
            requested_by: RequestedBy::User,
        };
        if let Started::Started { saga } = disconnect::start(&self.deployment.engine, &request).await? {
            let lost_grant = self.standings.connection(user) == Connection::Revoked
                || self.standings.may_hold_dead_grant(user);
            self.disconnects.push(PendingDisconnect { user, id: saga.id, lost_grant });
            self.note(format!("{user} leaves"));
        }
        Ok(())
    }

    /// A user takes our access away in Google.
    pub(crate) fn user_revokes(&mut self) {
        let user = self.pick_user();
        let may = self.standings.is_connected(user) && self.standings.presence(user) == Presence::There;
        // A consent under way may be one that comes after this.
        if may && !self.deployment.jobs.has_page(user) && self.google.revoke(&email(user), RevokeCause::User)
        {
            self.standings.set_connection(user, Connection::Revoked);
            for parting in self.disconnects.iter_mut().filter(|parting| parting.user == user) {
                parting.lost_grant = true;
            }
            self.reached.revocations += 1;
            self.note(format!("{user} takes our access away in Google"));
        }
    }

    /// The platform deletes a user.
    pub(crate) async fn platform_deletes_user(&mut self) -> anyhow::Result<()> {
        let user = self.pick_user();
        let may = self.standings.presence(user) == Presence::There
            && !self.deployment.jobs.has_page(user)
            && !self.standings.may_hold_dead_grant(user);
        let connection = self.standings.connection(user);
        // Whom Google has ended our access to leaves something behind that nobody cleans up any more.
        if !may
            || !matches!(connection, Connection::Connected | Connection::Disconnected)
            || self.disconnects.iter().any(|parting| parting.user == user && parting.lost_grant)
        {
            return Ok(());
        }
        self.deployment.must(Method::DELETE, &format!("/users/{user}"), &Value::Null).await?;
        self.standings.set_presence(user, Presence::Deleting);
        self.note(format!("platform: deletes {user}"));
        self.notice_forgotten().await
    }

    /// Whether the connection of `user` ended for a grant that the oracle knows may be dead.
    pub(crate) async fn has_died(&self, user: &str) -> anyhow::Result<bool> {
        let state = self.integration(user).await?.map(|one| one.state);
        Ok(self.standings.may_hold_dead_grant(user) && state == Some(IntegrationState::NeedsAction))
    }

    /// Everybody who left comes back; whether anybody did.
    pub(crate) async fn everybody_returns(&mut self) -> anyhow::Result<bool> {
        let mut any = false;
        for user in self.users() {
            let is_dead = self.has_died(user).await?;
            match self.standings.connection(user) {
                Connection::Connected if is_dead => {
                    self.reconnect(user).await?;
                    self.standings.grant_is_new(user);
                }
                Connection::Connected => continue,
                Connection::Leftovers(_) => self.clean_up(user).await?,
                Connection::Revoked => self.reconnect(user).await?,
                Connection::Disconnected => self.connect(user, CalendarChoice::New, None).await?,
            }
            self.answer_all().await?;
            any = true;
        }
        Ok(any)
    }

    /// Notices which disconnects and clean-ups are over, and who is forgotten.
    pub(crate) async fn notice_partings(&mut self) -> anyhow::Result<()> {
        for parting in std::mem::take(&mut self.disconnects) {
            let saga = disconnect::saga(&self.deployment.engine, &parting.id).await?;
            match saga {
                Some(saga) if saga.state != SagaState::Running => self.has_left(&parting, &saga)?,
                _ => self.disconnects.push(parting),
            }
        }
        for user in self.users() {
            let Connection::Leftovers(id) = self.standings.connection(user) else { continue };
            let saga = disconnect::saga(&self.deployment.engine, &id).await?;
            if saga.is_some_and(|saga| saga.state == SagaState::Done) {
                self.reached.clean_ups += 1;
                self.is_over(user, "is cleaned up", true)?;
            }
        }
        self.notice_forgotten().await
    }

    fn has_left(&mut self, parting: &PendingDisconnect, saga: &Saga) -> anyhow::Result<()> {
        self.reached.disconnects += 1;
        if parting.lost_grant && saga.state == SagaState::DoneWithLeftovers {
            self.standings.set_connection(parting.user, Connection::Leftovers(parting.id.clone()));
            self.note(format!("{} has left, and something stays", parting.user));
            return Ok(());
        }
        ensure!(is_clean(saga), "the disconnect of {} left something: {saga:#?}", parting.user);
        // Our token may have been dead already, and then it ended no grant that came after it (seed 2060).
        let is_revoked = saga.step(StepName::Revoke).is_some_and(|step| step.outcome == StepOutcome::Done);
        let ends_any_grant = is_revoked || !self.standings.may_hold_dead_grant(parting.user);
        self.is_over(parting.user, "has left", ends_any_grant)
    }

    /// A disconnect of `user` ended, and with it our tokens; with `ends_any_grant` whatever grant there was.
    fn is_over(&mut self, user: &'static str, how: &str, ends_any_grant: bool) -> anyhow::Result<()> {
        if !self.deployment.jobs.has_page(user) {
            if ends_any_grant {
                self.standings.consent_is_used(user);
            }
            self.standings.grant_is_new(user);
        }
        self.is_gone(user, how)
    }

    fn is_gone(&mut self, user: &'static str, how: &str) -> anyhow::Result<()> {
        self.standings.set_connection(user, Connection::Disconnected);
        self.model.disconnected(user);
        self.edits.forget(|of_user, _| of_user == user);
        self.note(format!("{user} {how}"));
        invariants::user_is_left_alone(&self.observed, &self.standings, user)
    }

    async fn notice_forgotten(&mut self) -> anyhow::Result<()> {
        for user in self.users() {
            if self.standings.presence(user) != Presence::Deleting {
                continue;
            }
            let (status, answer) =
                self.deployment.call(Method::GET, &format!("/users/{user}"), &Value::Null).await?;
            ensure!(status.is_success() || status == StatusCode::NOT_FOUND, "{user}: {status} {answer}");
            if status == StatusCode::NOT_FOUND {
                self.standings.set_presence(user, Presence::Absent);
                self.model.forgotten(user);
                self.heard.forgotten(user, self.clock_now());
                self.disconnects.retain(|parting| parting.user != user);
                self.reached.deletions += 1;
                self.is_gone(user, "is forgotten")?;
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
