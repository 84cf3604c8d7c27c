//! Whatever both sides do, and whatever is lost on the way: when faults stop, both agree, with one
//! event at most, and nothing that is the user's was touched.

use std::collections::BTreeSet;

use calsync_core::item::ItemKind;
use calsync_core::plan::{EventState, PlanStep};
use calsync_core::remote::RemoteEvent;
use calsync_core::render::DesiredState;
use calsync_core::sync_state::SyncState;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::google::Key;
use crate::service::{Fault, Service};

#[derive(Clone, Debug)]
enum Event {
    PlatformTitles(u8),
    PlatformMoves(u8),
    PlatformDescribes(u8),
    PlatformCancels,
    PlatformCallsOn,
    PlatformAddresses(bool),
    PlatformDeletes,
    PlatformRestores,
    UserTitles(u8),
    UserMoves(u8),
    UserColours(u8),
    UserInvites(u8),
    UserNotesAbove(u8),
    UserNotesBelow(u8),
    UserRewordsTheBlock,
    UserRemoves(u8),
    UserChoosesCalendar(u8),
    UserRemovesCalendar(u8),
    CalendarBecomesReadOnly(u8),
    Pull,
    Pass(Vec<Fault>),
}

const CALENDARS: [&str; 3] = ["calendar", "work", "team"];

fn events() -> impl Strategy<Value = Event> {
    let fault = prop_oneof![
        4 => Just(Fault::None),
        1 => Just(Fault::AnswerLost),
        1 => Just(Fault::Refused),
        1 => Just(Fault::CrashBefore),
        1 => Just(Fault::CrashAfter),
    ];
    prop_oneof![
        2 => (0..5_u8).prop_map(Event::PlatformTitles),
        2 => (0..5_u8).prop_map(Event::PlatformMoves),
        2 => (0..5_u8).prop_map(Event::PlatformDescribes),
        1 => Just(Event::PlatformCancels),
        2 => Just(Event::PlatformCallsOn),
        1 => any::<bool>().prop_map(Event::PlatformAddresses),
        1 => Just(Event::PlatformDeletes),
        1 => Just(Event::PlatformRestores),
        1 => (0..5_u8).prop_map(Event::UserTitles),
        1 => (0..5_u8).prop_map(Event::UserMoves),
        1 => (0..5_u8).prop_map(Event::UserColours),
        1 => (0..5_u8).prop_map(Event::UserInvites),
        1 => (0..5_u8).prop_map(Event::UserNotesAbove),
        1 => (0..5_u8).prop_map(Event::UserNotesBelow),
        1 => Just(Event::UserRewordsTheBlock),
        1 => (0..2_u8).prop_map(Event::UserRemoves),
        3 => (0..3_u8).prop_map(Event::UserChoosesCalendar),
        1 => prop_oneof![
            (0..3_u8).prop_map(Event::UserRemovesCalendar),
            (0..3_u8).prop_map(Event::CalendarBecomesReadOnly),
        ],
        2 => Just(Event::Pull),
        8 => prop::collection::vec(fault, 0..6).prop_map(Event::Pass),
    ]
}

pub(crate) fn kinds() -> impl Strategy<Value = ItemKind> {
    prop_oneof![Just(ItemKind::Session), Just(ItemKind::Task), Just(ItemKind::Deadline)]
}

/// What is known of whether the user wants the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Removal {
    No,
    ByUser,
    /// They removed it while it was to go anyway.
    Unclear,
}

struct Story {
    service: Service,
    removal: Removal,
    /// What the user added to the event here, and to the copies that were made of it.
    of_event: Option<Key>,
    colour: Value,
    guests: Value,
    notes: Vec<String>,
    /// How many notes they wrote.
    written: usize,
    /// Whether they edited both of two that they saw: then either edit may be the last.
    edited: BTreeSet<Key>,
    edited_both: bool,
    /// Whether something that we may never have seen went with an event or its calendar.
    lost_sight: bool,
}

impl Story {
    fn new(kind: ItemKind) -> Self {
        Self {
            service: Service::new(kind),
            removal: Removal::No,
            of_event: None,
            colour: Value::Null,
            guests: Value::Null,
            notes: Vec::new(),
            written: 0,
            edited: BTreeSet::new(),
            edited_both: false,
            lost_sight: false,
        }
    }

    /// The event that `key` was first made as, before all moves.
    fn origin(&self, mut key: Key) -> Key {
        while let Some(from) = self.service.copies.get(&key) {
            key.clone_from(from);
        }
        key
    }

