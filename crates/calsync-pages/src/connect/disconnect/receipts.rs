//! The receipts of a disconnect, in the user's words: what an admin reads in full, in a sentence each.

use calsync_engine::disconnect::{RemoteItems, Saga, SagaState, StepName, StepOutcome};

use crate::messages::{Messages, messages};

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

messages! {
    being_disconnected_title() {
        "Google Calendar is being disconnected"
        "Google カレンダーの接続を解除しています"
        "Google 캘린더 연결을 해제하고 있습니다"
    }
    being_disconnected() {
        "This goes on by itself; you can close this page."
        "処理は自動的に続きます。このページを閉じてもかまいません。"
        "자동으로 계속되므로 이 페이지를 닫아도 됩니다."
    }
    disconnected_title() {
        "Google Calendar is disconnected"
        "Google カレンダーの接続を解除しました"
        "Google 캘린더 연결을 해제했습니다"
    }
    disconnected() {
        "Everything was done. You can connect again at any time."
        "すべて完了しました。いつでも再接続できます。"
        "모두 완료되었습니다. 언제든지 다시 연결할 수 있습니다."
    }
    disconnected_with_leftovers() {
        "The connection is over, but something could not be done; see below."
        "接続は解除されましたが、完了できなかった処理があります。下記をご確認ください。"
        "연결은 해제되었지만 완료하지 못한 작업이 있습니다. 아래를 확인해 주세요."
    }
    to_come() { "To come" "未実行" "예정" }
    step_done() { "Done" "完了" "완료" }
    step_could_not() { "Not done" "未完了" "미완료" }
    step_skipped() { "Not needed" "不要" "해당 없음" }
    sync_stops() { "Sync stops." "同期を停止します。" "동기화를 중단합니다." }
    sync_stopped() { "Sync has stopped." "同期を停止しました。" "동기화를 중단했습니다." }
    entries_are_removed(count: i64) {
        "Your entries are being removed from your calendar; removed so far: {count}."
        "カレンダーから予定を削除します（現在 {count} 件）。"
        "캘린더에서 일정을 삭제합니다(현재 {count}건)."
    }
    entries_removed() {
        "Your entries were removed from your calendar."
        "カレンダーから予定を削除しました。"
        "캘린더에서 일정을 삭제했습니다."
    }
    entries_stay() {
        "Your entries stay in your calendar."
        "予定はカレンダーに残ります。"
        "일정은 캘린더에 남습니다."
    }
    no_entries() {
        "Nothing of ours was in your calendar."
        "削除する予定はありませんでした。"
        "삭제할 일정이 없었습니다."
    }
    all_entries_are_left() {
        "Google did not let us remove your entries. You can delete them in Google Calendar yourself, or ask the support for a clean-up link."
        "Google の制限により、予定を削除できませんでした。Google カレンダーで削除するか、サポートにクリーンアップ用のリンクを依頼してください。"
        "Google에서 허용하지 않아 일정을 삭제하지 못했습니다. Google 캘린더에서 직접 삭제하거나 고객 지원에 정리 링크를 요청해 주세요."
    }
    entries_are_left(count: i64) {
        "Google let us remove only {count} of the entries. You can delete the rest in Google Calendar yourself, or ask the support for a clean-up link."
        "Google の制限により、すべての予定は削除できませんでした（削除済み {count} 件）。残りは Google カレンダーで削除するか、サポートにクリーンアップ用のリンクを依頼してください。"
        "Google에서 허용하지 않아 모든 일정을 삭제하지 못했습니다({count}건 삭제). 나머지는 Google 캘린더에서 직접 삭제하거나 고객 지원에 정리 링크를 요청해 주세요."
    }
    access_ends() {
        "Our access at Google ends."
        "Google へのアクセスを終了します。"
        "Google 접근을 종료합니다."
    }
    access_ended() {
        "Our access at Google has ended."
        "Google へのアクセスを終了しました。"
        "Google 접근을 종료했습니다."
    }
    access_stays() {
        "Our app stays listed in your Google account, since something else still needs it. Nothing of this connection is used any more."
        "ほかの接続で必要なため、アプリは Google アカウントに残ります。この接続のアクセスは今後使われません。"
        "다른 연결에 필요하므로 앱은 Google 계정에 남습니다. 이 연결의 접근은 더 이상 사용되지 않습니다."
    }
    access_unproven() {
        "Google has not confirmed that our access ended. You can end it yourself in your Google account, under “Third-party apps”."
        "アクセスの終了を Google で確認できませんでした。Google アカウントの「サードパーティ製のアプリ」からご自身で終了できます。"
        "접근이 종료되었는지 Google에서 확인되지 않았습니다. Google 계정의 '서드 파티 앱'에서 직접 종료할 수 있습니다."
    }
    our_copy_goes() {
        "The stored tokens are deleted."
        "保存しているアクセス情報を消去します。"
        "저장된 접근 정보를 삭제합니다."
    }
    our_copy_is_erased() {
        "The stored tokens are deleted, and nothing syncs any more."
        "保存していたアクセス情報を消去しました。今後は同期されません。"
        "저장된 접근 정보를 삭제했습니다. 더 이상 동기화되지 않습니다."
    }
}
