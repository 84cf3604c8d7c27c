//! The first phase: the generator picks what happens next, and nothing may go wrong for good.

use anyhow::ensure;
use calsync_core::env::Clock;
use calsync_engine::user_deletion;
use calsync_google::TransportFailure;
use calsync_simulator::{FaultEffect, FaultRule};
use http::{Method, StatusCode};
use jiff::SignedDuration;
use serde_json::Value;

use crate::jobs::Job;
use crate::model::Change;
use crate::standing::Presence;
use crate::transport::{Peer, PendingCall};
use crate::world::World;

/// A call that got no answer by now never gets one: the transport's limit.
const CALL_LIMIT: SignedDuration = SignedDuration::from_secs(10);
/// So long a dead worker's claim to renew a token stands.
const REFRESH_CLAIM: SignedDuration = SignedDuration::from_secs(45);

/// What may happen.
#[derive(Clone, Copy, Debug)]
enum PlanStep {
    PlatformEdits,
    UserEdits,
    Pass,
    Disconnect,
    Delivery,
    Forget,
    LeaveOrReturn,
    Move,
    Revoke,
    DeleteUser,
    PauseOrResume,
    Answer,
    Time,
    Crash,
}

/// How a call fares.
#[derive(Clone, Copy, Debug)]
enum Fare {
    Answered,
    AnswerLost,
    NotSent,
    ServerError,
    RateLimit,
}

impl World {
    /// One thing happens.
    pub(crate) async fn step(&mut self) -> anyhow::Result<()> {
        let options = &self.options;
        let steps = [
            (240, PlanStep::PlatformEdits),
            (100, PlanStep::UserEdits),
            (120, PlanStep::Pass),
            (30, PlanStep::Disconnect),
            (30, PlanStep::Delivery),
            (10, PlanStep::Forget),
            (25, PlanStep::LeaveOrReturn),
            (30, PlanStep::Move),
            (options.revocations(), PlanStep::Revoke),
            (options.deletions(), PlanStep::DeleteUser),
            (options.pauses(), PlanStep::PauseOrResume),
            (350, PlanStep::Answer),
            (10 * options.time_jumps(), PlanStep::Time),
            (10 * options.crashes(), PlanStep::Crash),
        ];
        match *self.rng.pick_weighted(&steps) {
            PlanStep::PlatformEdits => self.platform_edits().await?,
            PlanStep::UserEdits => self.user_edits()?,
            PlanStep::Pass => self.work_begins(Job::Pass).await?,
            PlanStep::Disconnect => self.work_begins(Job::Disconnect).await?,
            PlanStep::Delivery => self.work_begins(Job::Delivery).await?,
            PlanStep::Forget => drop(user_deletion::forget_ready(&self.deployment.engine, None).await?),
            PlanStep::LeaveOrReturn => self.user_leaves_or_returns().await?,
            PlanStep::Move => self.user_moves().await?,
            PlanStep::Revoke => self.user_revokes(),
            PlanStep::DeleteUser => self.platform_deletes_user().await?,
            PlanStep::PauseOrResume => self.admin_pauses_or_resumes().await?,
            PlanStep::Answer => self.somebody_answers().await?,
            PlanStep::Time => self.time_passes().await?,
            PlanStep::Crash => self.crash().await?,
        }
        self.check()?;
        self.notice_partings().await
    }

    async fn platform_edits(&mut self) -> anyhow::Result<()> {
        let index = self.rng.below(self.model.items.len());
        let known: Vec<&'static str> =
            self.users().filter(|user| self.standings.presence(user) == Presence::There).collect();
        let Some(expected_item) = self.model.draw(&self.rng, index, &known, self.start) else {
            return Ok(());
        };
        let change = expected_item.change();
        let (status, answer) = match &change {
            Change::Put(body) => self.deployment.call(Method::PUT, &expected_item.path(), body).await?,
            Change::Delete => {
                self.deployment.call(Method::DELETE, &expected_item.path(), &Value::Null).await?
            }
        };
        self.note(format!("platform: {} {}: {}", expected_item.key(), change.told(), status.as_u16()));
        let names_leaving =
            expected_item.users.iter().any(|user| self.standings.presence(user) == Presence::Deleting);
        if names_leaving && matches!(change, Change::Put(_)) {
            ensure!(
                status == StatusCode::CONFLICT,
                "{} names who is being deleted: {status}",
                expected_item.key()
            );
            return Ok(());
        }
        ensure!(status.is_success(), "{}: {status} {answer}", expected_item.path());
        self.wishes_said(index, expected_item);
        Ok(())
    }