    /// The user edits a live event; `theirs` is what they did to what is theirs alone.
    fn user(
        &mut self,
        nth: u8,
        edit: impl FnOnce(&mut serde_json::Map<String, Value>),
        theirs: impl FnOnce(&mut Self),
    ) {
        if self.live().len() < 2 {
            self.edited.clear();
        }
        let Some(key) = self.service.google.user_edits(nth.into(), edit) else { return };
        if self.service.google.is_closed(&key.0) || self.service.given_up.contains(&key) {
            // It stays there, where we can't follow.
            self.lost_sight = true;
            return;
        }
        if self.removal == Removal::ByUser {
            // They removed one of two and work on with the other.
            self.removal = Removal::Unclear;
        }
        let origin = Some(self.origin(key.clone()));
        if self.of_event != origin {
            self.of_event = origin;
            (self.colour, self.guests) = (Value::Null, Value::Null);
            self.notes.clear();
            self.edited.clear();
            (self.edited_both, self.lost_sight) = (false, false);
        }
        self.edited.insert(key);
        self.edited_both |= self.edited.len() > 1;
        theirs(self);
    }

    /// Live events but for those that were given up.
    fn live(&self) -> Vec<(Key, RemoteEvent)> {
        let live = self.service.google.live_at().into_iter();
        live.filter(|(key, _)| !self.service.given_up.contains(*key))
            .map(|(key, event)| (key.clone(), event.clone()))
            .collect()
    }

    fn describe(&mut self, nth: u8, change: impl FnOnce(&str) -> String, theirs: impl FnOnce(&mut Self)) {
        let edit = |event: &mut serde_json::Map<String, Value>| {
            let now = event.get("description").and_then(Value::as_str).unwrap_or_default();
            let changed = change(now);
            event.insert("description".into(), changed.into());
        };
        self.user(nth, edit, theirs);
    }

    fn happens(&mut self, event: Event) {
        // See `what_is_called_back_in_the_middle_of_a_move_may_lose_a_colour`.
        self.lost_sight |= self.service.mapping.previous.is_some() && !self.service.is_wanted();
        let kind = self.service.item.key.kind;
        match event {
            Event::PlatformTitles(n) => self.service.put(json!({ "title": format!(" title {n}  ") })),
            Event::PlatformMoves(n) => self.service.put(moved(kind, n)),
            Event::PlatformDescribes(n) => self.service.put(described(kind, n)),
            Event::PlatformCancels => self.service.put(json!({"status": "cancelled"})),
            Event::PlatformCallsOn => self.service.put(json!({"status": "active"})),
            Event::PlatformAddresses(ana) => {
                self.service.put(json!({"user_ids": [if ana { "ana" } else { "ben" }]}));
            }
            Event::PlatformDeletes => {
                self.service.delete();
                self.removal = Removal::No;
            }
            Event::PlatformRestores if self.service.mapping.event_state == EventState::DeletedByUser => {
                self.service.mapping.event_state = EventState::Deleted;
                self.removal = Removal::No;
            }
            Event::UserTitles(n) => {
                self.user(
                    n,
                    |event| drop(event.insert("summary".into(), format!("my title {n}").into())),
                    |_| {},
                );
            }
            Event::UserMoves(n) => self.user(n, |event| user_moves(event, n), |_| {}),
            Event::UserRemoves(n) => self.user_removes(n),
            Event::UserChoosesCalendar(n) => {
                let chosen = CALENDARS[usize::from(n)];
                if !self.service.google.is_closed(chosen) {
                    self.service.target = chosen.into();
                }
            }
            Event::UserRemovesCalendar(n) => self.closes(CALENDARS[usize::from(n)], true),
            Event::CalendarBecomesReadOnly(n) => self.closes(CALENDARS[usize::from(n)], false),
            Event::Pull => self.service.pull(),
            Event::Pass(faults) => drop(self.service.pass(&mut faults.into_iter())),
            other => self.user_adds(&other),
        }
    }

