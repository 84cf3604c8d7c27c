//! The pages in Chromium: what users and admins see and do, against the built program.

mod accessible;
mod admin_story;
mod connecting;
mod disconnecting;
mod languages;

use calsync_testing::browser::Browser;
use calsync_testing::eventually;
use http::Method;
use serde_json::{Value, json};

use crate::world::{Service, World};

const PASSWORD: &str = "correct horse battery";

/// Signs a new admin in, who comes with a one-time password and chooses another.
async fn sign_in(browser: &Browser, service: &Service, role: &str) {
    let email = format!("{role}@example.org");
    let one_time = service.add_admin(&email, role);
    browser.open(&format!("{}/admin", service.url)).await;
    let form = browser.form("sign-in").await;
    form.fill("email", &email).await.fill("password", &one_time).await.send().await;
    let form = browser.form("change-password").await.fill("password", &one_time).await;
    form.fill("new_password", PASSWORD).await.fill("new_password_again", PASSWORD).await.send().await;
}

/// Makes ana known to the service and to Google.
async fn ana(world: &World, account: Value) {
    let ana = json!({"email": "ana@example.org", "name": "Ana Sousa", "time_zone": "Europe/Lisbon"});
    world.service.put("/users/ana", &ana).await;
    let mut account = account;
    account["email"] = "ana@example.org".into();
    world.google.control(Method::POST, "/accounts", &account).await;
}

/// Ana's connection, as the platform sees it.
async fn connection(world: &World) -> Value {
    world.service.get("/users/ana/integrations").await["items"][0].clone()
}

/// Ana ends our access at Google, and we learn it by a change of her task.
async fn end_the_grant_of_ana(world: &World) {
    world.google.control(Method::POST, "/accounts/ana@example.org/revoke", &json!({})).await;
    world.service.put("/items/task/t1", &task("Final")).await;
    eventually("the connection to need action", async || {
        let seen = connection(world).await;
        (seen["state"] == "needs_action").then_some(()).ok_or(seen)
    })
    .await;
}

/// Ana connects, her task arrives, and then she ends our access.
async fn break_the_connection_of_ana(world: &World) {
    ana(world, json!({})).await;
    world.service.connect("ana").await;
    world.service.put("/items/task/t1", &task("Draft")).await;
    world.wait_until_synced("ana").await;
    end_the_grant_of_ana(world).await;
}

fn task(title: &str) -> Value {
    json!({"user_ids": ["ana"], "title": title, "due_at": "2031-03-09T10:00:00Z", "status": "active"})
}
