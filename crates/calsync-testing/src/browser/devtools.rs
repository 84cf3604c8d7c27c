//! Commands of Chromium's developer tools, sent through chromedriver.

use fantoccini::wd::WebDriverCompatibleCommand;
use http::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

use super::Browser;

#[derive(Debug)]
struct Command(Value);

impl WebDriverCompatibleCommand for Command {
    fn endpoint(&self, base: &Url, session_id: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session_id.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.0.to_string()))
    }
}

impl Browser {
    /// Sends `command` with its parameters; gives its result.
    pub(super) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let sent = self.client.issue_cmd(Command(json!({"cmd": command, "params": parameters}))).await;
        sent.unwrap_or_else(|error| panic!("{command}: {error}"))
    }
}