    /// Edits of what is the user's alone, and of our text.
    fn user_adds(&mut self, event: &Event) {
        match event {
            Event::UserColours(n) => {
                let colour = json!(n.to_string());
                let edit =
                    |event: &mut serde_json::Map<_, _>| drop(event.insert("colorId".into(), colour.clone()));
                self.user(*n, edit, |story| story.colour = colour.clone());
            }
            Event::UserInvites(n) => {
                let guest = |i| json!({"email": format!("guest{i}@example.org")});
                let guests: Value = (0..=*n).map(guest).collect();
                let edit = |event: &mut serde_json::Map<_, _>| {
                    event.insert("attendees".into(), guests.clone());
                };
                self.user(*n, edit, |story| story.guests = guests.clone());
            }
            Event::UserNotesAbove(n) => {
                let note = self.note(*n, "above");
                self.describe(
                    *n,
                    |now| format!("{note}\n{now}"),
                    |story| story.notes.insert(0, note.clone()),
                );
            }
            Event::UserNotesBelow(n) => {
                let note = self.note(*n, "below");
                self.describe(*n, |now| format!("{now}\n{note}"), |story| story.notes.push(note.clone()));
            }
            // Of a block that was reworded before we ever saw it nobody can tell where it ended.
            Event::UserRewordsTheBlock if self.knows_the_block() => {
                self.describe(0, |now| now.replacen("plan", "plot", 1), |_| {});
            }
            _ => {}
        }
    }

    fn note(&mut self, n: u8, place: &str) -> String {
        self.written += 1;
        format!("my note {}.{n} {place}", self.written)
    }

    fn knows_the_block(&self) -> bool {
        let known = self.service.mapping.event_state.copy().and_then(|copy| copy.base.as_ref());
        let known = known.map(|base| base.agreed.managed_text.as_str());
        let live = self.service.google.live();
        known.is_some_and(|managed_text| {
            live.len() == 1 && live.first().is_some_and(|event| event.description().contains(managed_text))
        })
    }

    /// A calendar that isn't the target goes, or is closed to us. Nobody can tell any more who
    /// removed what was there.
    fn closes(&mut self, calendar: &str, is_removed: bool) {
        if self.service.target == calendar {
            return;
        }
        if self.removal == Removal::ByUser || self.lost_sight {
            self.removal = Removal::Unclear;
        }
        self.lost_sight |= self.live().iter().any(|(key, _)| key.0 == calendar);
        match is_removed {
            true => self.service.google.user_removes_calendar(calendar),
            false => drop(self.service.google.read_only.insert(calendar.into())),
        }
    }

    fn is_shown_in_part(&self, key: &Key) -> bool {
        self.service.google.get(key).is_some_and(|event| event.is_incomplete())
    }

    fn user_removes(&mut self, nth: u8) {
        let is_kept = matches!(
            self.service.mapping.event_state,
            EventState::Unconfirmed { .. } | EventState::Present { .. } | EventState::Unreachable { .. }
        );
        let will_go = !self.service.is_wanted() || !is_kept;
        let here = self.service.here();
        let others = self.live().len() > 1;
        // The old one of two may be the one that stays.
        let will_go = will_go || self.service.google.read_only.contains(&here.clone().unwrap_or_default().0);
        let will_go = will_go || others && self.live().iter().any(|(key, _)| self.is_shown_in_part(key));
        let Some(key) = self.service.google.user_removes(nth.into()) else { return };
        let is_old = here.as_ref() != Some(&key);
        // Whoever removes the old one of two keeps the new one. If that went with its calendar, nobody can tell any
        // more which of the two went first.
        let keeps_another = others && is_old;
        self.lost_sight |= keeps_another;
        if !keeps_another && !self.service.given_up.contains(&key) {
            self.removal = if will_go || is_old { Removal::Unclear } else { Removal::ByUser };
        }
    }

    fn check(&self, state: SyncState) {
        let live = self.live();
        assert!(live.len() <= 1, "doubled: {live:#?}");
        match (self.service.desired(), self.removal) {
            (DesiredState::Absent(_), _) => assert_eq!((live.len(), state), (0, SyncState::Removed)),
            (DesiredState::Present { .. }, Removal::ByUser) => {
                assert_eq!((live.len(), state), (0, SyncState::RemovedByUser), "resurrected");
            }
            (DesiredState::Present { .. }, Removal::No) => {
                assert_eq!((live.len(), state), (1, SyncState::Synced));
            }
            (DesiredState::Present { .. }, Removal::Unclear) => {}
        }
        let Some((key, event)) = live.first() else { return };
        assert!(
            key.0 == self.service.target || self.is_shown_in_part(key),
            "{} is still in {}",
            key.1,
            key.0
        );
        if self.service.item.key.kind != ItemKind::Task {
            self.check_platforms_fields(event);
        }
        let is_of = |key: &Key| Some(self.origin(key.clone())) == self.of_event;
        let is_theirs = is_of(key) && !self.service.given_up.iter().any(is_of);
        if is_theirs && self.removal == Removal::No && !self.lost_sight {
            self.check_users_fields(event);
        }
    }

