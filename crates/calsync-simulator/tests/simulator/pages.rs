//! The pages on which a person sees and edits a week.

use serde_json::json;

use crate::world::{ANA, World, meeting};

#[tokio::test]
async fn a_person_sees_and_edits_a_week() {
    let world = World::new();
    let mut event = meeting("<script>alert(1)</script>");
    event["id"] = json!("script0".replace('p', "q"));
    world.insert(event).await;
    assert!(world.browse("/").await.text().contains(&format!("/accounts/{ANA}")));
    let week = world.browse(&format!("/accounts/{ANA}?week=2031-03-12")).await;
    assert_eq!(week.status, 200);
    assert!(week.text().contains("10:00–11:00") && !week.text().contains("<script>"), "{}", week.text());
    assert_eq!(world.browse("/simulator.css").await.header("content-type"), Some("text/css; charset=utf-8"));

    let fields = |title, ends| {
        [
            ("calendar", ANA),
            ("summary", title),
            ("starts", "2031-03-11T14:00"),
            ("ends", ends),
            ("location", "Here"),
        ]
    };
    let path = format!("/accounts/{ANA}/events");
    let saved = world.form(&path, &fields("By hand", "2031-03-11T15:00")).await;
    assert_eq!(saved.header("location"), Some("/accounts/ana@example.com?week=2031-03-11"));
    let refused = world.form(&path, &fields("Backwards", "2031-03-11T13:00")).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("The specified time range is empty."));

    let stored = world.simulator.events(ANA);
    let made = stored.iter().find(|event| event["summary"] == "By hand").unwrap();
    assert_eq!(made["start"]["dateTime"], "2031-03-11T14:00:00+01:00");
    let path = format!("/accounts/{ANA}/calendars/{ANA}/events/{}", made["id"].as_str().unwrap());
    assert!(world.browse(&path).await.text().contains("value=\"2031-03-11T14:00\""));
    let mut all_day = fields("All day", "2031-03-12T00:00").to_vec();
    all_day.push(("all_day", "true"));
    assert_eq!(world.form(&path, &all_day).await.status, 303);
    let changed = &world.simulator.events(ANA)[1];
    assert_eq!(
        (&changed["start"]["date"], &changed["end"]["date"]),
        (&json!("2031-03-11"), &json!("2031-03-13"))
    );
    assert_eq!(world.form(&format!("{path}/delete"), &[]).await.status, 303);
    assert_eq!(world.simulator.events(ANA)[1]["status"], "cancelled");
}

#[tokio::test]
async fn accounts_are_added_by_form() {
    let world = World::new();
    let added = world.form("/accounts", &[("email", "Dai@example.com"), ("time_zone", "Asia/Tokyo")]).await;
    assert_eq!(added.header("location"), Some("/accounts/dai@example.com"));
    assert!(world.browse("/accounts/dai@example.com").await.text().contains("Asia/Tokyo"));
    assert_eq!(world.browse("/accounts/nobody@example.com").await.status, 404);
}
