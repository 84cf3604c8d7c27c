//! The second phase: no more faults. Both sides must agree soon, and then a full look writes
//! nothing.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use calsync_core::env::Clock;
use calsync_engine::user_deletion;
use calsync_store::integrations::Integration;
use calsync_store::{calendars, leases, mappings, user_edits};
use http::{Method, StatusCode};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::Value;

use crate::invariants;
use crate::jobs::Job;
use crate::observed::OurEvent;
use crate::standing::Presence;
use crate::world::World;

/// Jobs after which both sides must agree: each item needs a few at most, the rest is waiting.
const JOBS_MAX: usize = 2_000;

/// Edits of one item: more than a run has.
const EDITS_MAX: i64 = 1_000;

/// Tries after which everybody must be back: without faults one is enough, after what came before two.
const RETURNS_MAX: usize = 3;

/// What the platform reads of an item.
#[derive(Deserialize)]
struct ItemShown {
    sync: Vec<SyncShown>,
}

#[derive(Deserialize)]
struct SyncShown {
    user_id: String,
    state: String,
}

/// A page of the feed of changes, or of the deliveries.
#[derive(Deserialize)]
struct Page {
    items: Vec<Entry>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    id: String,
}

impl World {
    /// Works until nothing is due, then compares.
    pub(crate) async fn check_liveness(&mut self) -> anyhow::Result<()> {
        self.admins_resume_all().await?;
        self.work_off().await?;
        self.compare().await?;
        for _ in 0..RETURNS_MAX {
            if !self.everybody_returns().await? {
                break;
            }
            self.work_off().await?;
            self.check()?;
            self.notice_partings().await?;
        }
        self.compare().await?;
        for user in self.users() {
            ensure!(self.standings.is_connected(user), "{user} could not come back");
        }
        self.full_look_writes_nothing().await?;
        self.webhook_told_all().await?;
        self.model.settled();
        self.standings.settled();
        Ok(())
    }

    async fn compare(&mut self) -> anyhow::Result<()> {
        self.check()?;
        self.observed.check_whole()?;
        self.notice_partings().await?;
        ensure!(self.disconnects.is_empty(), "a disconnect doesn't end");
        for user in self.users() {
            ensure!(self.standings.presence(user) != Presence::Deleting, "{user} is never forgotten");
            if self.standings.is_connected(user) && !self.has_died(user).await? {
                invariants::settled(&self.observed, &self.model, &self.edits, user)?;
                self.compare_place(user).await?;
                self.compare_lost_edits(user).await?;
            }
        }
        self.compare_states().await
    }

    /// Everything is in the calendar that the user chose, no other calendar of ours is left, and we know of each that
    /// holds anything.
    async fn compare_place(&self, user: &str) -> anyhow::Result<()> {
        let integration = self.integration(user).await?.context("a connected user has an integration")?;
        self.compare_calendars(&integration).await?;
        let target = integration.target_calendar_id;
        let account = self.observed.of(user)?;
        for OurEvent { item, event } in account.events() {
            let place = &event.calendar_id;
            ensure!(Some(place) == target.as_ref(), "{item} of {user} is still in {place}");
        }
        for own in &account.our_calendars {
            ensure!(Some(own) == target.as_ref(), "{user} left {own}, and it is still there");
        }
        Ok(())
    }

    /// A title of theirs that stands no more is kept, in full.
    async fn compare_lost_edits(&self, user: &str) -> anyhow::Result<()> {
        let mut tx = self.deployment.engine.store().read().await?;
        for OurEvent { item, event } in self.observed.of(user)?.events() {
            let Some(lost) = self.edits.lost_title(user, item, event) else { continue };
            let kept =
                user_edits::of_item(&mut tx, &self.model.of_item(item)?.stored_key()?, EDITS_MAX).await?;
            let is_kept = kept.iter().any(|edit| edit.user_id == user && edit.after == lost);
            ensure!(is_kept, "{lost:?} of {user}, a title of {item}, is lost: {kept:?}");
        }
        Ok(())
    }

    /// The mappings tell of no calendar without a row: nobody would look into it.
    async fn compare_calendars(&self, of: &Integration) -> anyhow::Result<()> {
        let mut tx = self.deployment.engine.store().read().await?;
        let known = calendars::of_connection(&mut tx, (&of.id, of.epoch)).await?;
        let mut found = 0;
        for id in known.iter().filter_map(|calendar| calendar.id.as_deref()) {
            found += mappings::count_in_calendar(&mut tx, &of.id, id).await?;
        }
        let all = mappings::count_at_google(&mut tx, &of.id).await?;
        ensure!(found >= all, "{} has {all} events, and {found} of them in {known:?}", of.user_id);
        Ok(())
    }