    fn check_users_fields(&self, event: &RemoteEvent) {
        let lines = event.description().split('\n');
        let mut notes: Vec<&str> = lines.filter(|line| line.starts_with("my note")).collect();
        let mut expected: Vec<&str> = self.notes.iter().map(String::as_str).collect();
        if self.edited_both {
            notes.sort_unstable();
            notes.dedup();
            expected.sort_unstable();
            expected.dedup();
        } else {
            assert_eq!(event.0.get("colorId").unwrap_or(&Value::Null), &self.colour);
            assert_eq!(event.0.get("attendees").unwrap_or(&Value::Null), &self.guests);
        }
        assert_eq!(notes, expected, "in {:?}", event.description());
    }

    /// Where users' edits aren't accepted, the platform's fields are the platform's.
    fn check_platforms_fields(&self, event: &RemoteEvent) {
        let DesiredState::Present { managed, .. } = self.service.desired() else { return };
        let seen = event.managed(managed.managed_text.clone());
        assert!(seen.as_ref().is_some_and(|seen| seen.agrees(&managed)), "{seen:?} is not {managed:?}");
        let description = format!("\n{}\n", event.description());
        assert!(
            description.contains(&format!("\n{}\n", managed.managed_text)) || managed.managed_text.is_empty(),
            "{description}"
        );
    }
}

pub(crate) fn moved(kind: ItemKind, n: u8) -> Value {
    let day = 10 + n;
    match kind {
        ItemKind::Session => json!({"starts_at": format!("2031-03-{day}T10:00:00Z"),
            "ends_at": format!("2031-03-{day}T11:00:00Z")}),
        ItemKind::Task if n.is_multiple_of(2) => {
            json!({"due_at": null, "estimated_minutes": null, "due_on": format!("2031-03-{day}")})
        }
        ItemKind::Task => json!({"due_at": format!("2031-03-{day}T10:00:00Z"), "due_on": null}),
        ItemKind::Deadline => json!({ "due_on": format!("2031-03-{day}") }),
    }
}

fn described(kind: ItemKind, n: u8) -> Value {
    let description = match n {
        0 => Value::Null,
        1 => json!("the plan of one line"),
        n => json!(format!("plan {n}, its first line\n\nplan {n}, its last line")),
    };
    let link = if n.is_multiple_of(2) { Value::Null } else { json!(format!("https://meet.example.org/{n}")) };
    match kind {
        ItemKind::Session => json!({"description": description, "meeting_url": link}),
        ItemKind::Task | ItemKind::Deadline => json!({"description": description, "url": link}),
    }
}

pub(crate) fn user_moves(event: &mut serde_json::Map<String, Value>, n: u8) {
    let day = 20 + n;
    event.insert(
        "start".into(),
        json!({"dateTime": format!("2031-03-{day}T09:00:00+09:00"), "timeZone": "Asia/Seoul"}),
    );
    event.insert(
        "end".into(),
        json!({"dateTime": format!("2031-03-{day}T10:00:00+09:00"), "timeZone": "Asia/Seoul"}),
    );
}

proptest! {
    #![proptest_config(crate::cases(4_000))]

    #[test]
    fn when_faults_stop_both_sides_agree(kind in kinds(), events in prop::collection::vec(events(), 0..30)) {
        agree(kind, events)?;
    }
}

/// Lets `events` happen, then faults stop: both sides agree.
fn agree(kind: ItemKind, events: impl IntoIterator<Item = Event>) -> Result<(), TestCaseError> {
    let mut story = Story::new(kind);
    for event in events {
        story.happens(event);
        let live = story.live();
        let is_moving = story.service.mapping.previous.is_some();
        prop_assert!(live.len() <= if is_moving { 2 } else { 1 }, "doubled on the way");
    }
    story.service.settle();
    story.service.pull();
    let state = story.service.settle();
    story.check(state);

    let (google, mapping) = (story.service.google.clone(), story.service.mapping.clone());
    story.service.pull();
    prop_assert!(matches!(story.service.next_step(), PlanStep::Done(..)), "an echo is nothing to do");
    story.service.settle();
    prop_assert_eq!(&story.service.google, &google, "a second time does nothing");
    prop_assert_eq!(&story.service.mapping.event_state, &mapping.event_state);
    Ok(())
}

#[test]
fn an_item_that_stays_at_its_old_place_has_its_text_once() {
    let events = [
        Event::Pass(Vec::new()),
        Event::UserNotesAbove(0),
        Event::PlatformDescribes(1),
        Event::Pull,
        Event::UserNotesAbove(0),
        Event::UserChoosesCalendar(1),
        Event::UserInvites(2),
    ];
    for kind in ItemKind::ALL {
        agree(kind, events.clone()).unwrap();
    }
}

