//! Connect links and tries to connect.

use std::collections::BTreeSet;
use std::sync::Arc;

use calsync_core::integration::CalendarChoice;
use calsync_core::reason::Reason;
use calsync_store::Tx;
use calsync_store::audit;
use calsync_store::consent::{self, Link, MadeBy, NewAttempt, PendingConsent, ReconnectLink};
use calsync_testing::on_both_databases;
use secrecy::ExposeSecret;
use tokio::task::JoinSet;

use crate::world::{World, at};

async fn begin(world: &World, id: &str, state: &str) {
    let mut tx = world.begin().await;
    let new = NewAttempt {
        id,
        user_id: "ana",
        state,
        browser: "her-browser",
        verifier: &"the-verifier".into(),
        calendar_choice: CalendarChoice::Existing,
        target_calendar: Some("work"),
        scopes: &BTreeSet::from(["calendar".to_owned(), "openid".to_owned()]),
        return_url: Some("https://platform.example.org/back"),
        expires_at: at(30),
    };
    consent::begin(&world.store, &mut tx, new, at(0)).await.unwrap();
    tx.commit().await.unwrap();
}

async fn take(world: &World, state: &str, browser: &str, minute: i64) -> Option<PendingConsent> {
    let mut tx = world.begin().await;
    let taken = consent::take(&world.store, &mut tx, state, browser, at(minute)).await.unwrap();
    tx.commit().await.unwrap();
    taken
}

