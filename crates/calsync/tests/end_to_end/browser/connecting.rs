//! How a user connects, as they see it: links, Google's consent, the choice of a calendar.

use std::collections::BTreeSet;

use calsync_testing::browser::Browser;
use calsync_testing::{DatabaseKind, TestDatabase, eventually};
use http::Method;
use serde_json::{Value, json};

use super::{ana, connection, end_the_grant_of_ana, task};
use crate::world::World;

const ALL_CALENDARS: &str = "https://www.googleapis.com/auth/calendar.events";
const OWN_CALENDAR: &str = "https://www.googleapis.com/auth/calendar.app.created";

/// What is chosen on the link's page.
enum Calendar {
    /// Nothing: its default.
    New,
    Existing,
}

/// A Google that asks, and ana, who is known on both sides.
async fn asking() -> World {
    let world = World::asking(TestDatabase::new(DatabaseKind::Sqlite)).await;
    ana(&world, json!({})).await;
    world
}

/// Ana's browser on Google's consent page.
async fn on_the_consent_page(world: &World, calendar: Calendar) -> Browser {
    let browser = Browser::start().await;
    let link = world.service.connect_link("ana", &json!({})).await;
    browser.open(&link).await;
    let form = browser.form("connect").await;
    match calendar {
        Calendar::New => form.send().await,
        Calendar::Existing => form.choose("calendar", "existing").await.send().await,
    }
    browser
}

async fn has_no_connection(world: &World) -> bool {
    world.service.get("/users/ana/integrations").await["items"] == json!([])
}

async fn state(world: &World) -> Value {
    connection(world).await["state"].clone()
}

