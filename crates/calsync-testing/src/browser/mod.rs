//! Chromium, driven as a person would use it: pages are opened, forms found by their
//! `data-action`, links followed by their words, and what stands on the page is read.
//!
//! Each [`Browser`] has a profile of its own, so that two of them are two people. Nothing
//! here waits for time to pass: what is expected is looked for until it is there.

mod accessibility;
mod devtools;
mod driver;
mod form;
mod look;
mod screenshots;

use std::panic::Location;

use fantoccini::{Client, ClientBuilder, Locator, elements::Element, error::CmdError};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use driver::Driver;

pub use form::Form;
pub use look::Look;

use crate::{eventually, tools};

/// No sandbox, since tests may run as root; nothing that calls home.
const ARGUMENTS: [&str; 7] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,1000",
];

/// Chromium with a new profile. Dropping it ends it.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    _driver: Driver,
}

impl Browser {
    /// Starts a browser.
    ///
    /// # Panics
    /// If it doesn't start. So do all others here, if what they are told to do can't be done.
    pub async fn start() -> Self {
        Self::with_preferences(json!({})).await
    }

    /// Starts a browser that runs no script of a page.
    pub async fn without_javascript() -> Self {
        const BLOCKED: u8 = 2;
        Self::with_preferences(json!({"profile.managed_default_content_settings.javascript": BLOCKED})).await
    }

    async fn with_preferences(preferences: Value) -> Self {
        let driver = Driver::start();
        let options = json!({"binary": tools::chromium(), "args": ARGUMENTS, "prefs": preferences});
        let capabilities = [
            ("browserName".to_owned(), json!("chrome")),
            ("goog:chromeOptions".to_owned(), options),
            ("goog:loggingPrefs".to_owned(), json!({"browser": "ALL"})),
        ];
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities.into_iter().collect())
            .connect(&driver.url)
            .await
            .expect("Chromium starts");
        Self { client, _driver: driver }
    }

    /// Opens an address.
    pub async fn open(&self, url: &str) {
        self.client.goto(url).await.expect("the page opens");
        self.keep_screenshot().await;
    }

    /// The address of the page.
    pub async fn address(&self) -> String {
        self.client.current_url().await.expect("an address").to_string()
    }

    /// What a person can read on the page.
    pub async fn text(&self) -> String {
        eventually("a page", async || {
            // Between two pages there is none.
            self.client.find(Locator::Css("body")).await.ok()?.text().await.ok()
        })
        .await
    }

    /// Waits until `text` can be read.
    #[track_caller]
    pub fn reads(&self, text: &str) -> impl Future<Output = ()> {
        let caller = Location::caller();
        eventually(format!("{text:?} on a page ({caller})"), async move || {
            let seen = self.text().await;
            if seen.contains(text) { Ok(()) } else { Err((self.address().await, seen)) }
        })
    }

    /// The form that does `action`, waited for.
    pub async fn form(&self, action: &str) -> Form<'_> {
        Form { browser: self, form: self.find(&format!("form[data-action={action:?}]")).await }
    }

    /// Whether the page has a form that does `action`.
    pub async fn has_form(&self, action: &str) -> bool {
        !self.all(&format!("form[data-action={action:?}]")).await.is_empty()
    }

    /// Follows the link that reads `words`.
    pub async fn follow(&self, words: &str) {
        let look = async || self.client.find(Locator::LinkText(words)).await.ok();
        let link = eventually(format!("the link {words:?}"), look).await;
        self.go(link.click()).await;
    }

    /// The values of a property of all elements that a selector finds.
    pub async fn values(&self, selector: &str, property: &str) -> Vec<String> {
        let mut values = Vec::new();
        for element in self.all(selector).await {
            values.extend(element.prop(property).await.expect("a property"));
        }
        values
    }

    async fn all(&self, selector: &str) -> Vec<Element> {
        self.client.find_all(Locator::Css(selector)).await.expect("a selector")
    }

    /// The element that a selector finds, waited for.
    async fn find(&self, selector: &str) -> Element {
        let look = async || self.client.find(Locator::Css(selector)).await.ok();
        eventually(format!("{selector} on a page"), look).await
    }

    /// Does what leads to another page, and waits until it is there.
    async fn go(&self, leave: impl Future<Output = Result<(), CmdError>>) {
        let before = self.find("html").await;
        leave.await.expect("it can be clicked");
        eventually("another page", async || before.tag_name().await.is_err().then_some(())).await;
        self.find("body").await;
        self.keep_screenshot().await;
    }
}
