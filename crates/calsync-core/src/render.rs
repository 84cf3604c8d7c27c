//! What an item should look like in one user's calendar: the three kinds as the contract says.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::item::{Item, ItemBody, ItemKind, ItemStatus, Schedule};
use crate::managed::{ManagedFields, When};
use crate::policy::{DeadlineAs, Policy};
use crate::reason::Reason;
use crate::{text, zone};

/// The mark in front of a completed item's title.
pub const COMPLETED_MARK: &str = "✓ ";

/// Minutes before its day at which a deadline's popup comes: 9 o'clock on the day before.
const DEADLINE_POPUP_MINUTES: i64 = 900;

/// What the platform wants for one item in one user's calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DesiredState {
    /// It is there.
    Present {
        /// The managed fields.
        managed: ManagedFields,
        /// A popup that many minutes before, set once, then the user's.
        popup_minutes: Option<i64>,
        /// Too long ago to be made now; what is there already is kept right.
        too_old: bool,
    },
    /// It is not there, and why.
    Absent(Reason),
}

/// The circumstances under which an item is rendered.
#[derive(Clone, Copy, Debug)]
pub struct RenderContext<'a> {
    /// The user.
    pub user_id: &'a str,
    /// The user's zone, where the item names none.
    pub user_time_zone: Option<&'a str>,
    /// The rules.
    pub policy: &'a Policy,
    /// Now.
    pub now: Timestamp,
}

/// What the platform wants of `item` in the calendar of `context`'s user.
pub fn render(item: &Item, context: RenderContext<'_>) -> DesiredState {
    if item.deleted || item.body.status == ItemStatus::Cancelled {
        return DesiredState::Absent(Reason::Cancelled);
    }
    if !item.body.user_ids.contains(context.user_id) {
        return DesiredState::Absent(Reason::NotAddressed);
    }
    if context.policy.disabled_kinds.contains(&item.key.kind) {
        return DesiredState::Absent(Reason::KindOff);
    }
    let zone = item.body.time_zone.as_deref().or(context.user_time_zone).unwrap_or("UTC");
    let zone = zone::primary(zone).unwrap_or_else(|| zone.to_owned());
    let when = when(item.key.kind, item.body.schedule, context.policy.deadline_as, zone);
    let same_day = context.policy.deadline_as == DeadlineAs::SameDayReminder;
    DesiredState::Present {
        too_old: is_too_old(&when, context),
        popup_minutes: (item.key.kind == ItemKind::Deadline && same_day).then_some(DEADLINE_POPUP_MINUTES),
        managed: ManagedFields {
            title: text::normal(&title(&item.body)).into_owned(),
            when,
            location: text::present(item.body.meeting_url.as_deref()),
            managed_text: managed_text(&item.body),
            source_url: item.body.url.clone(),
        },
    }
}

fn title(body: &ItemBody) -> String {
    match body.status {
        ItemStatus::Completed => format!("{COMPLETED_MARK}{}", body.title),
        ItemStatus::Active | ItemStatus::Cancelled => body.title.clone(),
    }
}

/// Our text in the description: the platform's words, then its links, a blank line between.
fn managed_text(body: &ItemBody) -> String {
    let parts = [&body.description, &body.meeting_url, &body.url];
    let parts = parts.into_iter().filter_map(|part| text::present(part.as_deref()));
    parts.collect::<Vec<_>>().join("\n\n")
}

fn when(kind: ItemKind, schedule: Schedule, deadline_as: DeadlineAs, zone: String) -> When {
    match schedule {
        Schedule::Between { starts_at, ends_at } => {
            When::Timed { start: whole_second(starts_at), end: whole_second(ends_at), zone }
        }
        Schedule::At { due_at, estimated_minutes } => {
            let (start, length) = (whole_second(due_at), SignedDuration::from_mins(estimated_minutes));
            When::Timed { start, end: start.saturating_add(length).unwrap_or(start), zone }
        }
        Schedule::On(day) if kind == ItemKind::Deadline && deadline_as == DeadlineAs::DayBeforeEvent => {
            When::AllDay { first: day.saturating_sub(1.day()), end: day }
        }
        Schedule::On(day) => When::AllDay { first: day, end: day.saturating_add(1.day()) },
    }
}

/// Google's events start at whole seconds: a fraction would come back as an edit.
fn whole_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