/// The calendars that hold events of ours.
async fn calendars_with_events(world: &World) -> BTreeSet<String> {
    let events = world.google.our_events().await;
    events.iter().map(|event| event["calendar_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_all_boxes() {
    let world = asking().await;
    world.service.put("/items/task/t1", &task("Draft")).await;
    let browser = on_the_consent_page(&world, Calendar::New).await;
    browser.form("consent").await.press("[value=allow]").await;
    browser.reads("Google Calendar is connected").await;
    world.wait_until_synced("ana").await;
    let own = connection(&world).await["target_calendar"]["id"].as_str().unwrap().to_owned();
    assert_ne!(own, "ana@example.org");
    assert_eq!(calendars_with_events(&world).await, BTreeSet::from([own]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_one_box_unticked_nothing_is_connected_and_trying_again_mends_it() {
    let world = asking().await;
    let browser = on_the_consent_page(&world, Calendar::New).await;
    browser.form("consent").await.choose("granted", OWN_CALENDAR).await.press("[value=allow]").await;
    browser.reads("You agreed to a part of what sync needs.").await;
    browser.reads("Make secondary Google calendars").await;
    assert!(has_no_connection(&world).await);

    browser.form("connect").await.send().await;
    assert_eq!(browser.values("[name=granted]", "value").await, [OWN_CALENDAR], "only what is missing");
    browser.form("consent").await.press("[value=allow]").await;
    browser.reads("Google Calendar is connected").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_says_no_is_not_connected() {
    let world = asking().await;
    let browser = on_the_consent_page(&world, Calendar::New).await;
    browser.form("consent").await.press("[value=deny]").await;
    browser.reads("You said no at Google").await;
    assert!(has_no_connection(&world).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_a_scanner_looked_at_is_still_good_and_an_old_one_is_not() {
    let world = asking().await;
    let browser = Browser::start().await;
    let link = world.service.connect_link("ana", &json!({})).await;
    let scanner = Browser::without_javascript().await;
    scanner.open(&link).await;
    browser.open(&link).await;
    browser.form("connect").await.send().await;
    browser.form("consent").await.press("[value=allow]").await;
    browser.reads("Google Calendar is connected").await;

    scanner.open(&link).await;
    scanner.reads("This link has expired or was already used.").await;
    assert!(!scanner.has_form("connect").await);
    let short = world.service.connect_link("ana", &json!({"expires_in": 1})).await;
    eventually("the end of a link", async || {
        browser.open(&short).await;
        (!browser.has_form("connect").await).then_some(())
    })
    .await;
    browser.reads("This link has expired or was already used.").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_browser_that_began_can_finish_and_only_once() {
    let world = asking().await;
    let browser = on_the_consent_page(&world, Calendar::New).await;
    let way_back = world.google.consent(&browser.address().await).await;

    // Who is on their own way has a cookie of their own.
    let victim = on_the_consent_page(&world, Calendar::New).await;
    victim.open(&way_back).await;
    victim.reads("This page can’t go on").await;
    assert!(has_no_connection(&world).await);

    browser.open(&way_back).await;
    browser.reads("Google Calendar is connected").await;
    browser.open(&way_back).await;
    browser.reads("This page can’t go on").await;
    assert_ne!(state(&world).await, "disconnected");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_go_to_the_chosen_calendar_and_nowhere_else() {
    let world = World::asking(TestDatabase::new(DatabaseKind::Sqlite)).await;
    let calendars = json!([{"id": "work", "summary": "Work"}, {"id": "family", "summary": "Family"},
        {"id": "holidays", "summary": "Holidays", "access_role": "reader"}]);
    ana(&world, json!({"calendars": calendars})).await;
    world.service.put("/items/task/t1", &task("Draft")).await;
    let browser = on_the_consent_page(&world, Calendar::Existing).await;
    browser.form("consent").await.press("[value=allow]").await;

    let form = browser.form("choose-calendar").await;
    let offered = browser.values("[name=target_calendar]", "value").await;
    assert_eq!(
        BTreeSet::from_iter(offered.iter().map(String::as_str)),
        ["ana@example.org", "family", "work"].into()
    );
    form.choose("target_calendar", "work").await.send().await;
    browser.reads("Google Calendar is connected").await;
    world.wait_until_synced("ana").await;
    assert_eq!(calendars_with_events(&world).await, BTreeSet::from(["work".to_owned()]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_change_no_calendar_gets_one_of_their_own() {
    let world = asking().await;
    let primary = "/accounts/ana@example.org/calendars/ana@example.org";
    world.google.control(Method::PATCH, primary, &json!({"access_role": "reader"})).await;
    let browser = on_the_consent_page(&world, Calendar::Existing).await;
    browser.form("consent").await.press("[value=allow]").await;
    browser.reads("There is no calendar in this Google account that you may change.").await;
    browser.form("connect").await.send().await;
    browser.form("consent").await.press("[value=allow]").await;
    browser.reads("Google Calendar is connected").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_connects_again_goes_on_with_what_is_there() {
    let world = asking().await;
    world.service.put("/items/task/t1", &task("Draft")).await;
    let browser = on_the_consent_page(&world, Calendar::New).await;
    browser.form("consent").await.press("[value=allow]").await;
    world.wait_until_synced("ana").await;
    end_the_grant_of_ana(&world).await;

    let browser = on_the_consent_page(&world, Calendar::New).await;
    browser.form("consent").await.press("[value=allow]").await;
    browser.reads("Google Calendar is connected").await;
    world.wait_until_synced("ana").await;
    assert_eq!(state(&world).await, "active");
    let events = world.google.our_events().await;
    let [event] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(event["summary"], "Final");
}

/// Goes from the settings page to the choice among calendars, and takes one.
async fn change_to(browser: &Browser, calendar: &str) {
    browser.follow("Change the calendar…").await;
    browser.form("choose-calendar").await.choose("target_calendar", calendar).await.send().await;
}

/// Waits until ana's event is in `calendar` and nowhere else.
async fn moved_to(world: &World, calendar: &str) {
    eventually(format!("the event to be in {calendar} alone"), async || {
        let there = calendars_with_events(world).await;
        (there == BTreeSet::from([calendar.to_owned()])).then_some(()).ok_or(there)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_changes_the_calendar_takes_everything_along() {
    let world = World::asking(TestDatabase::new(DatabaseKind::Sqlite)).await;
    ana(&world, json!({"calendars": [{"id": "work", "summary": "Work"}]})).await;
    world.service.put("/items/task/t1", &task("Draft")).await;
    let browser = on_the_consent_page(&world, Calendar::New).await;
    browser.form("consent").await.press("[value=allow]").await;
    world.wait_until_synced("ana").await;

    let settings = format!("{}/connect/settings", world.service.url);
    browser.open(&settings).await;
    change_to(&browser, "work").await;
    assert_eq!(browser.values("[name=granted]", "value").await, [ALL_CALENDARS], "only what is missing");
    browser.form("consent").await.press("[value=allow]").await;
    browser.reads("The calendar is set.").await;
    moved_to(&world, "work").await;

    change_to(&browser, "new").await;
    browser.reads("The calendar is set.").await;
    let own = eventually("another target calendar", async || {
        let id = connection(&world).await["target_calendar"]["id"].as_str()?.to_owned();
        (id != "work").then_some(id)
    })
    .await;
    moved_to(&world, &own).await;
    world.wait_until_synced("ana").await;
    assert_eq!(world.google.our_events().await.len(), 1);
}
