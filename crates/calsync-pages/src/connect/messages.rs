//! What the pages of a link say: the first one, that of a connection that stands, and that of a wait.

use crate::messages::messages;

messages! {
    connect_title() {
        "Connect Google Calendar"
        "Google カレンダーを接続する"
        "Google 캘린더 연결"
    }
    /// Whose items will be in the calendar: the reader must see if that is not themselves.
    for_whom(platform: &str, name: &str) {
        "For {name} at {platform}"
        "{platform} の {name} さん"
        "{platform}의 {name} 님"
    }
    connect_lead(platform: &str) {
        "{platform} can keep your sessions, tasks and deadlines in your Google Calendar, up to date by itself."
        "{platform} のセッション、タスク、締め切りを、お使いの Google カレンダーに自動で反映し、常に最新の状態に保ちます。"
        "{platform}의 세션, 작업, 마감일을 Google 캘린더에 자동으로 반영하고 항상 최신 상태로 유지합니다."
    }
    what_is_written() { "What is written" "書き込む内容" "기록하는 내용" }
    writes_sessions() {
        "An event for each session you booked, with its link."
        "予約したセッションごとの予定（参加リンク付き）"
        "예약한 세션마다 일정 하나(참여 링크 포함)"
    }
    writes_tasks() {
        "An event for each task with a due date."
        "期限のあるタスクごとの予定"
        "기한이 있는 작업마다 일정 하나"
    }
    writes_deadlines_the_day_before() {
        "An event on the day before each deadline."
        "締め切りごとに、その前日の予定"
        "마감일마다 그 전날의 일정 하나"
    }
    writes_deadlines_on_the_day() {
        "An event on the day of each deadline, with a reminder the day before."
        "締め切りごとに、その当日の予定（前日に通知）"
        "마감일마다 당일 일정 하나(전날 알림)"
    }
    what_is_read() { "What is read" "読み取る内容" "읽는 내용" }
    reads_events() {
        "The events that were written here, so that what you change there isn’t lost."
        "ここで書き込んだ予定（カレンダー側での変更を失わないため）"
        "여기에서 기록한 일정(캘린더에서 변경하신 내용을 잃지 않기 위함)"
    }
    reads_names() {
        "The names of your calendars and your address, to show you what is connected."
        "カレンダーの名前とメールアドレス（接続先を表示するため）"
        "캘린더 이름과 메일 주소(무엇이 연결되었는지 보여 드리기 위함)"
    }
    which_calendar() { "Which calendar?" "どのカレンダーを使いますか？" "어느 캘린더를 사용하시겠습니까?" }
    a_new_calendar() {
        "A new calendar of its own"
        "専用の新しいカレンダー"
        "전용 새 캘린더"
    }
    about_a_new_calendar() {
        "Nothing else of yours is touched. You can hide it or remove it as a whole."
        "ほかの予定には一切触れません。まとめて非表示にしたり、削除したりできます。"
        "다른 일정은 전혀 건드리지 않습니다. 한꺼번에 숨기거나 삭제할 수 있습니다."
    }
    one_of_mine() { "One of my calendars" "自分のカレンダーのひとつ" "내 캘린더 중 하나" }
    about_one_of_mine() {
        "You choose it after Google has asked for your consent."
        "Google での許可のあとに選びます。"
        "Google에서 허용하신 뒤에 선택합니다."
    }
    continue_to_google() { "Continue to Google" "Google に進む" "Google로 계속" }
    can_end_any_time() {
        "You can end this at any time."
        "いつでも接続を解除できます。"
        "언제든지 연결을 해제할 수 있습니다."
    }
    open_settings() { "Open the settings" "設定を開く" "설정 열기" }
    opens_for_an_hour() {
        "The link can be used only once. The settings stay open in this browser for an hour."
        "このリンクは一度だけ使えます。設定はこのブラウザで 1 時間開けます。"
        "이 링크는 한 번만 사용할 수 있습니다. 설정은 이 브라우저에서 1시간 동안 열려 있습니다."
    }
    connect_again() { "Connect again" "もう一度接続する" "다시 연결" }
    about_connecting_again() {
        "Google asks for your consent once more. The calendar and what is in it stay as they are."
        "Google で改めて許可を求められます。カレンダーとその内容はそのまま残ります。"
        "Google에서 다시 한번 허용을 요청합니다. 캘린더와 그 내용은 그대로 유지됩니다."
    }

    still_disconnecting() {
        "Your old connection is still being ended."
        "以前の接続を解除している途中です。"
        "이전 연결을 아직 해제하고 있습니다."
    }
    goes_on_by_itself() {
        "This takes a moment, a few minutes at most. The page then goes on by itself, and you can connect again."
        "通常は数分以内に完了します。完了すると自動的に次の画面に進み、もう一度接続できます。"
        "보통 몇 분 안에 끝납니다. 끝나면 화면이 자동으로 넘어가며 다시 연결할 수 있습니다."
    }
}
