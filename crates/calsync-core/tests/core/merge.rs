//! "Who wins" of the contract, field by field, against the sentence itself: a PUT is an edit only
//! of what differs from the PUT before; what a user changes and the rules accept stays until a PUT
//! changes that same field.

use calsync_core::item::ItemKind;
use calsync_core::managed::{ManagedFields, When};
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
            let mut expected = expect(kind, &wish, &wanted(&service), &agreed, &seen(&service));
            wish = wanted(&service);

            // As after a push: we know what the user did, and our one write may lose its answer.
            service.pull();
            service.pass(&mut [round.fault].into_iter());
            let after_the_write = seen(&service);
            prop_assert_eq!(&after_the_write, &expected);
            user_edits(&mut service, &round.user_again);
            expected = expect(kind, &wish, &wish, &expected, &seen(&service));
            service.settle();
            service.pull();
            service.settle();
            prop_assert_eq!(&seen(&service), &expected);
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
        let PlanStep::Update { merged, .. } = service.next_step() else {
            panic!("there is something to write")
        };
        let told: Vec<_> = merged.users_edits.iter().map(|(_, verdict)| *verdict).collect();
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
