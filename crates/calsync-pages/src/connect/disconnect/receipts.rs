//! The receipts of a disconnect, in the user's words: what an admin reads in full, in a sentence each.

use calsync_engine::disconnect::{RemoteItems, Saga, SagaState, StepName, StepOutcome};

use crate::messages::Messages;

/// How a disconnect goes, or went.
pub(super) struct Receipts {
    pub(super) title: String,
    pub(super) tone: &'static str,
    pub(super) sentence: String,
    pub(super) is_running: bool,
    pub(super) lines: Vec<Line>,
}

/// One line of them.
pub(super) struct Line {
    pub(super) tone: &'static str,
    /// In a word, for who sees no colour.
    pub(super) word: String,
    pub(super) text: String,
}

/// The receipts of `saga`.
pub(super) fn receipts(saga: &Saga, messages: Messages) -> Receipts {
    let (title, tone, sentence) = match saga.state {
        SagaState::Running => (messages.being_disconnected_title(), "mute", messages.being_disconnected()),
        SagaState::Done => (messages.disconnected_title(), "good", messages.disconnected()),
        SagaState::DoneWithLeftovers => {
            (messages.disconnected_title(), "warn", messages.disconnected_with_leftovers())
        }
    };
    Receipts {
        title,
        tone,
        sentence,
        is_running: saga.state == SagaState::Running,
        lines: StepName::ALL.iter().filter_map(|name| line(saga, *name, messages)).collect(),
    }
}

fn line(saga: &Saga, name: StepName, messages: Messages) -> Option<Line> {
    let Some(step) = saga.step(name) else {
        let text = coming(saga, name, messages)?;
        return Some(Line { tone: "mute", word: messages.to_come(), text });
    };
    let text = ended(saga, name, step.outcome, messages)?;
    let (tone, word) = match step.outcome {
        StepOutcome::Done | StepOutcome::AlreadySo => ("good", messages.step_done()),
        StepOutcome::CouldNot => ("bad", messages.step_could_not()),
        StepOutcome::Skipped => ("mute", messages.step_skipped()),
    };
    Some(Line { tone, word, text })
}

/// What a step did; none where it means nothing to the user.
fn ended(saga: &Saga, name: StepName, outcome: StepOutcome, messages: Messages) -> Option<String> {
    let keeps = saga.remote_items == RemoteItems::Keep;
    Some(match (name, outcome) {
        (StepName::StopChannels, _) => return None,
        (StepName::Freeze, _) => messages.sync_stopped(),
        (StepName::RemoveItems, StepOutcome::CouldNot) if saga.removed == 0 => {
            messages.all_entries_are_left()
        }
        (StepName::RemoveItems, StepOutcome::CouldNot) => messages.entries_are_left(saga.removed),
        (StepName::RemoveItems, _) if keeps => messages.entries_stay(),
        (StepName::RemoveItems, StepOutcome::Done) => messages.entries_removed(),
        (StepName::RemoveItems, _) => messages.no_entries(),
        (StepName::Revoke, StepOutcome::Done | StepOutcome::AlreadySo) => messages.access_ended(),
        (StepName::Revoke, StepOutcome::Skipped) => messages.access_stays(),
        (StepName::Revoke | StepName::Verify, StepOutcome::CouldNot) => messages.access_unproven(),
        (StepName::Verify, _) => return None,
        (StepName::Wipe, _) => messages.our_copy_is_erased(),
    })
}

/// What a step will do.
fn coming(saga: &Saga, name: StepName, messages: Messages) -> Option<String> {
    match name {
        StepName::Freeze => Some(messages.sync_stops()),
        StepName::RemoveItems if saga.remote_items == RemoteItems::Keep => Some(messages.entries_stay()),
        StepName::RemoveItems => Some(messages.entries_are_removed(saga.removed)),
        StepName::Revoke => Some(messages.access_ends()),
        StepName::Wipe => Some(messages.our_copy_goes()),
        StepName::StopChannels | StepName::Verify => None,
    }
}
