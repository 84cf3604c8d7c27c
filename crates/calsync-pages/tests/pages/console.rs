//! The console: who gets in, what each role sees and may do, and that no text becomes markup.

use axum::body::Body;
use calsync_core::ids::new_id;
use calsync_core::item::{ItemKey, ItemKind};
use calsync_core::outcome::{Operation, Outcome};
use calsync_core::reason::Reason;
use calsync_simulator::{FaultEffect, FaultMatch, FaultRule};
use calsync_store::admins::Role;
use calsync_store::attempts::{self, Attempt};
use calsync_testing::world::http::{Answer, HttpWorld};
use calsync_testing::world::stories::{
    PASSWORD, admin, connect, cookies, form_token, signed_in, try_password,
};
use http::{Method, Request};
use serde_json::{Value, json};

const EVIL: &str = "<script>alert(1)</script>\"'>&\u{202e}";

/// Ana, with a name and an error of Google's that try to become markup.
async fn troubled_ana(world: &HttpWorld) {
    let ana = json!({"email": "ana@example.org", "name": EVIL, "time_zone": "Asia/Tokyo"});
    connect(world, "new").await;
    world.put("/api/v1/users/ana", ana).await;
    let task = json!({"user_ids": ["ana"], "title": format!("Secret title {EVIL}"), "due_on": "2031-03-09",
        "status": "active", "url": "https://app.example.org/tasks/1"});
    world.put("/api/v1/items/task/t1", task).await;
    world.sync().await;
    let now = world.engine.now();
    let attempt = Attempt {
        id: new_id(now, world.engine.entropy()),
        at: now,
        user_id: "ana".into(),
        integration_id: "i".into(),
        item: Some(ItemKey { kind: ItemKind::Task, id: EVIL.into() }),
        operation: Operation::Update,
        outcome: Outcome::Refused,
        reason: Some(Reason::CalendarReadOnly),
        http_status: Some(403),
        provider_reason: Some(EVIL.into()),
        provider_message: Some(format!("You need writer access {EVIL}")),
        trace_id: EVIL.into(),
    };
    let mut tx = world.engine.store().begin().await.unwrap();
    attempts::record(&mut tx, &attempt).await.unwrap();
    tx.commit().await.unwrap();
    calsync_engine::roll_up::round(&world.engine).await.unwrap();
}

