//! What the end of a connection says: before, in its receipts, and afterwards.

use crate::messages::messages;

messages! {
    disconnect_title() {
        "Disconnect Google Calendar"
        "Google カレンダーの接続を解除"
        "Google 캘린더 연결 해제"
    }
    what_will_happen() { "What will happen" "実行される内容" "실행되는 내용" }
    sync_will_stop() {
        "Sync stops at once."
        "同期をすぐに停止します。"
        "동기화를 즉시 중단합니다."
    }
    waiting_is_dropped(count: &i64) {
        "Changes that are still waiting are not written any more: {count}."
        "待機中の変更（{count} 件）は反映されません。"
        "대기 중인 변경({count}건)은 더 이상 기록하지 않습니다."
    }
    access_will_end() {
        "Our access to your Google account ends, and the stored tokens are deleted."
        "お使いの Google アカウントへのアクセスを終了し、保存しているアクセス情報を消去します。"
        "Google 계정에 대한 접근을 종료하고 저장된 접근 정보를 삭제합니다."
    }
    access_will_end_of(account: &str) {
        "Our access to {account} ends, and our copy of it is erased."
        "{account} へのアクセスを終了し、保存しているアクセス情報を消去します。"
        "{account}에 대한 접근을 종료하고 저장된 접근 정보를 삭제합니다."
    }
    your_entries(count: &i64) {
        "Your entries in Google Calendar: {count}"
        "Google カレンダーにある予定（{count} 件）"
        "Google 캘린더에 있는 일정({count}건)"
    }
    remove_entries() { "Remove them from my calendar" "カレンダーから削除する" "캘린더에서 삭제" }
    about_removing() {
        "A calendar that was made for them goes as a whole, unless you put something of your own into it."
        "専用カレンダーは、ご自身の予定が入っていなければ、カレンダーごと削除します。"
        "전용 캘린더는 직접 추가하신 일정이 없으면 캘린더째 삭제합니다."
    }
    keep_entries() { "Keep them in my calendar" "カレンダーに残す" "캘린더에 남겨 두기" }
    about_keeping_entries() {
        "They are yours then, and are no longer kept up to date."
        "以後はご自身の予定となり、更新されなくなります。"
        "이후에는 회원님의 일정이 되며 더 이상 갱신되지 않습니다."
    }
    disconnect_now() { "Disconnect" "接続を解除する" "연결 해제" }
    stay_connected() { "Stay connected" "接続したままにする" "연결 유지" }
    connect_account(account: &str) { "Connect {account}" "{account} を接続する" "{account} 연결" }
    and_now_connect(account: &str) {
        "Now connect {account}: Google asks for your consent once more."
        "続いて {account} を接続してください。Google で改めて許可を求められます。"
        "이제 {account}을(를) 연결해 주세요. Google에서 다시 한번 허용을 요청합니다."
    }

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
