//! What the page of a new connection says.

use crate::messages::messages;

messages! {
    done_title() {
        "Google Calendar is connected"
        "Google カレンダーに接続しました"
        "Google 캘린더가 연결되었습니다"
    }
    being_written() {
        "Your entries are being written to your calendar."
        "カレンダーに予定を書き込んでいます。"
        "캘린더에 일정을 기록하고 있습니다."
    }
    all_written() {
        "Everything is in your calendar. New entries follow within minutes."
        "すべてカレンダーに反映されました。新しい予定は数分以内に反映されます。"
        "모두 캘린더에 반영되었습니다. 새 일정은 몇 분 안에 반영됩니다."
    }
    nothing_yet() {
        "There is nothing to write yet. New entries will be in your calendar within minutes."
        "書き込む予定はまだありません。新しい予定は数分以内に反映されます。"
        "아직 기록할 일정이 없습니다. 새 일정은 몇 분 안에 반영됩니다."
    }
    progress(done: &i64, all: &i64) { "{done} of {all}" "{all} 件中 {done} 件" "{all}건 중 {done}건" }
    may_close() {
        "You can close this page; it goes on by itself."
        "このページを閉じても、処理は自動的に続きます。"
        "이 페이지를 닫아도 자동으로 계속됩니다."
    }
}
