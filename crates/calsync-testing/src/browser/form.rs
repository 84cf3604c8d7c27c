//! A form on a page: its fields by their names.

use fantoccini::{Locator, elements::Element, key::Key};

use super::Browser;

/// A form, found by its `data-action`.
#[derive(Debug)]
pub struct Form<'a> {
    pub(super) browser: &'a Browser,
    pub(super) form: Element,
}

impl Form<'_> {
    /// Types into a field.
    pub async fn fill(self, name: &str, text: &str) -> Self {
        let field = self.field(&format!("[name={name:?}]")).await;
        field.clear().await.expect("it can be emptied");
        field.send_keys(text).await.expect("it can be typed into");
        self
    }

    /// Clicks on the choice that has `value`: a radio button, or a box to be ticked or unticked.
    pub async fn choose(self, name: &str, value: &str) -> Self {
        let choice = self.field(&format!("input[name={name:?}][value={value:?}]")).await;
        choice.click().await.expect("it can be clicked");
        self
    }

    /// Chooses in a list.
    pub async fn select(self, name: &str, value: &str) -> Self {
        let list = self.field(&format!("select[name={name:?}]")).await;
        list.select_by_value(value).await.expect("it can be selected");
        self
    }

    /// Sends it by its button, and waits for the page that follows.
    pub async fn send(self) {
        self.press("button").await;
    }

    /// Sends it by the button that a selector finds in it.
    pub async fn press(self, button: &str) {
        let button = self.field(button).await;
        self.browser.go(button.click()).await;
    }

    /// Sends it with the Enter key in a field: not every form has a button.
    pub async fn enter(self, name: &str) {
        let field = self.field(&format!("[name={name:?}]")).await;
        self.browser.go(field.send_keys(&char::from(Key::Enter).to_string())).await;
    }

    async fn field(&self, selector: &str) -> Element {
        let found = self.form.find(Locator::Css(selector)).await;
        found.unwrap_or_else(|error| panic!("{selector} in the form: {error}"))
    }
}
