//! The first phase: the generator picks what happens next, and nothing may go wrong for good.

use anyhow::ensure;
use calsync_core::seams::Clock;
use calsync_google::TransportFailure;
use calsync_simulator::{FaultEffect, FaultRule};
use http::{Method, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::invariants::Note;
use crate::observed::OurEvent;
use crate::people::{USERS, email};
use crate::run::World;
use crate::wishes::Edit;

/// A call that got no answer by now never gets one: the transport's limit.
const CALL_LIMIT: SignedDuration = SignedDuration::from_secs(10);

impl World {
    /// One thing happens.
    pub(crate) async fn step(&mut self) -> anyhow::Result<()> {
        match self.chance.below(100) {
            0..25 => self.platform_edits().await?,
            25..35 => self.user_edits()?,
            35..47 => {
                let owner = *self.chance.pick(&["worker-a", "worker-b"]);
                let began = self.deployment.begin_job(owner).await?;
                self.note(format!("{owner} begins: {began}"));
            }
            47..50 => {
                let owner = *self.chance.pick(&["worker-a", "worker-b"]);
                let began = self.deployment.begin_disconnect(owner).await?;
                self.note(format!("{owner} carries a disconnect on: {began}"));
            }
            50..52 => self.user_leaves_or_returns().await?,
            52..55 => self.user_moves().await?,
            55..90 => self.google_answers().await?,
            90..96 => self.time_passes().await?,
            _ => self.crash().await?,
        }
        self.check()?;
        self.notice_partings().await
    }

    async fn platform_edits(&mut self) -> anyhow::Result<()> {
        let (index, edit) = self.wishes.draw(&self.chance, self.start);
        let wish = self.wishes.wishes[index].clone();
        let path = format!("/items/{}/{}", wish.kind, wish.id);
        let (status, answer) = match &edit {
            Edit::Put(body) => self.deployment.call(Method::PUT, &path, body).await?,
            Edit::Delete => self.deployment.call(Method::DELETE, &path, &Value::Null).await?,
        };
        ensure!(status.is_success(), "{path}: {status} {answer}");
        self.note(format!("platform: {} {edit:?}: {}", wish.key(), status.as_u16()));
        Ok(())
    }

    /// A user colours an event and writes into its description, or removes it.
    fn user_edits(&mut self) -> anyhow::Result<()> {
        let user = *self.chance.pick(&USERS);
        let events: Vec<OurEvent> = self.observed.of(user)?.events().cloned().collect();
        if events.is_empty() {
            return Ok(());
        }
        let OurEvent { item, event } = self.chance.pick(&events);
        if self.chance.percent(40) {
            if self.wishes.may_remove(user, item)
                && self.google.user_deletes_event(&email(user), &event.calendar_id, &event.id).is_ok()
            {
                self.wishes.user_removed(user, item);
                // What happens later is later by more than clocks may differ.
                self.clock.advance(SignedDuration::from_secs(10));
                self.google.advance(SignedDuration::from_secs(10));
                self.note(format!("{user} removes {item}"));
            }
            return Ok(());
        }
        let text = format!("note {}", self.notes.len());
        let before = event.description.as_deref().unwrap_or_default();
        let patch = json!({"colorId": "5", "description": format!("{before}\n\n{text}").trim()});
        if self.google.user_edits_event(&email(user), &event.calendar_id, &event.id, &patch).is_ok() {
            self.note(format!("{user} writes {text:?} into {item}"));
            self.notes.push(Note { user, event_id: event.id.clone(), text });
        }
        Ok(())
    }

    /// Google answers one parked call, or the network or Google fails it.
    async fn google_answers(&mut self) -> anyhow::Result<()> {
        let parked = self.seam.parked();
        if parked == 0 {
            return Ok(());
        }
        let call = self.seam.take(self.chance.below(parked));
        let (job, name) = (call.job, call.name());
        let how = match self.chance.below(100) {
            0..60 => {
                call.answer(&self.seam).await;
                "answered"
            }
            60..75 => {
                call.lose_answer(&self.seam, TransportFailure::NoAnswer).await;
                self.reached.lost_answers += 1;
                "done, its answer lost"
            }
            75..82 => {
                call.fail(TransportFailure::NotSent);
                "not sent"
            }
            82..92 => {
                self.fail_next(503, "backendError", None);
                call.answer(&self.seam).await;
                "503"
            }
            _ => {
                self.fail_next(403, "userRateLimitExceeded", Some(2));
                call.answer(&self.seam).await;
                "slowed down"
            }
        };
        self.google.set_faults(Vec::new());
        self.note(format!("{name}: {how}"));
        self.deployment.drive_job(job).await
    }

    fn fail_next(&self, status: u16, reason: &str, retry_after: Option<u64>) {
        let effect = FaultEffect {
            status: Some(status),
            reason: Some(reason.into()),
            retry_after,
            ..FaultEffect::default()
        };
        self.google.set_faults(vec![FaultRule { effect, times: Some(1), ..FaultRule::default() }]);
    }

    /// The clock moves; a call that waited too long is given up, done or not.
    async fn time_passes(&mut self) -> anyhow::Result<()> {
        let seconds = *self.chance.pick(&[1, 3, 8, 30, 400, 3_700]);
        let by = SignedDuration::from_secs(seconds);
        self.note(format!("{seconds} s pass"));
        let too_old = self.clock.now() + by - CALL_LIMIT;
        while let Some(call) = self.seam.take_older_than(too_old) {
            let job = call.job;
            if self.chance.percent(50) {
                call.lose_answer(&self.seam, TransportFailure::TooSlow).await;
            } else {
                call.fail(TransportFailure::TooSlow);
            }
            self.deployment.drive_job(job).await?;
        }
        self.clock.advance(by);
        self.google.advance(by);
        Ok(())
    }

    /// The process dies. What it had sent may or may not have reached Google.
    pub(crate) async fn crash(&mut self) -> anyhow::Result<()> {
        let calls = self.seam.drop_all();
        self.note(format!("crash with {} calls under way", calls.len()));
        self.reached.crashes += usize::from(!calls.is_empty());
        for call in calls {
            if self.chance.percent(50) {
                call.lose_answer(&self.seam, TransportFailure::NoAnswer).await;
            }
        }
        self.deployment.crash().await
    }

    /// The status of an item's pairs, as the platform reads it.
    pub(crate) async fn read_item(&self, kind: &str, id: &str) -> anyhow::Result<(StatusCode, Value)> {
        self.deployment.call(Method::GET, &format!("/items/{kind}/{id}"), &Value::Null).await
    }
}
