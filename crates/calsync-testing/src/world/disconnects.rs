//! Disconnects, and clean-ups of what they left.

use calsync_core::integration::GOOGLE;
use calsync_engine::disconnect::{self, RemoteItems, Request, RequestedBy, Saga, SagaState, Started};

use super::{ROUNDS_MAX, World, email};

/// The outcomes of a saga's steps, and its state, in a line.
pub fn summary(saga: &Saga) -> String {
    let steps = saga.steps.iter().map(|step| format!("{} {}", step.name.name(), step.outcome.name()));
    format!("{}: {}", saga.state.name(), steps.collect::<Vec<_>>().join(", "))
}

impl World {
    /// Starts a disconnect of `user` from Google.
    pub async fn start(&self, user: &str, remote_items: RemoteItems) -> Started {
        self.start_from(user, GOOGLE, remote_items).await
    }

    pub async fn start_from(&self, user: &str, provider: &str, remote_items: RemoteItems) -> Started {
        let request = Request {
            user_id: user.into(),
            provider: provider.into(),
            remote_items,
            note: Some("asked by mail".into()),
            requested_by: RequestedBy::Admin { id: "kim".into() },
        };
        disconnect::start(&self.engine, &request).await.unwrap()
    }

    /// Disconnects `user` to the end.
    pub async fn disconnect(&self, user: &str, remote_items: RemoteItems) -> Saga {
        let Started::Started { saga } = self.start(user, remote_items).await else {
            panic!("{user} is connected");
        };
        self.finish(&saga.id).await
    }

    /// Carries a disconnect on to its end; what waits, waits by the clock.
    pub async fn finish(&self, id: &str) -> Saga {
        for _ in 0..ROUNDS_MAX {
            self.resume().await;
            let saga = self.saga(id).await;
            if saga.state != SagaState::Running {
                return saga;
            }
            let wait = saga.due_at.duration_since(self.engine.now()).as_secs();
            self.advance(wait.max(0) + 1);
        }
        panic!("the disconnect doesn't end");
    }

    /// One worker carries on whatever is due.
    pub async fn resume(&self) {
        for lease in disconnect::claim(&self.engine, "worker", 10).await.unwrap() {
            disconnect::resume(&self.engine, lease).await.unwrap();
        }
    }

    pub async fn saga(&self, id: &str) -> Saga {
        disconnect::saga(&self.engine, id).await.unwrap().unwrap()
    }

    /// Cleans up what the disconnect `id` of `user` left, to the end.
    pub async fn clean_up(&self, user: &str, id: &str) -> Saga {
        let link = self.clean_up_link(user).await.unwrap();
        self.consent_to_clean_up(user, &link, &email(user)).await;
        self.finish(id).await
    }
}
