//! What the end of a way back says that nobody began here.

use crate::messages::messages;

messages! {
    cant_go_on_title() {
        "This page can’t go on"
        "このページからは続行できません"
        "이 페이지에서는 계속할 수 없습니다"
    }
    cant_go_on() {
        "It was already used, has expired, or was opened in a different browser than the one that started."
        "すでに開かれたか、時間が経ちすぎたか、開始時とは別のブラウザで開かれています。"
        "이미 열었거나, 너무 늦었거나, 시작한 브라우저와 다른 브라우저에서 열었습니다."
    }
    see_your_connection() {
        "See how your connection is"
        "接続の状態を見る"
        "연결 상태 보기"
    }
}