async fn api(world: &HttpWorld, path: &str) -> Answer {
    let request = Request::get(path).header("authorization", format!("Bearer {}", world.admin));
    world.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn without_a_sign_in_every_page_leads_to_it() {
    let world = HttpWorld::new().await;
    for path in ["/admin", "/admin/users?q=ana", "/admin/users/ana", "/admin/errors", "/admin/audit"] {
        for cookies in ["", "calsync_sign_in=", "calsync_sign_in=0123", "calsync_known=x"] {
            let answer = world.visit(path, cookies).await;
            assert_eq!(answer.status, 303, "{path}");
            assert!(answer.header("location").starts_with("/admin/sign-in?next=%2Fadmin"), "{path}");
            assert_eq!(answer.text, "");
        }
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_are_told_the_same() {
    let world = HttpWorld::new().await;
    admin(&world, "noor@example.org", Role::Support, false).await;
    let wrong = try_password(&world, "noor@example.org", "wrong", "").await;
    let unknown = try_password(&world, "moor@example.org", "wrong", "").await;
    assert_eq!((wrong.status, unknown.status), (422.try_into().unwrap(), 422.try_into().unwrap()));
    assert_eq!(wrong.text.replace("noor", "moor"), unknown.text);
    assert!(wrong.headers.get("set-cookie").is_none());
}

#[tokio::test]
async fn guessing_is_slow_and_locks_nobody_out_of_their_own_browser() {
    let world = HttpWorld::new().await;
    admin(&world, "noor@example.org", Role::Support, false).await;
    let known = cookies(&try_password(&world, "Noor@Example.org", PASSWORD, "").await);
    for _ in 0..10 {
        assert_eq!(try_password(&world, "noor@example.org", "guess", "").await.status, 422);
    }
    assert_eq!(
        try_password(&world, "noor@example.org", PASSWORD, "").await.status,
        429,
        "even the right one"
    );
    assert_eq!(try_password(&world, "noor@example.org", PASSWORD, &known).await.status, 303);
    world.advance(15 * 60);
    assert_eq!(try_password(&world, "noor@example.org", PASSWORD, "").await.status, 303);
}

#[tokio::test]
async fn a_sign_in_is_new_each_time_and_signing_out_ends_it_here() {
    let world = HttpWorld::new().await;
    let planted = "calsync_sign_in=planted";
    admin(&world, "noor@example.org", Role::Support, false).await;
    let first = cookies(&try_password(&world, "noor@example.org", PASSWORD, planted).await);
    assert!(!first.contains("planted"));
    let second = cookies(&try_password(&world, "noor@example.org", PASSWORD, &first).await);
    assert_eq!(world.visit("/admin/users", &first).await.status, 303, "the old one is over");
    let page = world.visit("/admin/users", &second).await;
    assert_eq!(page.status, 200);
    assert_eq!(world.submit("/admin/sign-out", &second, "").await.status, 403, "no token");
    assert_eq!(world.visit("/admin/users", &second).await.status, 200);
    let form = format!("form_token={}", form_token(&page));
    let out = world.submit("/admin/sign-out", &second, &form).await;
    assert_eq!((out.status.as_u16(), out.header("location")), (303, "/admin/sign-in"));
    assert_eq!(world.visit("/admin/users", &second).await.status, 303);
}

#[tokio::test]
async fn a_sign_in_rests_an_hour_at_most_and_a_role_changes_at_once() {
    let world = HttpWorld::new().await;
    let cookies = signed_in(&world, Role::Viewer).await;
    world.advance(50 * 60);
    assert_eq!(world.visit("/admin/users", &cookies).await.status, 200);
    world.advance(50 * 60);
    assert_eq!(world.visit("/admin/users", &cookies).await.status, 200);
    world.advance(60 * 60);
    assert_eq!(world.visit("/admin/users", &cookies).await.status, 303);
}

#[tokio::test]
async fn a_one_time_password_opens_nothing_but_the_choice_of_another() {
    let world = HttpWorld::new().await;
    admin(&world, "noor@example.org", Role::Owner, true).await;
    let answer = try_password(&world, "noor@example.org", PASSWORD, "").await;
    assert_eq!(answer.header("location"), "/admin/password");
    let cookie = cookies(&answer);
    assert_eq!(world.visit("/admin/users", &cookie).await.header("location"), "/admin/password");
    let request = Request::get("/api/v1/admin/users").header("cookie", &cookie).body(Body::empty()).unwrap();
    world.send(request).await.problem(403, "forbidden");
    let page = world.visit("/admin/password", &cookie).await;
    let token = form_token(&page);
    let change = async |old: &str, new: &str| {
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("form_token", &*token), ("password", old), ("new_password", new)])
            .extend_pairs([("new_password_again", new)])
            .finish();
        world.submit("/admin/password", &cookie, &form).await
    };
    for (old, new) in [(PASSWORD, "short"), (PASSWORD, PASSWORD), ("wrong", "a new long password")] {
        let refused = change(old, new).await;
        assert_eq!(refused.status, 422, "{new}");
        assert!(refused.text.contains("role=\"alert\""));
    }
    let changed = change(PASSWORD, "a new long password").await;
    assert_eq!(changed.header("location"), "/admin", "{}", changed.text);
    assert_eq!(world.visit("/admin/users", &cookies(&changed)).await.status, 200);
    assert_eq!(
        world.visit("/admin/users", &cookie).await.header("location").split('?').next(),
        Some("/admin/sign-in")
    );
    assert_eq!(try_password(&world, "noor@example.org", PASSWORD, "").await.status, 422);
}

#[tokio::test]
async fn forms_of_other_sites_do_nothing() {
    let world = HttpWorld::new().await;
    let cookies = signed_in(&world, Role::Owner).await;
    let token = form_token(&world.visit("/admin/users", &cookies).await);
    for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
        let request = Request::builder().method(Method::POST).uri("/admin/sign-out").header(name, value);
        let request = request.header("cookie", &cookies).body(Body::from(format!("form_token={token}")));
        assert_eq!(world.send(request.unwrap()).await.status, 403);
    }
    assert_eq!(world.visit("/admin/users", &cookies).await.status, 200, "still signed in");
}

