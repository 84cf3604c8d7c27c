//! Times as people read them: the instant is the platform's in every zone and on every day, and
//! whole days are the contract's.

use calsync_core::item::{Item, ItemBody, ItemKey, ItemKind};
use calsync_core::managed::{ManagedFields, When};
use calsync_core::policy::{DeadlineAs, Policy};
use calsync_core::remote::RemoteEvent;
use calsync_core::render::{DesiredState, RenderContext, render};
use calsync_core::zone;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

fn zones() -> Vec<String> {
    let zones = jiff::tz::db().available().map(|name| name.to_string());
    let zones: Vec<String> = zones.filter(|name| zone::primary(name).is_some()).collect();
    assert!(zones.len() > 300, "the zones that the program brings");
    zones
}

fn instants() -> impl Strategy<Value = Timestamp> {
    // 1970 to 9990, as items may have, and half of them in the years that people plan.
    prop_oneof![0..253_000_000_000_i64, 1_500_000_000..2_500_000_000_i64]
        .prop_map(|second| Timestamp::from_second(second).unwrap())
}

fn dates() -> impl Strategy<Value = Date> {
    (0..2_900_000_i64).prop_map(|days| "1970-01-01".parse::<Date>().unwrap() + days.days())
}

fn rendered(kind: ItemKind, fields: Value, policy: &Policy, user_zone: Option<&str>) -> ManagedFields {
    let mut body = json!({"user_ids": ["ana"], "title": "t", "status": "active"});
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    let body = ItemBody::parse(kind, body.as_object().unwrap()).unwrap();
    let item = Item { key: ItemKey { kind, id: "i".into() }, body, revision: 1, deleted: false };
    let context =
        RenderContext { user_id: "ana", user_time_zone: user_zone, policy, now: Timestamp::UNIX_EPOCH };
    match render(&item, context) {
        DesiredState::Present { managed, .. } => managed,
        DesiredState::Absent(reason) => panic!("it is wanted: {reason:?}"),
    }
}

/// The event as Google gets it.
fn sent(managed: &ManagedFields) -> RemoteEvent {
    let mut event = RemoteEvent::default();
    event.set_managed(managed, String::new(), "Platform");
    event
}

proptest! {
    #![proptest_config(crate::cases(2_000))]

    #[test]
    fn a_session_starts_and_ends_at_the_platforms_instants_in_any_zone(
        start in instants(), minutes in 1..3_000_i64, written_in in any::<Index>(), zone in any::<Index>(),
    ) {
        let zones = zones();
        let (zone, written_in) = (zone.get(&zones), written_in.get(&zones));
        let end = start + SignedDuration::from_mins(minutes);
        // The platform writes its times in whatever zone it likes.
        let text = |time: Timestamp| {
            let offset = TimeZone::get(written_in).unwrap().to_offset(time);
            let whole = if offset.seconds() % 60 == 0 { offset } else { jiff::tz::Offset::UTC };
            time.display_with_offset(whole).to_string()
        };
        let fields = json!({"starts_at": text(start), "ends_at": text(end), "time_zone": zone});
        let managed = rendered(ItemKind::Session, fields, &Policy::default(), Some("Asia/Tokyo"));
        prop_assert_eq!(&managed.when, &When::Timed { start, end, zone: zone::primary(zone).unwrap() });

        let event = sent(&managed);
        prop_assert_eq!(event.when(), Some(managed.when), "what comes back is what was sent");
        for (part, instant) in [("start", start), ("end", end)] {
            let text = event.0[part]["dateTime"].as_str().unwrap();
            prop_assert_eq!(text.parse::<Timestamp>().unwrap(), instant, "{}", text);
            let local = TimeZone::get(zone).unwrap().to_datetime(instant);
            let odd_offset = TimeZone::get(zone).unwrap().to_offset(instant).seconds() % 60 != 0;
            prop_assert!(odd_offset || text.starts_with(&local.to_string()), "{} is not {}", text, local);
        }
    }

    #[test]
    fn a_task_starts_when_it_is_due_and_takes_its_minutes(due in instants(), minutes in 1..10_000_i64) {
        let fields = json!({"due_at": due.to_string(), "estimated_minutes": minutes});
        let managed = rendered(ItemKind::Task, fields, &Policy::default(), Some("Europe/Dublin"));
        let end = due + SignedDuration::from_mins(minutes);
        prop_assert_eq!(managed.when, When::Timed { start: due, end, zone: "Europe/Dublin".into() });
    }

    #[test]
    fn whole_days_are_the_same_days_in_every_zone(day in dates(), zone in any::<Index>()) {
        let zones = zones();
        let zone = Some(zone.get(&zones).as_str());
        let fields = json!({"due_on": day.to_string()});
        let same_day = Policy { deadline_as: DeadlineAs::SameDayReminder, ..Policy::default() };
        for (kind, policy, first) in [
            (ItemKind::Task, Policy::default(), day),
            (ItemKind::Deadline, same_day, day),
            (ItemKind::Deadline, Policy::default(), day - 1.day()),
        ] {
            let managed = rendered(kind, fields.clone(), &policy, zone);
            prop_assert_eq!(&managed.when, &When::AllDay { first, end: first + 1.day() });
            let event = sent(&managed);
            prop_assert_eq!(&event.0["start"], &json!({"date": first.to_string()}));
            prop_assert_eq!(&event.0["end"], &json!({"date": (first + 1.day()).to_string()}));
            prop_assert_eq!(event.when(), Some(managed.when));
        }
    }
}

#[test]
fn a_fraction_of_a_second_does_not_come_back_as_an_edit() {
    let fields = json!({"starts_at": "2031-03-09T10:00:00.75Z", "ends_at": "2031-03-09T11:00:00.5Z"});
    let managed = rendered(ItemKind::Session, fields, &Policy::default(), None);
    let second = |text: &str| text.parse::<Timestamp>().unwrap();
    let (start, end) = (second("2031-03-09T10:00:00Z"), second("2031-03-09T11:00:00Z"));
    assert_eq!(managed.when, When::Timed { start, end, zone: "UTC".into() });
}

#[test]
fn hours_that_a_clock_change_skips_or_repeats_keep_their_instants() {
    // New York, 2031: 02:30 on 9 March doesn't exist, 01:30 on 2 November comes twice.
    for (instant, local) in [
        ("2031-03-09T07:30:00Z", "2031-03-09T03:30:00-04:00"),
        ("2031-11-02T05:30:00Z", "2031-11-02T01:30:00-04:00"),
        ("2031-11-02T06:30:00Z", "2031-11-02T01:30:00-05:00"),
    ] {
        let fields = json!({"due_at": instant, "time_zone": "America/New_York"});
        let managed = rendered(ItemKind::Task, fields, &Policy::default(), None);
        assert_eq!(sent(&managed).0["start"], json!({"dateTime": local, "timeZone": "America/New_York"}));
    }
}

#[test]
fn an_offset_with_seconds_is_written_in_utc() {
    let fields = json!({"due_at": "1971-06-01T12:00:00Z", "time_zone": "Africa/Monrovia"});
    let managed = rendered(ItemKind::Task, fields, &Policy::default(), None);
    let start = json!({"dateTime": "1971-06-01T12:00:00+00:00", "timeZone": "Africa/Monrovia"});
    assert_eq!(sent(&managed).0["start"], start);
}
