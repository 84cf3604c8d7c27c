//! "Who wins" of the contract, field by field, against the sentence itself: a PUT is an edit only
//! of what differs from the PUT before; what a user changes and the rules accept stays until a PUT
//! changes that same field.

use calsync_core::item::ItemKind;
use calsync_core::managed::{Field, ManagedFields, When};
use calsync_core::merge::Verdict;
use calsync_core::plan::PlanStep;
use calsync_core::render::DesiredState;
use calsync_core::zone;
use proptest::prelude::*;
use serde_json::json;

use crate::convergence::{kinds, moved, user_moves};
use crate::service::{Fault, Service};

/// One round: both sides change some fields, then they meet; the answer may be lost, and the user
/// may change more before we ask again.
#[derive(Clone, Debug)]
struct Round {
    platform: Edits,
    user: Edits,
    fault: Fault,
    user_again: Edits,
    sends_the_same_again: bool,
}

#[derive(Clone, Debug, Default)]
struct Edits {
    title: Option<u8>,
    when: Option<u8>,
}

fn edits() -> impl Strategy<Value = Edits> {
    (prop::option::of(0..4_u8), prop::option::of(0..4_u8)).prop_map(|(title, when)| Edits { title, when })
}

fn rounds() -> impl Strategy<Value = Round> {
    let fault = prop_oneof![Just(Fault::None), Just(Fault::AnswerLost), Just(Fault::CrashAfter)];
    (edits(), edits(), fault, edits(), any::<bool>()).prop_map(
        |(platform, user, fault, user_again, sends_the_same_again)| Round {
            platform,
            user,
            fault,
            user_again,
            sends_the_same_again,
        },
    )
}

fn wanted(service: &Service) -> ManagedFields {
    match service.desired() {
        DesiredState::Present { managed, .. } => managed,
        DesiredState::Absent(reason) => panic!("it is wanted: {reason:?}"),
    }
}

fn seen(service: &Service) -> ManagedFields {
    let mut seen = service.google.live()[0].managed(String::new()).unwrap();
    if let When::Timed { zone, .. } = &mut seen.when {
        *zone = zone::primary(zone).unwrap();
    }
    seen
}

fn user_edits(service: &mut Service, edits: &Edits) {
    service.google.user_edits(0, |event| {
        if let Some(n) = edits.title {
            event.insert("summary".into(), format!("my title {n}").into());
        }
        if let Some(n) = edits.when {
            user_moves(event, n);
        }
    });
}

/// What the field should be once both sides met. `platform`: its wish before and now; `at_google`:
/// what both had agreed on, and what is there now.
fn winner<T: Clone + PartialEq>(kind: ItemKind, platform: [&T; 2], at_google: [&T; 2]) -> T {
    let [before, now] = platform;
    let [agreed, is] = at_google;
    let of = if before != now {
        now
    } else if kind == ItemKind::Task {
        is
    } else {
        agreed
    };
    of.clone()
}

fn expect(
    kind: ItemKind,
    before: &ManagedFields,
    now: &ManagedFields,
    agreed: &ManagedFields,
    is: &ManagedFields,
) -> ManagedFields {
    ManagedFields {
        title: winner(kind, [&before.title, &now.title], [&agreed.title, &is.title]),
        when: winner(kind, [&before.when, &now.when], [&agreed.when, &is.when]),
        ..now.clone()
    }
}

/// What the user made of the title or the times was kept in full where it is not there any more: `before` is what was at
/// Google, `after` is what is there now. Nothing else was, but what was there at the `earlier` time.
fn check_kept(service: &Service, [earlier, before]: [&ManagedFields; 2], after: &ManagedFields) {
    let is_lost = before.title.starts_with("my ") && before.title != after.title;
    let mut titles = service.kept.values().filter(|edit| edit.field == Field::Title);
    assert!(!is_lost || titles.any(|edit| edit.after == before.title), "{before:?}: {:#?}", service.kept);
    for edit in service.kept.values() {
        let was_there = [earlier, before].into_iter().any(|there| match edit.field {
            Field::When => {
                serde_json::from_value::<When>(edit.after.clone()).unwrap().is_same_time(&there.when)
            }
            field => edit.after == there.value(field),
        });
        assert!(was_there && edit.before.as_ref() != Some(&edit.after), "{edit:#?}");
    }
}

