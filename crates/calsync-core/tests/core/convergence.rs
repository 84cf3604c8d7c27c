//! Whatever both sides do, and whatever is lost on the way: when faults stop, both agree, with one
//! event at most, and nothing that is the user's was touched.

use calsync_core::item::ItemKind;
use calsync_core::plan::{Phase, Step};
use calsync_core::render::Want;
use calsync_core::sync_state::SyncState;
use proptest::prelude::*;
use serde_json::{Value, json};

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
    UserRemoves,
    Pull,
    Pass(Vec<Fault>),
}

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
        1 => Just(Event::UserRemoves),
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
    /// What the user added to the event with this id.
    of_event: String,
    colour: Value,
    guests: Value,
    notes: Vec<String>,
}

impl Story {
    fn new(kind: ItemKind) -> Self {
        Self {
            service: Service::new(kind),
            removal: Removal::No,
            of_event: String::new(),
            colour: Value::Null,
            guests: Value::Null,
            notes: Vec::new(),
        }
    }

    /// The user edits the live event; `theirs` is what they did to what is theirs alone.
    fn user(
        &mut self,
        edit: impl FnOnce(&mut serde_json::Map<String, Value>),
        theirs: impl FnOnce(&mut Self),
    ) {
        let Some(id) = self.service.google.user_edits(edit) else { return };
        if self.of_event != id {
            self.of_event = id;
            (self.colour, self.guests) = (Value::Null, Value::Null);
            self.notes.clear();
        }
        theirs(self);
    }

    fn describe(&mut self, change: impl FnOnce(&str) -> String, theirs: impl FnOnce(&mut Self)) {
        let edit = |event: &mut serde_json::Map<String, Value>| {
            let now = event.get("description").and_then(Value::as_str).unwrap_or_default();
            let changed = change(now);
            event.insert("description".into(), changed.into());
        };
        self.user(edit, theirs);
    }

    fn happens(&mut self, event: Event) {
        let kind = self.service.item.key.kind;
        match event {
            Event::PlatformTitles(n) => self.service.put(json!({ "title": format!("title {n}") })),
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
            Event::PlatformRestores if self.service.pair.phase == Phase::RemovedByUser => {
                self.service.pair.phase = Phase::RemovedByUs;
                self.removal = Removal::No;
            }
            Event::UserTitles(n) => {
                self.user(
                    |event| drop(event.insert("summary".into(), format!("my title {n}").into())),
                    |_| {},
                );
            }
            Event::UserMoves(n) => self.user(|event| user_moves(event, n), |_| {}),
            Event::UserRemoves => self.user_removes(),
            Event::Pull => self.service.pull(),
            Event::Pass(faults) => drop(self.service.pass(&mut faults.into_iter())),
            other => self.user_adds(&other),
        }
    }

    /// Edits of what is the user's alone, and of our block.
    fn user_adds(&mut self, event: &Event) {
        match event {
            Event::UserColours(n) => {
                let colour = json!(n.to_string());
                let edit =
                    |event: &mut serde_json::Map<_, _>| drop(event.insert("colorId".into(), colour.clone()));
                self.user(edit, |story| story.colour = colour.clone());
            }
            Event::UserInvites(n) => {
                let guest = |i| json!({"email": format!("guest{i}@example.org")});
                let guests: Value = (0..=*n).map(guest).collect();
                let edit = |event: &mut serde_json::Map<_, _>| {
                    event.insert("attendees".into(), guests.clone());
                };
                self.user(edit, |story| story.guests = guests.clone());
            }
            Event::UserNotesAbove(n) => {
                let note = format!("my note {n} above");
                self.describe(|now| format!("{note}\n{now}"), |story| story.notes.insert(0, note.clone()));
            }
            Event::UserNotesBelow(n) => {
                let note = format!("my note {n} below");
                self.describe(|now| format!("{now}\n{note}"), |story| story.notes.push(note.clone()));
            }
            // Of a block that was reworded before we ever saw it nobody can tell where it ended.
            Event::UserRewordsTheBlock if self.knows_the_block() => {
                self.describe(|now| now.replacen("plan", "plot", 1), |_| {});
            }
            _ => {}
        }
    }

