//! Admins: their passwords, sign-ins and tries, and what they find.

use calsync_core::integration::IntegrationState;
use calsync_core::item::ItemKind;
use calsync_core::outcome::{Operation, Outcome};
use calsync_core::reason::Reason;
use calsync_store::admins::{self, Admin, Role};
use calsync_store::attempts::{self, Attempt};
use calsync_store::sync_errors::{self, Filter};
use calsync_store::user_search::{self, Wanted};
use calsync_store::users::User;
use calsync_store::{passwords, sign_ins, users};
use calsync_testing::{SeededRng, on_both_databases};
use jiff::Timestamp;

use crate::world::{World, at, key, task, task_body};

fn admin(id: &str, email: &str, role: Role) -> Admin {
    Admin { id: id.into(), email: email.into(), role, must_change_password: true }
}

async fn noor(world: &World) {
    let mut tx = world.begin().await;
    assert!(admins::add(&mut tx, &admin("a1", "noor@example.org", Role::Support), "h", at(0)).await.unwrap());
    sign_ins::begin(&mut tx, "token", "a1", at(0)).await.unwrap();
    tx.commit().await.unwrap();
}

async fn found(world: &World, now: Timestamp) -> Option<Admin> {
    sign_ins::find(&mut world.read().await, "token", now).await.unwrap().map(|sign_in| sign_in.admin)
}

fn error(number: u32, user: &str, reason: Reason, message: &str) -> Attempt {
    Attempt {
        id: format!("{number:04}"),
        at: at(i64::from(number)),
        user_id: user.into(),
        integration_id: format!("integration-of-{user}"),
        item: Some(key(ItemKind::Task, "read")),
        operation: Operation::Insert,
        outcome: Outcome::Refused,
        reason: Some(reason),
        http_status: Some(403),
        provider_reason: Some("forbidden".into()),
        provider_message: Some(message.into()),
        trace_id: "trace".into(),
    }
}

async fn with_errors(world: &World) {
    let mut tx = world.begin().await;
    for attempt in [
        error(1, "ana", Reason::CalendarReadOnly, "You need writer access"),
        error(2, "ben", Reason::ItemRefused, "100% wrong_start"),
        Attempt { outcome: Outcome::Done, reason: None, ..error(3, "ana", Reason::Unknown, "") },
        error(4, "ana", Reason::ItemRefused, "Bad start"),
    ] {
        attempts::record(&mut tx, &attempt).await.unwrap();
    }
    attempts::roll_up(&mut tx, 9).await.unwrap();
    tx.commit().await.unwrap();
}

async fn ids(world: &World, filter: Filter) -> Vec<String> {
    let page = sync_errors::list(&mut world.read().await, &filter, None, 10).await.unwrap();
    assert_eq!(page.next, None);
    page.errors.into_iter().map(|error| error.id).collect()
}

async fn names(world: &World, filter: user_search::Filter) -> Vec<String> {
    let page = user_search::find(&mut world.read().await, &filter, None, 10, at(9)).await.unwrap();
    assert_eq!(page.next, None);
    page.users.into_iter().map(|user| user.user_id).collect()
}