#[tokio::test]
async fn no_text_becomes_markup_and_no_title_is_shown() {
    let world = HttpWorld::new().await;
    troubled_ana(&world).await;
    let cookies = signed_in(&world, Role::Support).await;
    let errors = world.visit("/admin/errors", &cookies).await;
    let error = errors.text.split("href=\"/admin/errors/").nth(1).unwrap().split('"').next().unwrap();
    let error = format!("/admin/errors/{error}");
    for path in [
        "/admin/users",
        "/admin/users?q=%3Cscript%3E",
        "/admin/users/ana",
        "/admin/users/ana/items",
        "/admin/users/ana/connect-attempts",
        "/admin/users/ana/history",
        "/admin/errors?q=%3Cscript%3Ealert",
        &error,
        "/admin/audit",
    ] {
        let page = world.visit(path, &cookies).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text);
        assert!(!page.text.contains("<script>"), "{path}");
        assert!(!page.text.contains("style="), "{path}");
        assert!(!page.text.contains("Secret title"), "{path}");
        assert_eq!(page.header("cache-control"), "no-store");
        assert!(page.header("content-security-policy").contains("script-src 'self'"));
        assert!(!page.header("content-security-policy").contains("unsafe"));
        assert!(page.text.contains("<html lang=\"en\">") && page.text.contains("<title>"), "{path}");
    }
    let page = world.visit(&error, &cookies).await;
    assert!(page.text.contains("You need writer access &#60;script&#62;"), "verbatim: {}", page.text);
    let items = world.visit("/admin/users/ana/items", &cookies).await;
    assert!(items.text.contains("https://app.example.org/tasks/1") && items.text.contains("2031-03-09"));
    let user = world.visit("/admin/users/ana", &cookies).await;
    for (state, is_there) in [("synced", true), ("waiting", false), ("parked", false), ("held", false)] {
        let path = format!("/admin/users/ana/items?state={state}");
        assert!(user.text.contains(&format!("href=\"{path}\"")), "each count leads to its list: {state}");
        let items = world.visit(&path, &cookies).await;
        assert_eq!(items.text.contains("https://app.example.org/tasks/1"), is_there, "{state}");
    }
}

#[tokio::test]
async fn a_filter_shows_what_it_was_set_to() {
    let world = HttpWorld::new().await;
    world.put("/api/v1/users/ana", json!({"email": "ana@example.org"})).await;
    let cookies = signed_in(&world, Role::Viewer).await;
    for state in ["not_connected", "disconnected"] {
        let page = world.visit(&format!("/admin/users?state={state}"), &cookies).await;
        assert!(page.text.contains("<option value=\"not_connected\" selected>"), "{state}: {}", page.text);
        assert!(page.text.contains("a•••@example.org"), "{state}");
    }
}

#[tokio::test]
async fn who_only_looks_sees_no_mail_address_in_clear() {
    let world = HttpWorld::new().await;
    troubled_ana(&world).await;
    let viewer = signed_in(&world, Role::Viewer).await;
    let support = signed_in(&world, Role::Support).await;
    for path in ["/admin/users", "/admin/users/ana", "/admin/users?q=ana%40example.org"] {
        let page = world.visit(path, &viewer).await;
        assert!(page.text.contains("a•••@example.org"), "{path}: {}", page.text);
        assert!(!page.text.contains(">ana@example.org"), "{path}");
        assert!(world.visit(path, &support).await.text.contains("ana@example.org"), "{path}");
    }
    assert!(world.visit("/admin/users?q=ana%40exa", &viewer).await.text.contains("No user fits"));
    assert!(!world.visit("/admin/users?q=ana%40exa", &support).await.text.contains("No user fits"));
}

