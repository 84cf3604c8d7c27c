//! What chromedriver adds to WebDriver: commands of Chromium's developer tools, and what
//! Chromium complains of.

use fantoccini::wd::WebDriverCompatibleCommand;
use http::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

use super::Browser;

/// A POST to an address under the session's.
#[derive(Debug)]
struct Command {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Command {
    fn endpoint(&self, base: &Url, session_id: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session_id.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}

impl Browser {
    /// Sends `command` with its parameters; gives its result.
    pub(super) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({"cmd": command, "params": parameters});
        let sent = self.client.issue_cmd(Command { path: "goog/cdp/execute", body }).await;
        sent.unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// What Chromium has complained of since it was last asked: breaches of the content policy,
    /// scripts that fail, files that aren't there. That a page itself is an error is no complaint.
    pub async fn complaints(&self) -> Vec<String> {
        let body = json!({"type": "browser"});
        let log = self.client.issue_cmd(Command { path: "se/log", body }).await.expect("Chromium's log");
        let page = self.address().await;
        let of_page = format!("{page} - Failed to load resource");
        let severe = log.as_array().into_iter().flatten().filter(|entry| entry["level"] == "SEVERE");
        let texts = severe.filter_map(|entry| entry["message"].as_str());
        texts.filter(|text| !text.starts_with(&of_page)).map(str::to_owned).collect()
    }
}
