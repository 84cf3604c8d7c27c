//! How a user leaves: they see what will happen, choose what becomes of their entries, and watch it done.

use calsync_testing::browser::Browser;
use calsync_testing::{DatabaseKind, TestDatabase};
use serde_json::json;

use super::{ana, connection, end_the_grant_of_ana, task};
use crate::world::World;

/// Ana with a task in her calendar, whose browser is on the page of her settings.
async fn on_the_settings(browser: &Browser) -> World {
    let world = World::start(TestDatabase::new(DatabaseKind::Sqlite)).await;
    ana(&world, json!({})).await;
    world.service.put("/items/task/t1", &task("Draft")).await;
    browser.open(&world.service.connect_link("ana", &json!({})).await).await;
    browser.form("connect").await.send().await;
    browser.reads("Everything is in your calendar.").await;
    browser.follow("Calendar settings").await;
    world
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_synced_goes_unless_asked_otherwise() {
    let browser = Browser::start().await;
    let world = on_the_settings(&browser).await;
    browser.follow("Disconnect…").await;
    browser.reads("Sync stops at once.").await;
    assert_eq!(connection(&world).await["state"], "active", "looking ends nothing");
    browser.form("disconnect").await.send().await;
    browser.reads("Everything was done.").await;
    assert_eq!(world.google.our_events().await, Vec::<serde_json::Value>::new());
    assert_eq!(world.google.state().await["grants"], json!([]));
    assert_eq!(connection(&world).await["state"], "disconnected");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_synced_may_stay_also_without_script() {
    let browser = Browser::without_javascript().await;
    let world = on_the_settings(&browser).await;
    browser.follow("Disconnect…").await;
    browser.form("disconnect").await.choose("remote_items", "keep").await.send().await;
    browser.reads("Your entries stay in your calendar.").await;
    browser.reads("Everything was done.").await;
    assert_eq!(world.google.our_events().await.len(), 1);
    assert_eq!(world.google.state().await["grants"], json!([]));

    world.service.put("/items/task/t1", &task("Final")).await;
    browser.form("connect").await.send().await;
    browser.reads("Everything is in your calendar.").await;
    assert_eq!(connection(&world).await["state"], "active", "and may come back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dead_grant_left_is_removed_by_a_link() {
    let browser = Browser::start().await;
    let world = on_the_settings(&browser).await;
    end_the_grant_of_ana(&world).await;
    browser.open(&format!("{}/connect/disconnect", world.service.url)).await;
    browser.form("disconnect").await.send().await;
    browser.reads("something could not be done").await;
    assert_eq!(world.google.our_events().await.len(), 1);

    browser.open(&world.service.clean_up_link("ana").await).await;
    browser.form("clean-up").await.send().await;
    browser.reads("Everything is removed").await;
    assert_eq!(world.google.our_events().await, Vec::<serde_json::Value>::new());
    assert_eq!(world.google.state().await["grants"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_connects_again_too_early_is_led_on_when_it_is_time() {
    for browser in [Browser::start().await, Browser::without_javascript().await] {
        let world = on_the_settings(&browser).await;
        let down = json!([{"match": {"method": "calendars.delete"}, "effect": {"status": 503}}]);
        world.google.set_faults(&down).await;
        browser.follow("Disconnect…").await;
        browser.form("disconnect").await.send().await;
        let link = world.service.connect_link("ana", &json!({})).await;
        browser.open(&link).await;
        browser.reads("Your old connection is still being ended.").await;
        world.google.set_faults(&json!([])).await;
        browser.reads("Which calendar?").await;
        browser.form("connect").await.send().await;
        browser.reads("Everything is in your calendar.").await;
    }
}
