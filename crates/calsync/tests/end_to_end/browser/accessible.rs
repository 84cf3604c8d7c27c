//! Every page is accessible to everybody, as far as axe-core can tell: light and dark, on a desk
//! and on a phone; nor does any breach its content policy. Which pages there are is asked of the service itself.

use std::collections::BTreeSet;

use calsync_testing::browser::{Browser, Look};
use calsync_testing::{DatabaseKind, TestDatabase};
use http::Method;
use serde_json::{Value, json};

use super::{ana, break_the_connection_of_ana, end_the_grant_of_ana, sign_in, task};
use crate::world::World;

const EVENTS: &str = "https://www.googleapis.com/auth/calendar.events";
const CALENDAR_LIST: &str = "https://www.googleapis.com/auth/calendar.calendarlist.readonly";

/// A visitor who looks at each page in every way, and remembers where they were.
struct Inspector<'a> {
    browser: &'a Browser,
    pages: &'a BTreeSet<String>,
    seen: BTreeSet<String>,
    faults: Vec<String>,
}

impl<'a> Inspector<'a> {
    fn new(browser: &'a Browser, pages: &'a BTreeSet<String>) -> Self {
        Self { browser, pages, seen: BTreeSet::new(), faults: Vec::new() }
    }

    async fn open(&mut self, url: &str) {
        self.browser.open(url).await;
        self.inspect().await;
    }

    /// Looks at the page that is open.
    async fn inspect(&mut self) {
        let address = self.browser.address().await;
        for look in Look::ALL {
            self.browser.look(look).await;
            let mut faults = self.browser.violations().await;
            if self.browser.scrolls_sideways().await {
                faults.push("the page is wider than its window".into());
            }
            self.faults.extend(faults.iter().map(|fault| format!("{address}, {look:?}: {fault}")));
        }
        let complaints = self.browser.complaints().await;
        self.faults.extend(complaints.iter().map(|complaint| format!("{address}: {complaint}")));
        let path = address.split('/').skip(3).collect::<Vec<_>>().join("/");
        let path = path.split('?').next().unwrap();
        // Of two that fit, `{…}` sorts behind any word.
        self.seen.extend(self.pages.iter().find(|page| fits(page, path)).cloned());
    }

    /// Nothing was wrong, and no page was forgotten.
    fn finish(self) {
        assert!(self.faults.is_empty(), "{:#?}", self.faults);
        let missed: Vec<_> = self.pages.difference(&self.seen).collect();
        assert!(missed.is_empty(), "never looked at: {missed:?}");
    }
}

fn fits(page: &str, path: &str) -> bool {
    let (page, path): (Vec<_>, Vec<_>) = (page[1..].split('/').collect(), path.split('/').collect());
    page.len() == path.len() && page.iter().zip(path).all(|(a, b)| a.starts_with('{') || *a == b)
}