on_both_databases! {
    async fn an_admins_link_is_kept_with_the_deed(db: TestDatabase) {
        let world = World::new(db).await;
        let link = Link { user_id: "ana".into(), return_url: None, expires_at: at(15), used: false };
        let by = MadeBy { admin_id: "noor", note: "ticket 1", audit_id: "a-1" };
        let mut tx = world.begin().await;
        consent::create_reconnect_link(&mut tx, "token-1", &link, by, at(0)).await.unwrap();
        assert_eq!(consent::find_link(&mut tx, "token-1").await.unwrap(), Some(link));
        let rows = audit::list(&mut tx, Some("ana"), None, 10).await.unwrap();
        let [row] = rows.as_slice() else { panic!("{rows:?}") };
        assert_eq!((&*row.admin_id, &*row.action), ("noor", "integration.reconnect_link"));
        assert_eq!(row.note.as_deref(), Some("ticket 1"));
        assert!(!row.metadata.to_string().contains("token-1"));
    }

    async fn an_admins_link_tells_how_it_fares(db: TestDatabase) {
        let world = World::new(db).await;
        let link = Link { user_id: "ana".into(), return_url: None, expires_at: at(15), used: false };
        let newest = async |tx: &mut Tx| consent::newest_reconnect_link(tx, "ana").await.unwrap();
        let mut tx = world.begin().await;
        consent::create_link(&mut tx, "platform", &link, at(2)).await.unwrap();
        assert_eq!(newest(&mut tx).await, None);
        for (minute, token) in [(0, "token-1"), (1, "token-2")] {
            let by = MadeBy { admin_id: "noor", note: "ticket 1", audit_id: token };
            consent::create_reconnect_link(&mut tx, token, &link, by, at(minute)).await.unwrap();
        }
        for minute in [3, 4] {
            consent::opened(&mut tx, "token-2", at(minute)).await.unwrap();
            consent::opened(&mut tx, "platform", at(minute)).await.unwrap();
        }
        let mut told = ReconnectLink {
            made_by: "noor".into(),
            created_at: at(1),
            expires_at: at(15),
            opened_at: Some(at(3)),
            used_at: None,
        };
        assert_eq!(newest(&mut tx).await.as_ref(), Some(&told), "the first look counts");
        assert!(consent::use_link(&mut tx, "token-2", at(5)).await.unwrap());
        told.used_at = Some(at(5));
        assert_eq!(newest(&mut tx).await, Some(told));
    }

    async fn a_link_is_used_once_in_time_and_not_by_looking(db: TestDatabase) {
        let world = World::new(db).await;
        let link = Link { user_id: "ana".into(), return_url: None, expires_at: at(15), used: false };
        let mut tx = world.begin().await;
        consent::create_link(&mut tx, "token-1", &link, at(0)).await.unwrap();
        consent::create_link(&mut tx, "token-2", &link, at(0)).await.unwrap();
        for _ in 0..3 {
            assert_eq!(consent::find_link(&mut tx, "token-1").await.unwrap(), Some(link.clone()));
        }
        assert!(consent::use_link(&mut tx, "token-1", at(14)).await.unwrap());
        assert!(!consent::use_link(&mut tx, "token-1", at(14)).await.unwrap());
        assert!(consent::find_link(&mut tx, "token-1").await.unwrap().unwrap().used);
        assert!(!consent::use_link(&mut tx, "token-2", at(15)).await.unwrap(), "too late");
        assert!(!consent::use_link(&mut tx, "token-3", at(1)).await.unwrap());
        assert_eq!(consent::find_link(&mut tx, "token-3").await.unwrap(), None);
        tx.commit().await.unwrap();
        assert_eq!(world.raw().await.count("connect_links", "token_hash LIKE 'token%'").await, 0, "hashes only");
        let mut tx = world.begin().await;
        assert_eq!(consent::forget_links(&mut tx, at(15), 9).await.unwrap(), 0);
        assert_eq!(consent::forget_links(&mut tx, at(16), 9).await.unwrap(), 2);
    }

    async fn a_try_is_taken_once_by_its_own_browser_in_time(db: TestDatabase) {
        let world = World::new(db).await;
        begin(&world, "try-1", "state-1").await;
        assert!(take(&world, "state-1", "another-browser", 1).await.is_none());
        assert!(take(&world, "state-2", "her-browser", 1).await.is_none());
        assert!(take(&world, "state-1", "her-browser", 30).await.is_none(), "too late");
        let taken = take(&world, "state-1", "her-browser", 29).await.unwrap();
        assert_eq!((taken.id.as_str(), taken.user_id.as_str()), ("try-1", "ana"));
        assert_eq!(taken.verifier.unwrap().expose_secret(), "the-verifier");
        assert_eq!(taken.calendar_choice, CalendarChoice::Existing);
        assert_eq!(taken.target_calendar.as_deref(), Some("work"));
        assert_eq!(taken.scopes.len(), 2);
        assert_eq!(taken.return_url.as_deref(), Some("https://platform.example.org/back"));
        assert!(take(&world, "state-1", "her-browser", 1).await.is_none(), "a second time");
        assert_eq!(world.raw().await.count("connect_attempts", "verifier IS NOT NULL").await, 0);
    }

    async fn twenty_returns_at_once_are_one(db: TestDatabase) {
        let world = Arc::new(World::new(db).await);
        begin(&world, "try-1", "state-1").await;
        let mut tasks = JoinSet::new();
        for _ in 0..20 {
            let world = world.clone();
            tasks.spawn(async move { take(&world, "state-1", "her-browser", 1).await.is_some() });
        }
        assert_eq!(tasks.join_all().await.into_iter().filter(|taken| *taken).count(), 1);
    }

    async fn every_try_is_listed_with_its_end(db: TestDatabase) {
        let world = World::new(db).await;
        for (id, state) in [("1", "a"), ("2", "b"), ("3", "c")] {
            begin(&world, id, state).await;
        }
        let mut tx = world.begin().await;
        consent::end(&mut tx, "1", None, at(2)).await.unwrap();
        consent::end(&mut tx, "2", Some(Reason::ConsentDenied), at(3)).await.unwrap();
        tx.commit().await.unwrap();
        let tries = consent::attempts(&mut world.read().await, "ana", 10).await.unwrap();
        let ends: Vec<_> =
            tries.iter().map(|one| (one.id.as_str(), one.outcome.as_deref(), one.reason.as_deref())).collect();
        let denied = ("2", Some("denied"), Some("consent_denied"));
        assert_eq!(ends, [("3", None, None), denied, ("1", Some("connected"), None)]);
        assert_eq!(tries[1].ended_at, Some(at(3).as_microsecond()));
        assert_eq!(world.raw().await.count("connect_attempts", "verifier IS NOT NULL").await, 1);
        assert!(take(&world, "b", "her-browser", 4).await.is_none(), "it has ended");
    }

    async fn what_a_try_came_back_with_is_its_users_to_see(db: TestDatabase) {
        let world = World::new(db).await;
        begin(&world, "1", "a").await;
        let mut tx = world.begin().await;
        consent::set_account_email(&mut tx, "1", Some("ana@example.org")).await.unwrap();
        consent::set_missing_scopes(&mut tx, "1", &["calendar"]).await.unwrap();
        consent::end(&mut tx, "1", Some(Reason::ConsentPartial), at(2)).await.unwrap();
        tx.commit().await.unwrap();
        let attempt = consent::attempt(&mut world.read().await, "1", "ana").await.unwrap().unwrap();
        assert_eq!((attempt.outcome.as_deref(), attempt.calendar_choice.as_str()), (Some("partial"), "existing"));
        assert_eq!(attempt.account_email.as_deref(), Some("ana@example.org"));
        assert_eq!(attempt.missing_scopes, "calendar");
        assert_eq!(consent::attempt(&mut world.read().await, "1", "ben").await.unwrap(), None);
    }
}
