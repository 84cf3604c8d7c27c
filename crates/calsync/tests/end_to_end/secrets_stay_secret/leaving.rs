//! A disconnect behind a dead grant, the clean-up with a new one, and a change of keys.

use calsync_testing::eventually;
use http::header::{AUTHORIZATION, COOKIE, LOCATION};
use serde_json::{Value, json};

use super::{Story, header};

impl Story {
    /// An admin disconnects ana, whose grant is dead; gives the disconnect's id.
    pub(super) async fn force_disconnect(&mut self) -> String {
        let path = "/users/ana/integrations/google/disconnect";
        let answer = self.submit_in_console(path, "note=she+asked+for+it&remote_items=remove").await;
        let id = header(&answer, LOCATION).rsplit('/').next().unwrap().to_owned();
        self.wait_for_the_end(&id, "done_with_leftovers").await;
        id
    }

    async fn wait_for_the_end(&mut self, disconnect_id: &str, state: &str) {
        let address = format!("{}/api/v1/admin/disconnects/{disconnect_id}", self.world.service.url);
        let key = format!("Bearer {}", self.admin_key);
        eventually(format!("the disconnect to be {state}"), async || {
            self.note_tokens().await;
            let answer = self.get(&address, &[(AUTHORIZATION, &key)]).await;
            let saga: Value = serde_json::from_slice(answer.body()).unwrap();
            (saga["state"] == state).then_some(()).ok_or(saga)
        })
        .await;
    }

    /// Ana consents once more, and what was left is removed.
    pub(super) async fn clean_up(&mut self, disconnect_id: &str) {
        let link = self.link("ana", "clean-up-link").await;
        let (address, cookie) = self.consent(&link).await;
        // So that the grant lives long enough for us to take its tokens down.
        self.fault(json!({"method": "events.list"}), json!({"status": 503})).await;
        self.get(&address, &[(COOKIE, &cookie)]).await;
        assert!(!self.note_tokens().await.is_empty());
        self.look_into_the_database();
        let status = format!("{}/clean-up", self.world.service.url);
        self.get(&status, &[(COOKIE, &cookie)]).await;
        self.wait_for_the_end(disconnect_id, "done").await;
        self.get(&status, &[(COOKIE, &cookie)]).await;
    }

    /// Every secret is sealed anew; the command's words are searched too.
    pub(super) fn rotate_keys(&mut self) {
        let output = self.world.service.command().args(["encryption", "rotate"]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        self.leaks.said(&output.stdout);
        self.leaks.said(&output.stderr);
    }
}
