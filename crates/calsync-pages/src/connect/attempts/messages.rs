//! What the page of a try to connect says.

use crate::messages::messages;

messages! {
    not_connected_title() {
        "Google Calendar is not connected"
        "Google カレンダーは接続されていません"
        "Google 캘린더가 연결되지 않았습니다"
    }
    google_was_down() {
        "Google could not be reached to finish the connection."
        "Google に接続できず、接続を完了できませんでした。"
        "Google에 연결할 수 없어 연결을 완료하지 못했습니다."
    }
    could_not_finish() {
        "The connection could not be finished."
        "接続を完了できませんでした。"
        "연결을 완료하지 못했습니다."
    }
    nothing_was_connected() {
        "Nothing was connected and nothing was changed. Please try again in a minute."
        "何も接続されず、何も変更されていません。1 分ほどしてから、もう一度お試しください。"
        "아무것도 연결되거나 변경되지 않았습니다. 1분 정도 후에 다시 시도해 주세요."
    }
    old_one_has_ended() {
        "Your old connection has ended. You can connect now."
        "以前の接続の解除が完了しました。これで接続できます。"
        "이전 연결이 해제되었습니다. 이제 연결할 수 있습니다."
    }
    nothing_is_lost() {
        "Nothing is lost. Google asks for your consent once more."
        "データは失われません。Google で改めて許可を求められます。"
        "데이터는 손실되지 않습니다. Google에서 다시 한번 허용을 요청합니다."
    }
    connect_if_you_like() {
        "Nothing was read and nothing was written. You can connect at any time, if you like."
        "何も読み取らず、何も書き込んでいません。いつでも接続できます。"
        "아무것도 읽거나 기록하지 않았습니다. 원하시면 언제든지 연결할 수 있습니다."
    }
    boxes_are_needed() {
        "On Google’s page each permission has a box of its own. What stands here was left unticked, and nothing can be synced without it:"
        "Google の画面では、権限ごとにチェックボックスがあります。次の項目にチェックが入っていないため、同期できません。"
        "Google 화면에는 권한마다 체크박스가 있습니다. 다음 항목이 선택되지 않아 동기화할 수 없습니다."
    }
    for_its_own_calendar() {
        "To make a calendar of its own and write your entries into it. It reaches no other calendar of yours."
        "専用のカレンダーを作成し、予定を書き込むために必要です。ほかのカレンダーには触れません。"
        "전용 캘린더를 만들고 일정을 기록하는 데 필요합니다. 다른 캘린더는 건드리지 않습니다."
    }
    for_your_events() {
        "To write your entries into the calendar that you choose."
        "選択したカレンダーに予定を書き込むために必要です。"
        "선택하신 캘린더에 일정을 기록하는 데 필요합니다."
    }
    for_your_list() {
        "To show you the names of your calendars, so that you can choose one."
        "カレンダーの名前を表示し、選んでいただくために必要です。"
        "캘린더 이름을 보여 드리고 선택하실 수 있게 하는 데 필요합니다."
    }
    ask_for_the_missing() {
        "Try again: Google asks only for what is missing."
        "もう一度お試しください。Google では、足りない権限だけを確認します。"
        "다시 시도해 주세요. Google에서는 부족한 권한만 요청합니다."
    }
    use_a_new_calendar() {
        "Use a calendar of its own instead"
        "代わりに専用のカレンダーを使う"
        "대신 전용 캘린더 사용"
    }
    ask_the_administrator(platform: &str) {
        "Nothing was connected. Ask the administrator of your organisation’s Google accounts to allow the app of {platform}, or connect another Google account."
        "何も接続されていません。組織の Google アカウントの管理者に {platform} のアプリの許可を依頼するか、別の Google アカウントで接続してください。"
        "아무것도 연결되지 않았습니다. 조직의 Google 계정 관리자에게 {platform} 앱을 허용해 달라고 요청하거나 다른 Google 계정을 연결해 주세요."
    }
    or_start_from(platform: &str) {
        "You can also start again from {platform} at any time."
        "いつでも {platform} からやり直すこともできます。"
        "언제든지 {platform}에서 다시 시작할 수도 있습니다."
    }
    which_account() {
        "Which Google account?"
        "どの Google アカウントを使いますか？"
        "어느 Google 계정을 사용하시겠습니까?"
    }
    nothing_changed_so_far() {
        "Nothing has changed so far. Choose what to do:"
        "まだ何も変更されていません。次のいずれかを選んでください。"
        "아직 아무것도 변경되지 않았습니다. 다음 중에서 선택해 주세요."
    }
    the_account_of_before() { "the account of before" "以前のアカウント" "이전 계정" }
    the_account_of_now() { "the other account" "別のアカウント" "다른 계정" }
    keep_account(account: &str) { "Keep {account}" "{account} を使い続ける" "{account} 계속 사용" }
    about_leaving_it_so() {
        "Your entries stay where they are. Nothing changes."
        "予定は今の場所に残り、何も変わりません。"
        "일정은 지금 있는 곳에 그대로 남으며 아무것도 바뀌지 않습니다."
    }
    about_keeping(account: &str) {
        "Your entries stay where they are. Google asks once more: choose {account} there."
        "予定は今の場所に残ります。Google で改めて確認されますので、{account} を選んでください。"
        "일정은 지금 있는 곳에 그대로 남습니다. Google에서 다시 확인하면 {account}을(를) 선택해 주세요."
    }
    switch_to(account: &str) { "Switch to {account}" "{account} に切り替える" "{account}(으)로 전환" }
    about_switching(old: &str, new: &str) {
        "The connection to {old} ends. Then you connect {new}, and all your entries are written to its calendar."
        "{old} との接続を解除します。そのあと {new} を接続すると、すべての予定がそのカレンダーに書き込まれます。"
        "{old} 연결이 해제됩니다. 그런 다음 {new}을(를) 연결하면 모든 일정이 해당 캘린더에 기록됩니다."
    }
    old_entries(old: &str) {
        "The entries in the calendar of {old}"
        "{old} のカレンダーにある予定"
        "{old} 캘린더에 있는 일정"
    }
    remove_old_entries() {
        "Remove them"
        "削除する"
        "삭제"
    }
    about_removing_old_entries() {
        "If Google no longer lets us in, what can’t be removed stays there, and the next page says so."
        "Google にアクセスできない場合、削除できない予定は残り、次のページでお知らせします。"
        "Google에 접근할 수 없으면 삭제하지 못한 일정은 남으며, 다음 페이지에서 알려 드립니다."
    }
    leave_old_entries() {
        "Leave them"
        "残す"
        "남겨 두기"
    }
    about_leaving_old_entries() {
        "They are yours then, and are no longer kept up to date."
        "以後はご自身の予定となり、更新されなくなります。"
        "이후에는 회원님의 일정이 되며 더 이상 갱신되지 않습니다."
    }
}
