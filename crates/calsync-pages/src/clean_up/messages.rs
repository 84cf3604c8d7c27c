//! What the pages of a clean-up say.

use crate::messages::messages;

messages! {
    clean_up_title() {
        "Remove what was left in Google Calendar"
        "Google カレンダーに残った予定を削除する"
        "Google 캘린더에 남은 일정 삭제"
    }
    why_something_was_left(platform: &str) {
        "When Google Calendar was disconnected, {platform} had no access to it any more, so some events stayed there."
        "Google カレンダーの接続を解除したとき、{platform} にはすでにアクセス権がなかったため、一部の予定が残りました。"
        "Google 캘린더 연결을 해제할 때 {platform}에 이미 접근 권한이 없어서 일부 일정이 남았습니다."
    }
    how_it_is_cleaned_up() {
        "Google asks you once more. Then those events are removed, and the access ends again at once. Nothing of it is kept."
        "Google でもう一度許可していただくと、残った予定を削除し、アクセスはすぐに終了します。何も保存しません。"
        "Google에서 한 번 더 허용해 주시면 남은 일정을 삭제하고 접근을 바로 끝냅니다. 아무것도 보관하지 않습니다."
    }
    choose_the_account(account: &str) {
        "Choose the Google account {account}: it is the one that was connected."
        "接続していた Google アカウント {account} を選んでください。"
        "연결되어 있던 Google 계정 {account}을(를) 선택해 주세요."
    }
    yours_stay() {
        "Events that you made yourself are not touched."
        "ご自身で作成した予定には触れません。"
        "직접 만드신 일정은 건드리지 않습니다."
    }

    removing_title() { "Removing what was left" "残った予定を削除しています" "남은 일정을 삭제하고 있습니다" }
    it_takes_a_minute() { "This takes a minute or two." "1、2 分ほどかかります。" "1~2분 정도 걸립니다." }
    page_can_be_closed() {
        "You can close this page; it goes on by itself."
        "このページは閉じてもかまいません。処理は続きます。"
        "이 페이지를 닫아도 됩니다. 작업은 계속됩니다."
    }
    all_removed_title() { "Everything is removed" "すべて削除しました" "모두 삭제했습니다" }
    all_removed() {
        "What was left is gone from your Google Calendar, and our access has ended."
        "残っていた予定を Google カレンダーから削除し、アクセスを終了しました。"
        "남아 있던 일정을 Google 캘린더에서 삭제하고 접근을 끝냈습니다."
    }
    some_left_title() {
        "Not everything could be removed"
        "一部を削除できませんでした"
        "일부를 삭제하지 못했습니다"
    }
    some_left() {
        "Something is still left in your Google Calendar. Our access has ended."
        "Google カレンダーにまだ予定が残っています。アクセスは終了しました。"
        "Google 캘린더에 아직 일정이 남아 있습니다. 접근은 끝났습니다."
    }
    nothing_removed_title() { "Nothing was removed" "何も削除していません" "아무것도 삭제하지 않았습니다" }
    it_is_in_use() {
        "You have connected Google Calendar again meanwhile, so what was left there is in use and kept up to date."
        "その間に Google カレンダーが再び接続されたため、残っていた予定は現在使用中で、最新の状態に保たれています。"
        "그사이 Google 캘린더를 다시 연결하셔서, 남아 있던 일정은 현재 사용 중이며 최신 상태로 유지됩니다."
    }
    it_was_another_account() {
        "This was another Google account than the one that was connected."
        "接続していたものとは別の Google アカウントです。"
        "연결되어 있던 것과 다른 Google 계정입니다."
    }
    new_link_and_account(platform: &str, account: &str) {
        "Go back to {platform}, ask for a new link, and choose {account} at Google."
        "{platform} に戻って新しいリンクを発行し、Google で {account} を選んでください。"
        "{platform}(으)로 돌아가서 새 링크를 요청하고 Google에서 {account}을(를) 선택해 주세요."
    }
    close_or_back_to(platform: &str) {
        "You can close this page and go back to {platform}."
        "このページを閉じて {platform} に戻れます。"
        "이 페이지를 닫고 {platform}(으)로 돌아가셔도 됩니다."
    }
    nothing_left_title() { "Nothing is left" "残っている予定はありません" "남은 일정이 없습니다" }
    nothing_left() {
        "Nothing of ours is left that could be removed."
        "削除する予定は残っていません。"
        "삭제할 일정이 남아 있지 않습니다."
    }
}
