//! What the settings say, and the states of a connection.

use crate::messages::messages;

messages! {
    settings_title() { "Your Google Calendar" "Google カレンダーの設定" "Google 캘린더 설정" }
    account() { "Google account" "Google アカウント" "Google 계정" }
    calendar() { "Calendar" "カレンダー" "캘린더" }
    connected_since() { "Connected since" "接続日時" "연결 시각" }
    last_updated() { "Last updated" "最終更新" "마지막 갱신" }
    in_your_calendar() { "In your calendar" "反映済み" "반영됨" }
    in_the_queue() { "In the queue" "待機中" "대기 중" }
    stopped() { "Stopped" "停止中" "중단됨" }
    entries(count: &i64) { "{count}" "{count} 件" "{count}건" }
    sync_now() { "Sync now" "今すぐ同期" "지금 동기화" }
    syncing_now() {
        "Whatever waits is being synced now."
        "待機中の変更を今すぐ同期しています。"
        "대기 중인 변경을 지금 동기화하고 있습니다."
    }
    what_is_synced() { "What is synced" "同期する内容" "동기화할 내용" }
    about_kinds() {
        "Whatever you turn off is removed from your calendar."
        "オフにした種類の予定は、カレンダーから取り除かれます。"
        "끈 종류의 일정은 캘린더에서 제거됩니다."
    }
    save() { "Save" "保存" "저장" }
    saved() { "Saved." "保存しました。" "저장했습니다." }
    ending_it() { "Disconnect" "接続の解除" "연결 해제" }
    about_ending_it() {
        "Ends the sync and our access at Google. The next page shows what will happen before anything does."
        "同期と Google へのアクセスを終了します。実行する前に、次のページで内容をご確認いただけます。"
        "동기화와 Google 접근을 종료합니다. 실행하기 전에 다음 페이지에서 어떤 일이 일어나는지 보여 드립니다."
    }
    disconnect_ellipsis() { "Disconnect…" "接続を解除する…" "연결 해제…" }
    change_calendar() { "Change the calendar…" "カレンダーを変更する…" "캘린더 변경…" }
    calendar_is_set() {
        "The calendar is set. What was in another one moves there."
        "カレンダーを設定しました。別のカレンダーにあった予定は移動します。"
        "캘린더를 설정했습니다. 다른 캘린더에 있던 일정은 그곳으로 옮겨집니다."
    }
    choose_calendar() { "Choose a calendar" "カレンダーを選ぶ" "캘린더 선택" }

    state_active() { "Connected" "接続済み" "연결됨" }
    state_delayed() { "Delayed" "遅延中" "지연됨" }
    state_needs_action() { "Needs you" "要対応" "조치 필요" }
    state_connecting() { "Connecting" "接続中" "연결 중" }
    state_paused() { "Paused" "一時停止中" "일시 중지됨" }
    state_disconnecting() { "Disconnecting" "解除中" "해제 중" }
    state_disconnected() { "Not connected" "未接続" "연결 안 됨" }
}
