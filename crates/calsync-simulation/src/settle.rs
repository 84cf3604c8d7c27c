//! The second phase: no more faults. Both sides must agree soon, and then a full look writes
//! nothing.

use anyhow::ensure;
use calsync_core::seams::Clock;
use calsync_store::{disconnects, leases, mappings};
use jiff::SignedDuration;

use crate::invariants;
use crate::observed::OurEvent;
use crate::people::USERS;
use crate::run::World;

/// Passes after which both sides must agree: each pair needs three at most, the rest is waiting.
const PASSES_MAX: usize = 400;

impl World {
    /// Works until nothing is due, then compares.
    pub(crate) async fn settle(&mut self) -> anyhow::Result<()> {
        self.work_off_and_compare().await?;
        if self.everybody_returns().await? {
            self.work_off_and_compare().await?;
        }
        self.full_look_writes_nothing().await?;
        self.wishes.settled();
        Ok(())
    }

    async fn work_off_and_compare(&mut self) -> anyhow::Result<()> {
        self.work_off().await?;
        self.check()?;
        self.observed.check_whole()?;
        self.notice_partings().await?;
        ensure!(self.partings.is_empty(), "a disconnect doesn't end");
        invariants::settled(&self.observed, &self.wishes, &self.notes)?;
        self.compare_places().await?;
        self.compare_states().await
    }

    /// Everything is in the calendar that the user chose, and no other calendar of ours is left.
    async fn compare_places(&self) -> anyhow::Result<()> {
        for user in USERS.into_iter().filter(|user| !self.wishes.is_disconnected(user)) {
            let target = self.integration(user).await?.and_then(|one| one.target_calendar_id);
            let account = self.observed.of(user)?;
            for OurEvent { item, event } in account.events() {
                let place = &event.calendar_id;
                ensure!(Some(place) == target.as_ref(), "{item} of {user} is still in {place}");
            }
            for own in &account.our_calendars {
                ensure!(Some(own) == target.as_ref(), "{user} left {own}, and it is still there");
            }
        }
        Ok(())
    }

    async fn work_off(&mut self) -> anyhow::Result<()> {
        for _ in 0..PASSES_MAX {
            while self.seam.parked() > 0 {
                let call = self.seam.take(0);
                let job = call.job;
                call.answer(&self.seam).await;
                self.deployment.drive_job(job).await?;
            }
            ensure!(self.deployment.jobs.is_empty(), "a job neither ends nor calls");
            if self.deployment.begin_job("worker-a").await?
                || self.deployment.begin_disconnect("worker-a").await?
            {
                continue;
            }
            let mut tx = self.deployment.engine.store().read().await?;
            let next_due = [leases::next_due(&mut tx).await?, disconnects::next_due(&mut tx).await?];
            drop(tx);
            let Some(next_due) = next_due.into_iter().flatten().min() else { return Ok(()) };
            // Due already: a lease of a dead worker still stands.
            let wait = next_due.duration_since(self.clock.now()).max(SignedDuration::from_secs(1));
            self.clock.advance(wait);
            self.google.advance(wait);
        }
        anyhow::bail!("not settled after {PASSES_MAX} passes")
    }

    /// What we tell the platform is what is so.
    async fn compare_states(&self) -> anyhow::Result<()> {
        for wish in &self.wishes.wishes {
            let (status, item) = self.read_item(wish.kind, wish.id).await?;
            if !status.is_success() {
                continue;
            }
            for sync in item["sync"].as_array().into_iter().flatten() {
                let user = sync["user_id"].as_str().unwrap_or_default();
                if self.wishes.is_removed(user, &wish.key()) {
                    // Without a pull a removal is noticed at the next write only.
                    continue;
                }
                let should_be_there = self.wishes.expected(user).contains_key(&wish.key());
                let is_said = sync["state"] == "synced";
                ensure!(
                    is_said == should_be_there,
                    "{} of {user} is said to be {}",
                    wish.key(),
                    sync["state"]
                );
            }
        }
        Ok(())
    }

    async fn full_look_writes_nothing(&mut self) -> anyhow::Result<()> {
        let before = self.google.write_count();
        let now = self.clock.now();
        let mut tx = self.deployment.engine.store().begin().await?;
        for user in USERS {
            mappings::touch_all(&mut tx, user, now).await?;
        }
        tx.commit().await?;
        self.work_off().await?;
        let after = self.google.write_count();
        ensure!(before == after, "a full look wrote: {before} before, {after} after");
        Ok(())
    }
}
