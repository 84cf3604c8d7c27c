//! What the platform sends, past the API.

use std::collections::BTreeSet;

use calsync_core::item::{ItemBody, ItemKey, ItemKind};
use calsync_store::items::{self, Removal, Upsert};
use calsync_store::mappings::{self, DueChange};
use calsync_store::users;
use serde_json::{Value, json};

use super::World;

impl World {
    /// Puts tasks `USER-0`, `USER-1`, … as the platform does.
    pub async fn put_tasks(&self, user: &str, tasks: usize, title: &str) {
        for number in 0..tasks {
            self.put_task(user, number, title, "active").await;
        }
    }

    /// The platform puts one of those tasks.
    pub async fn put_task(&self, user: &str, number: usize, title: &str, status: &str) {
        let body = json!({"user_ids": [user], "title": format!("Task {number} {title}"),
            "due_on": "2024-03-09", "status": status});
        self.put(ItemKind::Task, &format!("{user}-{number}"), &body).await;
    }

    /// The platform puts an item.
    pub async fn put(&self, kind: ItemKind, id: &str, body: &Value) {
        let user = body["user_ids"][0].as_str().unwrap();
        let body = ItemBody::parse(kind, body.as_object().unwrap()).unwrap();
        let key = ItemKey { kind, id: id.to_owned() };
        let mut tx = self.engine.store().begin().await.unwrap();
        users::ensure_exist(&mut tx, &[user].into(), self.engine.now()).await.unwrap();
        let put = items::put(&mut tx, &key, &body, self.engine.now()).await.unwrap();
        if let Upsert::Stored { incarnation, users, .. } = put {
            let mark_due = |user_id| DueChange { user_id, item: key.clone(), incarnation };
            let due_changes: BTreeSet<_> = users.into_iter().map(mark_due).collect();
            mappings::mark_due(&mut tx, &due_changes, self.engine.now()).await.unwrap();
        }
        tx.commit().await.unwrap();
    }

    /// The platform deletes one of those tasks.
    pub async fn delete_task(&self, user: &str, number: usize) {
        let key = ItemKey { kind: ItemKind::Task, id: format!("{user}-{number}") };
        let mut tx = self.engine.store().begin().await.unwrap();
        let removal = items::delete(&mut tx, &key, None, self.engine.now()).await.unwrap();
        if let Removal::Removed { incarnation, users } = removal {
            let mark_due = |user_id| DueChange { user_id, item: key.clone(), incarnation };
            let due_changes: BTreeSet<_> = users.into_iter().map(mark_due).collect();
            mappings::mark_due(&mut tx, &due_changes, self.engine.now()).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
}