/// The old event of two is removed after the new one went with its calendar, or before: it can't be told, and an event
/// too many is removed again, while one too few is missed.
#[test]
fn what_is_removed_where_a_move_left_it_comes_back_if_the_new_calendar_is_gone() {
    let refused = [Fault::None, Fault::None, Fault::None, Fault::None, Fault::Refused];
    let events = [
        Event::Pass(Vec::new()),
        Event::UserChoosesCalendar(2),
        Event::UserTitles(0),
        Event::Pass(refused.to_vec()),
        Event::UserChoosesCalendar(0),
        Event::UserRemovesCalendar(2),
        Event::UserRemoves(0),
    ];
    for kind in ItemKind::ALL {
        agree(kind, events.clone()).unwrap();
    }
}

/// Expected to fail until it is mended: the old event goes first, with what its user did to it, and then the
/// item is wanted again while the new one is still there. This test fails once that is mended: then it goes,
/// and so does what `Story::happens` says of it.
#[test]
fn what_is_called_back_in_the_middle_of_a_move_may_lose_a_colour() {
    let mut service = Service::new(ItemKind::Session);
    service.settle();
    service.target = CALENDARS[1].into();
    service.pass(&mut [Fault::None, Fault::Refused].into_iter());
    service.google.user_edits(0, |event| drop(event.insert("colorId".into(), "5".into())));
    service.put(json!({"user_ids": ["ben"]}));
    service.pass(&mut [Fault::None, Fault::None, Fault::None, Fault::Refused].into_iter());
    service.put(json!({"user_ids": ["ana"]}));
    service.settle();
    let colours: Vec<_> = service.google.live().iter().map(|event| event.0.get("colorId").cloned()).collect();
    assert_eq!(colours, [None], "the colour is lost");
}

#[test]
fn a_write_whose_answer_was_lost_is_no_users_edit_in_a_move() {
    for (kind, field, value) in [
        (ItemKind::Task, "title", json!("Other")),
        (ItemKind::Session, "title", json!("Other")),
        (ItemKind::Session, "meeting_url", json!("https://meet.example.org/other")),
    ] {
        let mut service = Service::new(kind);
        service.settle();
        let before = service.google.live()[0].clone();
        let body = serde_json::to_value(&service.item.body).unwrap();
        service.put(json!({field: value}));
        assert!(!service.pass(&mut [Fault::CrashAfter].into_iter()));
        service.put(json!({field: body[field]}));
        service.target = CALENDARS[1].into();
        assert_eq!(service.settle(), SyncState::Synced);
        for key in ["summary", "location"] {
            let found: Vec<_> = service.google.live().iter().map(|event| event.0.get(key).cloned()).collect();
            assert_eq!(found, [before.0.get(key).cloned()], "{kind:?} {field}: {key}");
        }
    }
}

#[test]
fn a_note_above_a_reworded_text_outlives_a_move() {
    let events = [
        Event::PlatformDescribes(1),
        Event::Pass(Vec::new()),
        Event::UserRewordsTheBlock,
        Event::PlatformDescribes(3),
        Event::UserChoosesCalendar(1),
        Event::UserNotesBelow(0),
        Event::Pull,
        Event::UserNotesAbove(0),
    ];
    for kind in ItemKind::ALL {
        agree(kind, events.clone()).unwrap();
    }
}

#[test]
fn a_removal_that_google_forgot_is_the_users_also_where_we_never_heard_of_our_insert() {
    let mut service = Service::new(ItemKind::Task);
    assert!(!service.pass(&mut [Fault::CrashAfter].into_iter()));
    assert_eq!(service.settle(), SyncState::Synced);
    service.google.user_removes(0);
    service.google.forgets_removed();
    service.pull();
    assert_eq!(service.settle(), SyncState::RemovedByUser);
    assert_eq!(service.google.live().len(), 0);
}

#[test]
fn a_move_that_nobody_is_in_the_way_of_looks_at_nothing() {
    let mut service = Service::new(ItemKind::Session);
    service.settle();
    service.target = CALENDARS[1].into();
    for _ in 0..2 {
        let step = service.next_step();
        assert!(matches!(step, PlanStep::Insert { .. } | PlanStep::DeletePrevious { .. }), "{step:?}");
        service.pass(&mut [Fault::None, Fault::Refused].into_iter());
    }
    assert!(matches!(service.next_step(), PlanStep::Done(..)));
}
