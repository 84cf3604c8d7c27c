//! The figures of the overview, from connects and disconnects whose outcome is known.

use calsync_simulator::{FaultEffect, FaultMatch, FaultRule, RevokeCause};
use calsync_testing::on_both_databases;
use calsync_testing::world::http::HttpWorld;
use calsync_testing::world::stories::{begin, link};
use http::Method;
use serde_json::{Value, json};

/// How a try to connect goes.
#[derive(Clone, Copy)]
enum Goes {
    Well,
    Denied,
    Partial,
    TooLate,
    NeverBack,
    GoogleDown,
}

async fn overview(world: &HttpWorld) -> Value {
    let answer = world.admin_get("/api/v1/admin/overview").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// Ana tries to connect, from the platform's link to our last page.
async fn try_to_connect(world: &HttpWorld, goes: Goes) {
    let path = link(world, json!({})).await;
    let (cookie, google) = begin(world, &path, "new").await;
    let callback = match goes {
        Goes::NeverBack => return,
        Goes::Denied => {
            let state = google.split("state=").nth(1).unwrap().split('&').next().unwrap();
            format!("/oauth/google/callback?state={state}&error=access_denied")
        }
        // The user unticks a box: Google grants less than was asked.
        Goes::Partial => {
            let scope = "https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcalendar.app.created";
            assert!(google.contains(scope), "{google}");
            world.follow_to_google(&google.replace(scope, "")).await
        }
        Goes::Well | Goes::TooLate | Goes::GoogleDown => world.follow_to_google(&google).await,
    };
    match goes {
        Goes::TooLate => world.advance(31 * 60),
        Goes::GoogleDown => world.google.set_faults(vec![FaultRule {
            matches: FaultMatch { method: Some("token".into()), ..FaultMatch::default() },
            effect: FaultEffect { status: Some(503), ..FaultEffect::default() },
            ..FaultRule::default()
        }]),
        _ => {}
    }
    let end = world.visit(&callback, &cookie).await;
    let next = match goes {
        Goes::Well => "/connect/done",
        Goes::TooLate => "",
        _ => "/connect/attempts/",
    };
    assert!(end.header("location").starts_with(next), "{end:?}");
    assert_eq!(end.status == 303, !next.is_empty(), "{}", end.text);
    world.google.set_faults(Vec::new());
}

fn email(user: &str) -> String {
    format!("{user}@example.org")
}

/// A user gets a link of the platform's, sends its form, consents, and comes back.
async fn by_link(world: &HttpWorld, links: &str, form: &str) {
    let link = world.post(links, json!({})).await.json();
    let path = link["url"].as_str().unwrap().strip_prefix("http://127.0.0.1:4300").unwrap().to_owned();
    let sent = world.submit(&path, "", form).await;
    let callback = world.follow_to_google(sent.header("location")).await;
    let end = world.visit(&callback, &sent.cookie()).await;
    assert_eq!(end.status, 303, "{}", end.text);
}

/// `user`, connected, with a task in a calendar of its own.
async fn synced(world: &HttpWorld, user: &str) {
    world.put(&format!("/api/v1/users/{user}"), json!({"email": email(user)})).await;
    by_link(world, &format!("/api/v1/users/{user}/connect-link"), "calendar=new").await;
    let task = json!({"user_ids": [user], "title": "t", "due_on": "2031-03-09", "status": "active"});
    world.put(&format!("/api/v1/items/task/{user}"), task).await;
    world.sync().await;
}

on_both_databases! {
    async fn the_success_rate_of_200_connects_is_exact(db: TestDatabase) {
        let world = HttpWorld::on(db).await;
        let before = overview(&world).await;
        assert_eq!(before["oauth"]["rate"], Value::Null, "nothing was tried");
        assert_eq!(before["cleanup"]["rate"], Value::Null);
        assert_eq!(before["connections"]["active"], 0);
        // Whoever was connected once has granted all, so those who grant less come first.
        let outcomes = [(Goes::Partial, 3), (Goes::Denied, 20), (Goes::GoogleDown, 2), (Goes::NeverBack, 2),
            (Goes::TooLate, 2), (Goes::Well, 171)];
        assert_eq!(outcomes.iter().map(|(_, times)| times).sum::<usize>(), 200);
        for (goes, times) in outcomes {
            for _ in 0..times {
                try_to_connect(&world, goes).await;
            }
        }
        let after = overview(&world).await;
        let oauth = json!({"reached_google": 200, "connected": 171, "denied_by_user": 20, "rate": 0.95});
        assert_eq!(after["oauth"], oauth);
        assert_eq!(after["connections"]["connecting"], 1, "{after}");

        // Looking at links, and forms that lead nowhere, are no tries.
        let path = link(&world, json!({})).await;
        world.visit(&path, "").await;
        world.submit("/connect/unknown", "", "calendar=new").await;
        assert_eq!(overview(&world).await["oauth"], oauth);
        world.advance(28 * 24 * 3_600 + 1);
        assert_eq!(overview(&world).await["oauth"]["reached_google"], 0, "that was long ago");
    }

    async fn denials_alone_have_no_rate(db: TestDatabase) {
        let world = HttpWorld::on(db).await;
        try_to_connect(&world, Goes::Denied).await;
        let oauth = json!({"reached_google": 1, "connected": 0, "denied_by_user": 1, "rate": null});
        assert_eq!(overview(&world).await["oauth"], oauth);
    }

    async fn the_completeness_of_100_disconnects_is_exact(db: TestDatabase) {
        let world = HttpWorld::on(db).await;
        let is_dead = |number: &usize| number.is_multiple_of(5);
        for number in 0..100 {
            let user = format!("user{number}");
            synced(&world, &user).await;
            if is_dead(&number) {
                world.google.revoke(&email(&user), RevokeCause::User);
            }
            let path = format!("/api/v1/admin/users/{user}/integrations/google/disconnect");
            let begun = world.admin_call(Method::POST, &path, json!({"note": "they leave"})).await;
            assert_eq!(begun.status, 202, "{}", begun.text);
        }
        world.let_leave().await;
        let cleanup = json!({"disconnects": 100, "verified_clean": 80, "leftovers": 20, "rate": 0.8});
        assert_eq!(overview(&world).await["cleanup"], cleanup);

        for number in (0..100).filter(is_dead) {
            by_link(&world, &format!("/api/v1/users/user{number}/clean-up-link"), "").await;
        }
        world.let_leave().await;
        let cleanup = json!({"disconnects": 100, "verified_clean": 100, "leftovers": 0, "rate": 1.0});
        assert_eq!(overview(&world).await["cleanup"], cleanup);
        let state = world.google.state();
        assert_eq!(state["grants"], json!([]));
        let live = |event: &&Value| event["status"] != "cancelled";
        assert_eq!(state["events"].as_array().unwrap().iter().filter(live).count(), 0);
    }
}