fn is_too_old(when: &When, context: RenderContext<'_>) -> bool {
    let oldest = context.now.to_zoned(TimeZone::UTC).date().saturating_sub(context.policy.past_days.days());
    let last: Date = match when {
        When::Timed { end, .. } => end.to_zoned(TimeZone::UTC).date(),
        When::AllDay { end, .. } => *end,
    };
    last < oldest
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::item::ItemKey;

    fn item(kind: ItemKind, mut body: Value) -> Item {
        let fields = body.as_object_mut().expect("an object");
        fields.entry("status").or_insert("active".into());
        let body = ItemBody::parse(kind, fields).expect("a good body");
        Item { key: ItemKey { kind, id: "x".into() }, body, revision: 1, deleted: false }
    }

    fn wanted(item: &Item, policy: &Policy) -> DesiredState {
        let now = "2031-03-01T00:00:00Z".parse().expect("a time");
        render(item, RenderContext { user_id: "ana", user_time_zone: Some("Asia/Seoul"), policy, now })
    }

    fn present(item: &Item, policy: &Policy) -> (ManagedFields, Option<i64>) {
        match wanted(item, policy) {
            DesiredState::Present { managed, popup_minutes, too_old: false } => (managed, popup_minutes),
            other => panic!("expected to be present: {other:?}"),
        }
    }

    #[test]
    fn a_session_has_its_link_in_location_and_description() {
        let item = item(
            ItemKind::Session,
            json!({"user_ids": ["ana"], "title": "Mentoring", "description": "Bring questions.",
            "starts_at": "2031-03-09T10:00:00+09:00", "ends_at": "2031-03-09T11:00:00+09:00",
            "meeting_url": "https://meet.example.org/x"}),
        );
        let (managed, _) = present(&item, &Policy::default());
        assert_eq!(managed.location.as_deref(), Some("https://meet.example.org/x"));
        assert_eq!(managed.managed_text, "Bring questions.\n\nhttps://meet.example.org/x");
        assert!(matches!(managed.when, When::Timed { zone, .. } if zone == "Asia/Seoul"));
    }

    #[test]
    fn a_task_starts_when_it_is_due_and_a_completed_one_is_marked() {
        let item = item(
            ItemKind::Task,
            json!({"user_ids": ["ana"], "title": "Read", "due_at": "2031-03-09T10:00:00Z", "status": "completed"}),
        );
        let (managed, _) = present(&item, &Policy::default());
        assert_eq!(managed.title, "✓ Read");
        let When::Timed { start, end, .. } = managed.when else { panic!("timed") };
        assert_eq!(end.duration_since(start), SignedDuration::from_mins(30));
        assert_eq!(start.to_string(), "2031-03-09T10:00:00Z");
    }

    #[test]
    fn a_deadline_is_announced_on_the_day_before_or_by_a_popup() {
        let item =
            item(ItemKind::Deadline, json!({"user_ids": ["ana"], "title": "Apply", "due_on": "2031-03-01"}));
        let (managed, popup) = present(&item, &Policy::default());
        let day = |text: &str| text.parse::<Date>().expect("a date");
        assert_eq!(managed.when, When::AllDay { first: day("2031-02-28"), end: day("2031-03-01") });
        assert_eq!(popup, None);
        let policy = Policy { deadline_as: DeadlineAs::SameDayReminder, ..Policy::default() };
        let (managed, popup) = present(&item, &policy);
        assert_eq!(managed.when, When::AllDay { first: day("2031-03-01"), end: day("2031-03-02") });
        assert_eq!(popup, Some(900));
    }

    #[test]
    fn what_is_called_off_not_addressed_turned_off_or_old_is_kept_out() {
        let body = json!({"user_ids": ["ana"], "title": "t", "due_on": "2031-03-09"});
        let mut gone = item(ItemKind::Task, body.clone());
        gone.deleted = true;
        assert_eq!(wanted(&gone, &Policy::default()), DesiredState::Absent(Reason::Cancelled));
        let mut others = item(ItemKind::Task, body.clone());
        others.body.user_ids = ["ben".to_owned()].into();
        assert_eq!(wanted(&others, &Policy::default()), DesiredState::Absent(Reason::NotAddressed));
        let off = Policy { disabled_kinds: [ItemKind::Task].into(), ..Policy::default() };
        assert_eq!(wanted(&item(ItemKind::Task, body), &off), DesiredState::Absent(Reason::KindOff));
        let old = item(ItemKind::Task, json!({"user_ids": ["ana"], "title": "t", "due_on": "2031-01-01"}));
        assert!(matches!(wanted(&old, &Policy::default()), DesiredState::Present { too_old: true, .. }));
    }
}