    /// Answers every call, until no job is left.
    pub(crate) async fn answer_all(&mut self) -> anyhow::Result<()> {
        while self.transport.pending() > 0 {
            let call = self.transport.take(0);
            let job = call.job;
            self.note(call.name());
            call.answer(&self.transport).await;
            let ended = self.deployment.jobs.drive_job(job).await?;
            self.ended(ended).await?;
        }
        ensure!(self.deployment.jobs.is_empty(), "a job neither ends nor calls");
        Ok(())
    }

    async fn work_off(&mut self) -> anyhow::Result<()> {
        for _ in 0..JOBS_MAX {
            self.answer_all().await?;
            let mut is_at_work = false;
            for what in [Job::Pass, Job::Disconnect, Job::Delivery] {
                is_at_work = is_at_work || self.begin("worker-0", what).await?;
            }
            if is_at_work || user_deletion::forget_ready(&self.deployment.engine, None).await? {
                continue;
            }
            let mut tx = self.deployment.engine.store().read().await?;
            let next_due = [
                leases::passes::next_due(&mut tx, self.clock.now()).await?,
                leases::disconnects::next_due(&mut tx, self.clock.now()).await?,
                leases::deliveries::next_due(&mut tx).await?,
            ];
            drop(tx);
            let Some(next_due) = next_due.into_iter().flatten().min() else { return Ok(()) };
            // Due already: a lease of a dead worker still stands.
            self.advance(next_due.duration_since(self.clock.now()).max(SignedDuration::from_secs(1)));
        }
        anyhow::bail!("not settled after {JOBS_MAX} jobs")
    }

    /// What we tell the platform is what is so.
    async fn compare_states(&self) -> anyhow::Result<()> {
        for expected_item in &self.model.items {
            let (status, item) =
                self.deployment.call(Method::GET, &expected_item.path(), &Value::Null).await?;
            if expected_item.is_deleted() {
                ensure!(
                    status == StatusCode::NOT_FOUND,
                    "{} is deleted, and is told: {item}",
                    expected_item.key()
                );
                continue;
            }
            ensure!(status.is_success(), "{}: {status} {item}", expected_item.key());
            let item: ItemShown = serde_json::from_value(item).context("an item as it is shown")?;
            let states: BTreeMap<String, String> =
                item.sync.into_iter().map(|sync| (sync.user_id, sync.state)).collect();
            for user in expected_item.users.iter().filter(|user| self.standings.is_connected(user)) {
                if self.model.is_removed(user, &expected_item.key()) {
                    // Without a pull a removal is noticed at the next write only.
                    continue;
                }
                if self.has_died(user).await? {
                    continue;
                }
                let state = states.get(*user).map_or("none", String::as_str);
                ensure!(
                    (state == "synced") == expected_item.is_for(user),
                    "{} of {user} is said to be {state}",
                    expected_item.key()
                );
            }
        }
        Ok(())
    }

    async fn full_look_writes_nothing(&mut self) -> anyhow::Result<()> {
        let before = self.google.write_count();
        let now = self.clock.now();
        let mut tx = self.deployment.engine.store().begin().await?;
        for user in self.users() {
            mappings::mark_all_due(&mut tx, user, now).await?;
        }
        tx.commit().await?;
        self.work_off().await?;
        let after = self.google.write_count();
        ensure!(before == after, "a full look wrote: {before} before, {after} after");
        Ok(())
    }

    /// Nothing waits for the webhook, and it told of every change in the feed.
    async fn webhook_told_all(&mut self) -> anyhow::Result<()> {
        self.check()?;
        for state in ["waiting", "failed"] {
            let page = self.page(&format!("/webhook-deliveries?state={state}")).await?;
            ensure!(page.items.is_empty(), "a delivery is still {state}");
        }
        let mut path = "/changes".to_owned();
        loop {
            let page = self.page(&path).await?;
            self.heard.has_all(page.items.iter().map(|change| change.id.as_str()))?;
            match page.next_cursor {
                Some(next) if !page.items.is_empty() => path = format!("/changes?after={next}"),
                _ => return Ok(()),
            }
        }
    }

    async fn page(&self, path: &str) -> anyhow::Result<Page> {
        let page = self.deployment.must(Method::GET, path, &Value::Null).await?;
        serde_json::from_value(page).with_context(|| format!("what {path} answers"))
    }
}