    fn knows_the_block(&self) -> bool {
        let known = self.service.pair.base.as_ref().map(|base| base.agreed.block.as_str());
        let live = self.service.google.live();
        known.is_some_and(|block| live.first().is_some_and(|event| event.description().contains(block)))
    }

    fn user_removes(&mut self) {
        let will_go = !self.service.is_wanted() || self.service.pair.phase == Phase::Removing;
        if self.service.google.user_removes().is_some() {
            self.removal = if will_go { Removal::Unclear } else { Removal::ByUser };
            self.service.delete_was_unclear = false;
        }
    }

    fn check(&self, state: SyncState) {
        let live = self.service.google.live();
        assert!(live.len() <= 1, "doubled: {live:#?}");
        let removal = match self.removal {
            Removal::ByUser if self.service.delete_was_unclear => Removal::Unclear,
            removal => removal,
        };
        match (self.service.want(), removal) {
            (Want::Absent(_), _) => assert_eq!((live.len(), state), (0, SyncState::Removed)),
            (Want::Present { .. }, Removal::ByUser) => {
                assert_eq!((live.len(), state), (0, SyncState::RemovedByUser), "resurrected");
            }
            (Want::Present { .. }, Removal::No) => assert_eq!((live.len(), state), (1, SyncState::Synced)),
            (Want::Present { .. }, Removal::Unclear) => {}
        }
        let Some(event) = live.first() else { return };
        if self.service.item.key.kind != ItemKind::Task {
            self.check_platforms_fields(event);
        }
        if event.id() == self.of_event {
            assert_eq!(event.0.get("colorId").unwrap_or(&Value::Null), &self.colour);
            assert_eq!(event.0.get("attendees").unwrap_or(&Value::Null), &self.guests);
            let lines = event.description().split('\n');
            let notes: Vec<&str> = lines.filter(|line| line.starts_with("my note")).collect();
            assert_eq!(notes, self.notes, "in {:?}", event.description());
        }
    }

    /// Where users' edits aren't accepted, the platform's fields are the platform's.
    fn check_platforms_fields(&self, event: &calsync_core::remote::RemoteEvent) {
        let Want::Present { owned, .. } = self.service.want() else { return };
        assert_eq!(event.owned(owned.block.clone()).as_ref(), Some(&owned));
        let description = format!("\n{}\n", event.description());
        assert!(
            description.contains(&format!("\n{}\n", owned.block)) || owned.block.is_empty(),
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
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn when_faults_stop_both_sides_agree(kind in kinds(), events in prop::collection::vec(events(), 0..30)) {
        let mut story = Story::new(kind);
        for event in events {
            story.happens(event);
            prop_assert!(story.service.google.live().len() <= 1, "doubled on the way");
        }
        story.service.settle();
        story.service.pull();
        let state = story.service.settle();
        story.check(state);

        let (google, pair) = (story.service.google.clone(), story.service.pair.clone());
        story.service.pull();
        prop_assert!(matches!(story.service.next_step(), Step::Settle(..)), "an echo is nothing to do");
        story.service.settle();
        prop_assert_eq!(&story.service.google, &google, "a second time does nothing");
        prop_assert_eq!(&story.service.pair.phase, &pair.phase);
    }
}

#[test]
fn a_removal_that_google_forgot_is_the_users_also_where_we_never_heard_of_our_insert() {
    let mut service = Service::new(ItemKind::Task);
    assert!(!service.pass(&mut [Fault::CrashAfter].into_iter()));
    assert_eq!(service.settle(), SyncState::Synced);
    service.google.user_removes();
    service.google.forgets_removed();
    service.pull();
    assert_eq!(service.settle(), SyncState::RemovedByUser);
    assert_eq!(service.google.live().len(), 0);
}