proptest! {
    #![proptest_config(crate::cases(1_500))]

    #[test]
    fn each_field_is_as_the_contract_says(kind in kinds(), rounds in prop::collection::vec(rounds(), 1..6)) {
        let mut service = Service::new(kind);
        service.settle();
        let (mut wish, mut agreed) = (wanted(&service), seen(&service));
        for round in rounds {
            if let Some(n) = round.platform.title {
                service.put(json!({ "title": format!("title {n}") }));
            }
            if let Some(n) = round.platform.when {
                service.put(moved(kind, n));
            }
            if round.sends_the_same_again {
                service.put(json!({}));
            }
            user_edits(&mut service, &round.user);
            let before = seen(&service);
            let mut expected = expect(kind, &wish, &wanted(&service), &agreed, &before);
            service.kept.clear();
            wish = wanted(&service);

            // As after a push: we know what the user did, and our one write may lose its answer.
            service.pull();
            service.pass(&mut [round.fault].into_iter());
            let after_the_write = seen(&service);
            prop_assert_eq!(&after_the_write, &expected);
            check_kept(&service, [&before, &before], &expected);
            user_edits(&mut service, &round.user_again);
            let (earlier, before) = (before, seen(&service));
            expected = expect(kind, &wish, &wish, &expected, &before);
            service.settle();
            service.pull();
            service.settle();
            prop_assert_eq!(&seen(&service), &expected);
            check_kept(&service, [&earlier, &before], &expected);
            agreed = expected;
        }
    }
}

#[test]
fn a_sessions_move_is_undone_and_a_tasks_move_accepted() {
    for (kind, verdict) in [(ItemKind::Session, Verdict::Undone), (ItemKind::Task, Verdict::Accepted)] {
        let mut service = Service::new(kind);
        service.settle();
        user_edits(&mut service, &Edits { title: None, when: Some(1) });
        service.pull();
        let told: Vec<_> =
            service.next_step().user_edits().iter().map(|user_edit| user_edit.verdict).collect();
        assert_eq!(told, [verdict]);
    }
}

#[test]
fn a_write_whose_answer_was_lost_is_nobodys_edit() {
    let mut service = Service::new(ItemKind::Task);
    service.settle();
    service.put(json!({"title": "title 1"}));
    assert!(!service.pass(&mut [Fault::AnswerLost].into_iter()));
    user_edits(&mut service, &Edits { title: None, when: Some(1) });
    service.put(json!({"title": "title 2"}));
    service.pass(&mut [Fault::None, Fault::AnswerLost].into_iter());
    service.pull();
    assert_eq!(seen(&service).title, "title 2");
    service.settle();
    let PlanStep::Done(..) = service.next_step() else { panic!("nothing is left") };
    let moved = seen(&service).when;
    assert_ne!(moved, wanted(&service).when, "the user's move stays");
}

#[test]
fn what_a_user_made_of_a_field_is_kept_in_full_before_it_is_lost() {
    let kept = |service: &mut Service| {
        service.kept.clear();
        service.pull();
        service.settle();
        let mut kept: Vec<_> =
            service.kept.values().map(|edit| (edit.before.clone(), edit.verdict)).collect();
        kept.sort_by_key(|(_, verdict)| *verdict);
        (kept, service.kept.values().map(|edit| edit.after.clone()).collect::<Vec<_>>())
    };
    let mut session = Service::new(ItemKind::Session);
    session.settle();
    for _ in 0..2 {
        user_edits(&mut session, &Edits { title: Some(1), when: None });
        let undone = (vec![(Some(json!("title 0")), Verdict::Undone)], vec![json!("my title 1")]);
        assert_eq!(kept(&mut session), undone, "also when it is made again");
    }
    let first = session.kept.clone();
    user_edits(&mut session, &Edits { title: Some(1), when: None });
    kept(&mut session);
    assert_ne!(first, session.kept, "each time it is another edit");

    user_edits(&mut session, &Edits { title: Some(2), when: None });
    session.pull();
    session.kept.clear();
    assert!(!session.pass(&mut [Fault::CrashBefore].into_iter()));
    assert_eq!(session.kept.len(), 1);
    session.google.user_edits(0, |event| drop(event.insert("colorId".into(), "7".into())));
    session.pull();
    session.settle();
    assert_eq!(session.kept.len(), 1, "a second look finds the same edit");

    let mut task = Service::new(ItemKind::Task);
    task.settle();
    user_edits(&mut task, &Edits { title: Some(1), when: None });
    assert_eq!(kept(&mut task), (vec![], vec![]), "it stands");
    task.put(json!({"title": "title 2"}));
    let overwritten = (vec![(None, Verdict::Overwritten)], vec![json!("my title 1")]);
    assert_eq!(kept(&mut task), overwritten, "until a PUT of that field");
    user_edits(&mut task, &Edits { title: Some(3), when: None });
    task.put(json!({"title": "title 4"}));
    let overwritten = (vec![(Some(json!("title 2")), Verdict::Overwritten)], vec![json!("my title 3")]);
    assert_eq!(kept(&mut task), overwritten);
}

#[test]
fn a_text_of_ours_that_a_user_edited_is_kept_with_all_that_is_around_it() {
    let mut session = Service::new(ItemKind::Session);
    session.put(json!({"description": "Bring all of your questions."}));
    session.settle();
    session.google.user_edits(0, |event| {
        event.insert("description".into(), "My note\nBring some of your questions.".into());
    });
    session.pull();
    session.settle();
    let kept: Vec<_> = session.kept.values().collect();
    assert_eq!((kept.len(), kept[0].field), (1, Field::ManagedText));
    assert_eq!(kept[0].before, Some(json!("Bring all of your questions.")));
    assert_eq!(kept[0].after, json!("My note\nBring some of your questions."));
}