    async fn work_begins(&mut self, what: Job) -> anyhow::Result<()> {
        let owner = format!("worker-{}", self.rng.below(self.options.workers()));
        self.begin(&owner, what).await.map(drop)
    }

    /// One parked call is answered, or the network or its peer fails it.
    async fn somebody_answers(&mut self) -> anyhow::Result<()> {
        let pending = self.transport.pending();
        if pending == 0 {
            return Ok(());
        }
        let call = self.transport.take(self.rng.below(pending));
        let options = &self.options;
        let bad =
            options.lost_answers() + options.not_sent() + options.server_errors() + options.rate_limits();
        let fares = [
            (100_usize.saturating_sub(bad), Fare::Answered),
            (options.lost_answers(), Fare::AnswerLost),
            (options.not_sent(), Fare::NotSent),
            (options.server_errors(), Fare::ServerError),
            (options.rate_limits(), Fare::RateLimit),
        ];
        let fare = *self.rng.pick_weighted(&fares);
        self.reached.count(call.peer, matches!(fare, Fare::AnswerLost), !matches!(fare, Fare::Answered));
        let (job, name) = (call.job, call.name());
        self.let_fare(call, fare).await;
        self.note(format!("{name}: {fare:?}"));
        let ended = self.deployment.jobs.drive_job(job).await?;
        self.ended(ended).await
    }

    async fn let_fare(&self, call: PendingCall, fare: Fare) {
        let (status, reason, retry_after) = match (fare, call.peer) {
            (Fare::Answered, _) => return call.answer(&self.transport).await,
            (Fare::AnswerLost, _) => {
                return call.lose_answer(&self.transport, TransportFailure::NoAnswer).await;
            }
            (Fare::NotSent, _) => return call.fail(TransportFailure::NotSent),
            (_, Peer::Webhook) => return call.refuse(StatusCode::INTERNAL_SERVER_ERROR),
            (Fare::ServerError, _) => (503, None, None),
            (Fare::RateLimit, Peer::Calendar) => (403, Some("userRateLimitExceeded".into()), Some(2)),
            (Fare::RateLimit, Peer::OAuth) => (429, None, Some(2)),
        };
        let effect = FaultEffect { status: Some(status), reason, retry_after, ..FaultEffect::default() };
        self.google.set_faults(vec![FaultRule { effect, times: Some(1), ..FaultRule::default() }]);
        call.answer(&self.transport).await;
        self.google.set_faults(Vec::new());
    }

    /// The clock moves; a call that waited too long is given up, done or not.
    async fn time_passes(&mut self) -> anyhow::Result<()> {
        let seconds = *self.rng.pick(&[1, 3, 8, 30, 400, 3_700]);
        let by = SignedDuration::from_secs(seconds);
        self.note(format!("{seconds} s pass"));
        let too_old = self.clock.now() + by - CALL_LIMIT;
        while let Some(call) = self.transport.take_older_than(too_old) {
            let job = call.job;
            if self.rng.percent(50) {
                call.lose_answer(&self.transport, TransportFailure::TooSlow).await;
            } else {
                call.fail(TransportFailure::TooSlow);
            }
            let ended = self.deployment.jobs.drive_job(job).await?;
            self.ended(ended).await?;
        }
        self.advance(by);
        Ok(())
    }

    /// The process dies. What it had sent may or may not have reached its peer.
    pub(crate) async fn crash(&mut self) -> anyhow::Result<()> {
        if self.transport.is_calling(Peer::OAuth) {
            self.refreshing_until = self.clock.now() + REFRESH_CLAIM;
        }
        for user in self.users().filter(|user| self.deployment.jobs.has_page(user)) {
            self.standings.consent_failed(user);
        }
        let calls = self.transport.drop_all();
        self.note(format!("crash with {} calls under way", calls.len()));
        self.reached.crashes += usize::from(!calls.is_empty());
        for call in calls {
            let is_delivered = self.rng.percent(50);
            call.abandon(&self.transport, is_delivered).await;
        }
        let frees_leases = self.rng.percent(50);
        self.reached.permit_waits += self.deployment.jobs.waits;
        self.deployment.crash(frees_leases).await
    }
}
