//! Jobs that are under way: passes, disconnects, deliveries, and what pages ask of Google. One is polled
//! at a time, until it ends, or until every call of its is parked, or until it waits for a permit.

use std::pin::Pin;
use std::task::Poll;

use anyhow::{Context, ensure};
use calsync_engine::consent::CallbackResult;
use calsync_engine::target_calendar::{RetargetResult, TargetChoice};
use calsync_engine::{Engine, EngineError, disconnect, reconcile, webhooks};

use crate::transport::SimTransport;

/// What a job came to.
#[derive(Debug)]
pub(crate) enum Ended {
    /// What concerns the store and Google alone.
    Work,
    /// A user came back from Google's consent, and may want another calendar then.
    Connect { user: &'static str, finished: CallbackResult, then: Option<TargetChoice> },
    /// A user chose a calendar.
    Choice { user: &'static str, wanted: TargetChoice, changed: RetargetResult, may_consent: bool },
    /// A user consented to a clean-up.
    CleanUp { user: &'static str },
}

/// What a worker does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Job {
    Pass,
    Disconnect,
    Delivery,
}

pub(crate) type Work = Pin<Box<dyn Future<Output = Result<Ended, EngineError>>>>;

struct UnderWay {
    id: u64,
    /// The user whose page it is.
    user: Option<&'static str>,
    future: Work,
    /// Calls of its that wait for a permit.
    waiting: usize,
}

/// The jobs of one process.
pub(crate) struct Jobs {
    engine: Engine,
    transport: SimTransport,
    jobs: Vec<UnderWay>,
    next_id: u64,
    /// How often a job had to wait for a permit.
    pub(crate) waits: usize,
}

impl Jobs {
    pub(crate) fn new(engine: Engine, transport: SimTransport) -> Self {
        Self { engine, transport, jobs: Vec::new(), next_id: 0, waits: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Drops all where they stand, as a crash does.
    pub(crate) fn drop_all(&mut self) {
        self.jobs.clear();
    }

    /// Whether a page of `user` waits for Google.
    pub(crate) fn has_page(&self, user: &str) -> bool {
        self.jobs.iter().any(|job| job.user == Some(user))
    }

    /// `owner` claims the next due work of a sort and begins it, up to its first call; what ended by it.
    pub(crate) async fn begin(&mut self, owner: &str, what: Job) -> anyhow::Result<Option<Vec<Ended>>> {
        let engine = self.engine.clone();
        let work: Work = match what {
            Job::Pass => {
                let Some(lease) = reconcile::claim(&engine, owner, 1).await?.pop() else { return Ok(None) };
                Box::pin(async move { reconcile::pass(&engine, &lease).await.map(|()| Ended::Work) })
            }
            Job::Disconnect => {
                let Some(lease) = disconnect::claim(&engine, owner, 1).await?.pop() else { return Ok(None) };
                Box::pin(async move { disconnect::resume(&engine, lease).await.map(|()| Ended::Work) })
            }
            Job::Delivery => {
                let Some(claim) = webhooks::claim(&engine, owner, 1).await?.pop() else { return Ok(None) };
                Box::pin(async move { webhooks::deliver(&engine, &claim).await.map(|()| Ended::Work) })
            }
        };
        self.start(None, work).await.map(Some)
    }

    /// A page of `user` asks Google.
    pub(crate) async fn begin_page(&mut self, user: &'static str, work: Work) -> anyhow::Result<Vec<Ended>> {
        self.start(Some(user), work).await
    }

    async fn start(&mut self, user: Option<&'static str>, future: Work) -> anyhow::Result<Vec<Ended>> {
        self.next_id += 1;
        let id = self.next_id;
        self.jobs.push(UnderWay { id, user, future, waiting: 0 });
        self.drive_job(id).await
    }

    /// Polls the job with this id, and then whoever may have got a permit by it; what ended.
    pub(crate) async fn drive_job(&mut self, id: u64) -> anyhow::Result<Vec<Ended>> {
        let mut ended = Vec::new();
        ended.extend(self.drive(id).await?);
        loop {
            let waiting: Vec<(u64, usize)> =
                self.jobs.iter().filter(|job| job.waiting > 0).map(|job| (job.id, job.waiting)).collect();
            for (id, _) in &waiting {
                ended.extend(self.drive(*id).await?);
            }
            let is_as_before = |(id, before): &(u64, usize)| {
                self.jobs.iter().any(|job| job.id == *id && job.waiting == *before)
            };
            if waiting.iter().all(is_as_before) {
                break;
            }
        }
        ensure!(
            self.jobs.is_empty() || self.transport.pending() > 0,
            "every job waits for a permit, and nobody's call is under way"
        );
        Ok(ended)
    }

    async fn drive(&mut self, id: u64) -> anyhow::Result<Option<Ended>> {
        let Some(index) = self.jobs.iter().position(|job| job.id == id) else { return Ok(None) };
        let others: usize = self.jobs.iter().filter(|job| job.id != id).map(|job| job.waiting).sum();
        let (engine, transport) = (self.engine.clone(), self.transport.clone());
        let job = &mut self.jobs[index];
        transport.enter(Some(id));
        // A job rests once a call of its is out or waits for a permit, and it holds no connection: one of its
        // calls may be parked while another one's token is renewed. Until then it is polled again. What a page
        // asks for runs as a task of its own, which wakes nobody when it parks a call, and nor does a connection
        // that is given back, so that these are polled without being woken.
        let is_page = job.user.is_some();
        let ended = std::future::poll_fn(|context| match job.future.as_mut().poll(context) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            Poll::Pending => {
                let is_calling = transport.parked_of(id) > 0 || engine.google().calls_waiting() > others;
                if is_calling && engine.store().connections_in_use() == 0 {
                    return Poll::Ready(None);
                }
                if is_page || is_calling {
                    context.waker().wake_by_ref();
                }
                Poll::Pending
            }
        })
        .await;
        transport.enter(None);
        let waiting = engine.google().calls_waiting().saturating_sub(others);
        self.waits += usize::from(waiting > job.waiting);
        job.waiting = waiting;
        let Some(result) = ended else { return Ok(None) };
        drop(self.jobs.remove(index));
        match result {
            Ok(ended) => Ok(Some(ended)),
            Err(error) if error.is_lease_lost() => Ok(None),
            Err(error) => Err(error).context("a job failed"),
        }
    }
}
