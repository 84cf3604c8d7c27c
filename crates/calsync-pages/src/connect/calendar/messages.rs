//! What the choice of a calendar says.

use crate::messages::messages;

messages! {
    change_title() { "Change the calendar" "カレンダーを変更する" "캘린더 변경" }
    change_lead() {
        "Whatever we keep in your calendar moves to the one that you choose here, with all that you added to it."
        "同期している予定はすべて、ここで選んだカレンダーに移動します。追加された内容もそのまま引き継がれます。"
        "동기화하는 일정이 모두 여기에서 선택하신 캘린더로 옮겨집니다. 직접 추가하신 내용도 함께 옮겨집니다."
    }
    one_of_its_own() { "A calendar of its own" "専用のカレンダー" "전용 캘린더" }
    choose_title() { "Choose a calendar" "カレンダーを選んでください" "캘린더를 선택해 주세요" }
    choose_lead() {
        "Google Calendar is connected. Your sessions, tasks and deadlines go to the calendar that you choose here."
        "Google カレンダーに接続しました。セッション、タスク、締め切りは、ここで選んだカレンダーに反映されます。"
        "Google 캘린더가 연결되었습니다. 세션, 작업, 마감일은 여기에서 선택하신 캘린더에 반영됩니다."
    }
    list_is_needed() {
        "To show you your calendars, we first need your consent at Google. Then you choose one of them."
        "カレンダーを表示するには、まず Google での許可が必要です。そのあとに、使うカレンダーを選んでいただけます。"
        "캘린더를 보여 드리려면 먼저 Google에서 허용해 주셔야 합니다. 그다음에 사용할 캘린더를 선택하실 수 있습니다."
    }
    your_calendars() { "Your calendars" "お使いのカレンダー" "내 캘린더" }
    your_calendars_of(account: &str) {
        "The calendars of {account} that you may change"
        "{account} の、変更できるカレンダー"
        "{account}의 캘린더 중 변경할 수 있는 것"
    }
    use_this_calendar() { "Use this calendar" "このカレンダーを使う" "이 캘린더 사용" }
    none_writable() {
        "There is no calendar in this Google account that you may change."
        "この Google アカウントには、変更できるカレンダーがありません。"
        "이 Google 계정에는 변경할 수 있는 캘린더가 없습니다."
    }
    none_writable_way_out() {
        "A calendar of its own can be made for you; Google asks for your consent to that. Or make one in Google Calendar, and load this page again."
        "専用のカレンダーを作成できます（Google で改めて許可を求められます）。または Google カレンダーでカレンダーを作成し、このページを再読み込みしてください。"
        "전용 캘린더를 만들어 드릴 수 있습니다(Google에서 다시 허용을 요청합니다). 또는 Google 캘린더에서 캘린더를 만든 뒤 이 페이지를 새로 고쳐 주세요."
    }
    choose_one_of_these() {
        "Choose one of these calendars."
        "次のカレンダーからひとつ選んでください。"
        "다음 캘린더 중 하나를 선택해 주세요."
    }
    not_that_one() {
        "That calendar can’t be used. Choose one of these."
        "そのカレンダーは使えません。次の中から選んでください。"
        "그 캘린더는 사용할 수 없습니다. 다음 중에서 선택해 주세요."
    }
    calendars_unknown() {
        "Your calendars can’t be shown"
        "カレンダーを表示できません"
        "캘린더를 표시할 수 없습니다"
    }
    load_again() {
        "Load this page again in a minute."
        "1 分ほどしてから、このページを再読み込みしてください。"
        "1분 정도 후에 이 페이지를 새로 고쳐 주세요."
    }
}