#[tokio::test]
async fn a_users_page_says_first_how_it_is() {
    let world = HttpWorld::new().await;
    troubled_ana(&world).await;
    let cookies = signed_in(&world, Role::Support).await;
    let page = world.visit("/admin/users/ana", &cookies).await;
    for part in
        ["Google Calendar is connected.", "renews itself", "Calendar read only", "waits for the user", "403"]
    {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
    let state = world.google.state();
    for grant in state["grants"].as_array().unwrap() {
        for name in ["access_token", "refresh_token"] {
            assert!(!page.text.contains(grant[name].as_str().unwrap()));
        }
    }
    assert_eq!(world.visit("/admin/users/nobody", &cookies).await.status, 404);
}

#[tokio::test]
async fn a_users_page_says_what_of_a_connection_does_not_work() {
    let world = HttpWorld::new().await;
    connect(&world, "new").await;
    world.sync().await;
    let put = async |id: &str| {
        let task = json!({"user_ids": ["ana"], "title": "t", "due_on": "2031-03-09", "status": "active"});
        world.put(&format!("/api/v1/items/task/{id}"), task).await;
        for _ in 0..5 {
            world.advance(10 * 60);
            world.sync().await;
        }
    };
    world.google.set_faults(vec![FaultRule {
        matches: FaultMatch { method: Some("events.insert".into()), ..FaultMatch::default() },
        effect: FaultEffect { status: Some(400), reason: Some("invalid".into()), ..FaultEffect::default() },
        ..FaultRule::default()
    }]);
    put("t1").await;
    let cookies = signed_in(&world, Role::Support).await;
    let page = world.visit("/admin/users/ana", &cookies).await;
    assert!(page.text.contains("Google Calendar is connected, but the last call failed."), "{}", page.text);
    assert!(page.text.contains("insert task t1: Google refuses this item as it is"), "{}", page.text);
    world.google.set_faults(Vec::new());
    put("t2").await;
    let cookies = signed_in(&world, Role::Owner).await;
    let page = world.visit("/admin/users/ana", &cookies).await;
    assert!(page.text.contains("Google Calendar is connected, but 1 item is parked."), "{}", page.text);
    assert!(page.text.contains("href=\"/admin/users/ana/items\">See the items</a>"), "{}", page.text);
    assert!(!page.text.contains("Nothing to do."), "{}", page.text);
}

#[tokio::test]
async fn the_admin_api_tells_the_same() {
    let world = HttpWorld::new().await;
    troubled_ana(&world).await;
    let users = api(&world, "/api/v1/admin/users?q=ana&state=active").await.json();
    assert_eq!(users["items"][0]["email"], "ana@example.org");
    assert_eq!(api(&world, "/api/v1/admin/users?state=not_connected").await.json()["items"], json!([]));
    let tries = api(&world, "/api/v1/admin/users/ana/connect-attempts").await.json();
    assert_eq!(tries["items"][0]["outcome"], "connected", "{tries}");
    let query = "user_id=ana&reason=calendar_read_only&kind=task&operation=update&outcome=refused&q=WRITER";
    let errors = api(&world, &format!("/api/v1/admin/sync-errors?{query}")).await.json();
    let error = &errors["items"][0];
    assert_eq!(error["next_step"]["who"], "user", "{errors}");
    let group = error["group_id"].as_str().unwrap();
    let group = api(&world, &format!("/api/v1/admin/error-groups/{group}")).await.json();
    assert_eq!((&group["errors"], &group["affected_users"]), (&Value::from(1), &Value::from(1)));
    let groups = api(&world, "/api/v1/admin/error-groups").await.json();
    assert_eq!(groups["items"][0]["id"], group["id"]);
    assert_eq!(api(&world, "/api/v1/admin/audit-log").await.json()["items"], json!([]));
    for (path, field) in [
        ("users?state=happy", "state"),
        ("users?cursor=x", "cursor"),
        ("sync-errors?reason=bad", "reason"),
        ("sync-errors?since=now", "since"),
        ("audit-log?limit=0", "limit"),
        ("error-groups?sort=1%3BDROP", "sort"),
    ] {
        assert_eq!(api(&world, &format!("/api/v1/admin/{path}")).await.bad_fields(), [field]);
    }
}