/// The routes of the service that show a page among those that `wanted` says.
async fn pages(world: &World, wanted: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let description = world.service.description().await;
    let paths = description["paths"].as_object().unwrap();
    let shows_a_page = |operations: &Value| {
        let answer = &operations["get"]["responses"]["200"];
        answer.is_object() && answer["content"].is_null()
    };
    let pages = paths.iter().filter(|(path, _)| !path.starts_with("/assets/") && wanted(path));
    pages.filter(|(_, operations)| shows_a_page(operations)).map(|(path, _)| path.clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_console() {
    let world = World::start(TestDatabase::new(DatabaseKind::Sqlite)).await;
    let pages = pages(&world, |path| path.starts_with("/admin")).await;
    let browser = Browser::start().await;
    let mut inspector = Inspector::new(&browser, &pages);
    let at = |path: &str| format!("{}/admin{path}", world.service.url);

    inspector.open(&at("/sign-in")).await;
    let form = browser.form("sign-in").await;
    form.fill("email", "nobody@example.org").await.fill("password", "wrong").await.send().await;
    inspector.inspect().await;
    sign_in(&browser, &world.service, "support").await;
    inspector.open(&at("/password")).await;
    for (path, text) in
        [("/users", "No users yet."), ("/errors", "Nothing failed."), ("/audit", "Nothing was done yet.")]
    {
        inspector.open(&at(path)).await;
        browser.reads(text).await;
    }
    world.service.put("/users/ben", &json!({"email": "ben@example.org"})).await;
    for path in ["", "/items", "/connect-attempts", "/history"] {
        inspector.open(&at(&format!("/users/ben{path}"))).await;
    }

    break_the_connection_of_ana(&world).await;
    for path in ["/users", "/users?q=nobody", "/users/ana/items", "/users/ana/connect-attempts", "/users/ana"]
    {
        inspector.open(&at(path)).await;
    }
    browser.form("reconnect-link").await.fill("note", "   ").await.send().await;
    browser.reads("Give a reason of 3 to 500 characters").await;
    inspector.inspect().await;
    browser.form("reconnect-link").await.fill("note", "ticket 2291").await.send().await;
    browser.reads("The link is made").await;
    inspector.inspect().await;
    inspector.open(&at("/errors?user_id=ana")).await;
    let error = browser.values("tbody a", "href").await;
    inspector.open(&error[0]).await;
    inspector.open(&at("/users/ana/integrations/google/disconnect")).await;
    browser.form("force-disconnect").await.fill("note", "   ").await.send().await;
    browser.reads("Give a reason of 3 to 500 characters").await;
    inspector.inspect().await;
    browser.form("force-disconnect").await.fill("note", "ticket 2291").await.send().await;
    browser.reads("Done with leftovers").await;
    inspector.inspect().await;
    for path in ["/audit", "/users/ana/history", "/users/nobody", "/nowhere"] {
        inspector.open(&at(path)).await;
    }
    inspector.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_users_pages() {
    let world = World::asking(TestDatabase::new(DatabaseKind::Sqlite)).await;
    let pages = pages(&world, |path| !path.starts_with("/admin")).await;
    ana(&world, json!({"calendars": [{"id": "work", "summary": "Work"}]})).await;
    let browser = Browser::start().await;
    let mut inspector = Inspector::new(&browser, &pages);
    let at = |path: &str| format!("{}{path}", world.service.url);

    let link = world.service.connect_link("ana", &json!({})).await;
    inspector.open(&link).await;
    browser.form("connect").await.choose("calendar", "existing").await.send().await;
    browser.form("consent").await.press("[value=deny]").await;
    browser.reads("You said no at Google").await;
    inspector.inspect().await;
    inspector.open(&link).await;
    browser.reads("This link has expired").await;
    inspector.open(&at("/connect/attempts/none")).await;
    inspector.open(&at("/connect/settings")).await;

    browser.open(&world.service.connect_link("ana", &json!({})).await).await;
    browser.form("connect").await.choose("calendar", "existing").await.send().await;
    browser.form("consent").await.choose("granted", EVENTS).await.press("[value=allow]").await;
    browser.reads("You agreed to a part").await;
    inspector.inspect().await;
    browser.form("connect").await.send().await;
    browser.form("consent").await.press("[value=allow]").await;
    inspector.inspect().await;
    browser.form("choose-calendar").await.choose("target_calendar", "work").await.send().await;
    inspector.inspect().await;
    inspector.open(&world.service.connect_link("ana", &json!({})).await).await;
    inspector.open(&at("/connect/settings")).await;
    browser.form("save").await.send().await;
    browser.reads("Saved.").await;
    inspector.inspect().await;
    browser.form("sync-now").await.send().await;
    browser.reads("Whatever waits is being synced now.").await;

    world.google.control(Method::POST, "/accounts", &json!({"email": "other@example.org"})).await;
    browser.open(&world.service.connect_link("ana", &json!({})).await).await;
    browser.form("connect").await.send().await;
    browser.form("consent").await.choose("account", "other@example.org").await.press("[value=allow]").await;
    browser.reads("Which Google account?").await;
    inspector.inspect().await;

    for path in ["/oauth/google/callback?state=forged&code=x", "/nowhere"] {
        inspector.open(&at(path)).await;
    }
    world.service.put("/items/task/t1", &task("Draft")).await;
    world.wait_until_synced("ana").await;
    end_the_grant_of_ana(&world).await;
    inspector.open(&at("/connect/settings")).await;
    inspector.open(&at("/connect/disconnect")).await;
    browser.form("disconnect").await.send().await;
    browser.reads("something could not be done").await;
    inspector.inspect().await;
    inspector.open(&world.service.clean_up_link("ana").await).await;
    browser.form("clean-up").await.send().await;
    browser.form("consent").await.press("[value=allow]").await;
    browser.reads("Everything is removed").await;
    inspector.inspect().await;
    inspector.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pages_of_those_who_wait() {
    let world = World::asking(TestDatabase::new(DatabaseKind::Sqlite)).await;
    ana(&world, json!({})).await;
    world.service.put("/items/task/t1", &task("Draft")).await;
    let browser = Browser::start().await;
    let known = BTreeSet::new();
    let mut inspector = Inspector::new(&browser, &known);
    browser.open(&world.service.connect_link("ana", &json!({})).await).await;
    browser.form("connect").await.send().await;
    browser.form("consent").await.choose("granted", CALENDAR_LIST).await.press("[value=allow]").await;
    world.wait_until_synced("ana").await;
    inspector.open(&format!("{}/connect/calendar", world.service.url)).await;
    browser.reads("we first need your consent at Google").await;

    let down = json!([{"match": {"method": "calendars.delete"}, "effect": {"status": 503}}]);
    world.google.set_faults(&down).await;
    browser.open(&format!("{}/connect/disconnect", world.service.url)).await;
    browser.form("disconnect").await.send().await;
    inspector.open(&world.service.connect_link("ana", &json!({})).await).await;
    browser.reads("Your old connection is still being ended.").await;
    inspector.finish();
}
