//! A support admin with a ticket: "my bookings aren't in my calendar any more".

use calsync_testing::browser::Browser;
use calsync_testing::on_both_databases;

use super::{break_the_connection_of_ana, sign_in};
use crate::world::World;

const NOTE: &str = "Ticket 2291: no bookings arrive";

on_both_databases! {
    async fn from_a_ticket_to_a_healthy_connection(database: TestDatabase) {
        let world = World::start(database).await;
        break_the_connection_of_ana(&world).await;
        let support = Browser::start().await;
        sign_in(&support, &world.service, "support").await;

        support.form("search").await.fill("q", "ana@example.org").await.enter("q").await;
        support.follow("Ana Sousa").await;
        support.reads("leaves no hint why the access ended").await;
        support.reads("Needs the user").await;
        let user_page = support.address().await;
        support.follow("Errors").await;
        support.reads("invalid_grant").await;

        support.open(&user_page).await;
        support.follow("Disconnect Google Calendar…").await;
        support.reads("Nothing has been changed yet.").await;
        support.form("force-disconnect").await.fill("note", NOTE).await.send().await;
        support.reads("Done with leftovers").await;
        support.reads("Wipe secrets done").await;

        support.follow("Audit").await;
        support.reads("integration.disconnect").await;
        support.reads(NOTE).await;

        support.open(&user_page).await;
        support.form("reconnect-link").await.fill("note", NOTE).await.send().await;
        let answer = support.values("[data-copy]", "value").await;
        let link = answer[0].lines().last().unwrap();
        let ana = Browser::start().await;
        ana.open(link).await;
        ana.form("connect").await.send().await;
        ana.reads("Google Calendar is connected").await;
        world.wait_until_synced("ana").await;

        support.open(&user_page).await;
        support.reads("Google Calendar is connected.").await;
        assert_eq!(support.values(".verdict", "className").await, ["verdict good"]);
        let events = world.google.our_events().await;
        let titles: Vec<_> = events.iter().map(|event| &event["summary"]).collect();
        assert_eq!(titles, ["Final"], "what waited is there, and nothing is doubled");
    }
}