on_both_databases! {
    async fn an_admin_is_found_by_their_address_however_it_is_written(db: TestDatabase) {
        let world = World::new(db).await;
        noor(&world).await;
        let (found, hash) =
            admins::by_email(&mut world.read().await, " Noor@Example.ORG ").await.unwrap().unwrap();
        assert_eq!((found.role, hash.as_str()), (Role::Support, "h"));
        assert_eq!(admins::by_email(&mut world.read().await, "nobody@example.org").await.unwrap(), None);
        let name = admins::email_of(&mut world.read().await, "a1").await.unwrap();
        assert_eq!(name.as_deref(), Some("noor@example.org"));
        let again = admin("a2", "NOOR@example.org", Role::Owner);
        let mut tx = world.begin().await;
        assert!(!admins::add(&mut tx, &again, "other", at(1)).await.unwrap());
        admins::set_password(&mut tx, "a1", "new", false, at(1)).await.unwrap();
        let (found, hash) = admins::by_email(&mut tx, "noor@example.org").await.unwrap().unwrap();
        assert_eq!((found.role, found.must_change_password, hash.as_str()), (Role::Support, false, "new"));
    }

    async fn a_sign_in_ends_by_rest_by_age_and_by_signing_out(db: TestDatabase) {
        let world = World::new(db).await;
        noor(&world).await;
        assert!(found(&world, at(59)).await.is_some());
        assert!(found(&world, at(60)).await.is_none(), "idle");
        for hour in 0..12 {
            let now = at(hour * 60 + 50);
            let mut tx = world.begin().await;
            sign_ins::seen(&mut tx, "token", now).await.unwrap();
            tx.commit().await.unwrap();
            assert!(found(&world, now).await.is_some());
        }
        assert!(found(&world, at(12 * 60)).await.is_none(), "too old, however busy");
        assert!(found(&world, at(11 * 60)).await.is_some());
        let mut tx = world.begin().await;
        sign_ins::end(&mut tx, "token", at(11 * 60)).await.unwrap();
        tx.commit().await.unwrap();
        assert!(found(&world, at(11 * 60)).await.is_none(), "signed out");
        assert_eq!(world.raw().await.count("admin_sign_ins", "token_hash = 'token'").await, 0);
    }

    async fn a_change_of_role_holds_at_once_and_all_other_sign_ins_end_together(db: TestDatabase) {
        let world = World::new(db).await;
        noor(&world).await;
        world.raw().await.run("UPDATE admins SET role = 'viewer'").await;
        assert_eq!(found(&world, at(1)).await.unwrap().role, Role::Viewer);
        let mut tx = world.begin().await;
        sign_ins::end_others(&mut tx, "a1", "token", at(1)).await.unwrap();
        tx.commit().await.unwrap();
        assert!(found(&world, at(1)).await.is_some());
        let mut tx = world.begin().await;
        sign_ins::end_others(&mut tx, "a1", "another", at(1)).await.unwrap();
        tx.commit().await.unwrap();
        assert!(found(&world, at(1)).await.is_none());
    }

    async fn tries_are_counted_for_a_while_in_a_bounded_number_of_rows(db: TestDatabase) {
        let world = World::new(db).await;
        let mut tx = world.begin().await;
        for count in 1..=3 {
            assert_eq!(sign_ins::count_try(&mut tx, "account", "noor", at(count)).await.unwrap(), count);
        }
        assert_eq!(sign_ins::count_try(&mut tx, "address", "noor", at(3)).await.unwrap(), 1);
        assert_eq!(sign_ins::count_try(&mut tx, "account", "noor", at(16)).await.unwrap(), 1);
        sign_ins::forget_tries(&mut tx, "account", "noor").await.unwrap();
        assert_eq!(sign_ins::count_try(&mut tx, "account", "noor", at(16)).await.unwrap(), 1);
        tx.commit().await.unwrap();
        assert_eq!(world.raw().await.count("admin_sign_in_tries", "length(bucket) > 12").await, 0);
    }

    async fn sync_errors_are_found_by_what_is_known_of_them(db: TestDatabase) {
        let world = World::new(db).await;
        with_errors(&world).await;
        let of = |text: &str| Filter { text: Some(text.into()), ..Filter::default() };
        assert_eq!(ids(&world, Filter::default()).await, ["0004", "0002", "0001"]);
        assert_eq!(ids(&world, Filter { user_id: Some("ana".into()), ..Filter::default() }).await, ["0004", "0001"]);
        let refused = Filter { reason: Some(Reason::ItemRefused), ..Filter::default() };
        assert_eq!(ids(&world, refused).await, ["0004", "0002"]);
        let time = Filter { since: Some(at(2)), until: Some(at(4)), ..Filter::default() };
        assert_eq!(ids(&world, time).await, ["0002"]);
        let exact = Filter {
            kind: Some(ItemKind::Task),
            operation: Some(Operation::Insert),
            outcome: Some(Outcome::Refused),
            ..Filter::default()
        };
        assert_eq!(ids(&world, exact).await.len(), 3);
        assert_eq!(ids(&world, Filter { outcome: Some(Outcome::Unknown), ..Filter::default() }).await.len(), 0);
        assert_eq!(ids(&world, of("WRITER")).await, ["0001"]);
        assert_eq!(ids(&world, of("0% wrong_")).await, ["0002"]);
        for odd in ["%", "_", "'; DROP TABLE users; --", "wrong!"] {
            assert!(ids(&world, of(odd)).await.len() <= 1, "{odd} is no wildcard");
        }
        let page = sync_errors::list(&mut world.read().await, &Filter::default(), None, 2).await.unwrap();
        assert_eq!(page.next.as_deref(), Some("0002"));
        let rest = sync_errors::list(&mut world.read().await, &Filter::default(), Some("0002"), 2).await;
        assert_eq!(rest.unwrap().errors[0].id, "0001");
        let one = sync_errors::get(&mut world.read().await, "0002").await.unwrap().unwrap();
        assert_eq!(one.provider_message.as_deref(), Some("100% wrong_start"));
        assert_eq!(sync_errors::get(&mut world.read().await, "0003").await.unwrap(), None, "no error");
        let group = one.group_id.unwrap();
        assert_eq!(ids(&world, Filter { group_id: Some(group.clone()), ..Filter::default() }).await, ["0004", "0002"]);
        let group = sync_errors::group(&mut world.read().await, &group).await.unwrap().unwrap();
        assert_eq!((group.errors, group.affected_users), (2, 2));
    }

    async fn groups_go_on_where_they_ended(db: TestDatabase) {
        let world = World::new(db).await;
        with_errors(&world).await;
        let first = sync_errors::groups(&mut world.read().await, None, 1).await.unwrap();
        assert_eq!(first[0].reason, "item_refused");
        let after = Some((first[0].last_seen, first[0].id.clone()));
        let second = sync_errors::groups(&mut world.read().await, after, 5).await.unwrap();
        assert_eq!(second.iter().map(|group| group.reason.as_str()).collect::<Vec<_>>(), ["calendar_read_only"]);
    }

    async fn users_are_found_by_id_address_name_and_state(db: TestDatabase) {
        let world = World::new(db).await;
        let mut tx = world.begin().await;
        for (id, name) in [("ana", "Ana 100%"), ("ben", "Ben Anand")] {
            let email = Some(format!("{id}@example.org"));
            let user = User { user_id: id.into(), email, name: Some(name.into()), ..User::default() };
            users::put(&mut tx, &user, at(0)).await.unwrap();
        }
        tx.commit().await.unwrap();
        world.connected("ana").await;
        let of = |text: &str| user_search::Filter { text: Some(text.into()), ..user_search::Filter::default() };
        let by_part = |text: &str| user_search::Filter { finds_part_of_email: true, ..of(text) };
        let state = |state| user_search::Filter { state: Some(state), ..user_search::Filter::default() };
        assert_eq!(names(&world, of("ANAN")).await, ["ben"]);
        assert_eq!(names(&world, of("ben@example.org")).await, ["ben"]);
        assert_eq!(names(&world, of("ben@exa")).await.len(), 0, "addresses can't be spelled out");
        assert_eq!(names(&world, by_part("BEN@exa")).await, ["ben"]);
        assert_eq!(names(&world, of("%")).await, ["ana"], "no wildcard");
        assert_eq!(names(&world, state(Wanted::NotConnected)).await, ["ben"]);
        let active = Wanted::In(IntegrationState::Active);
        assert_eq!(names(&world, state(active)).await, ["ana"]);
        world.put(&task("read"), &task_body("ana", "Read"), at(1)).await;
        assert_eq!(names(&world, state(active)).await.len(), 0);
        assert_eq!(names(&world, state(Wanted::In(IntegrationState::Delayed))).await, ["ana"]);
        assert_eq!(names(&world, state(Wanted::In(IntegrationState::NeedsAction))).await.len(), 0);
        let all = user_search::Filter::default();
        let page = user_search::find(&mut world.read().await, &all, None, 1, at(9)).await.unwrap();
        assert_eq!((page.users[0].shown_state(), page.next.as_deref()), (Some(IntegrationState::Delayed), Some("ana")));
    }
}

#[test]
fn a_password_opens_its_own_hash_alone() {
    let dice = SeededRng::new(3);
    let one = passwords::one_time(&dice);
    let hash = passwords::hash(&one, &dice).unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    assert!(passwords::is_right(&one, &hash));
    assert!(!passwords::is_right(&passwords::one_time(&dice), &hash));
    assert!(!passwords::is_right(&one, passwords::OF_NOBODY));
    assert!(hash.len() == passwords::OF_NOBODY.len() || hash.len() + 2 >= passwords::OF_NOBODY.len());
    assert!(!passwords::is_right(&one, "no hash"));
}
