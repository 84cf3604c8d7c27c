//! What problems say to users.

use crate::messages::messages;

messages! {
    too_late_title() { "This page has expired" "このページの有効期限が切れました" "페이지가 만료되었습니다" }
    too_late() {
        "This link has expired or was already used."
        "このリンクは使用済みか、有効期限が切れています。"
        "이미 사용했거나 만료된 링크입니다."
    }
    ask_for_a_new_link(platform: &str) {
        "Go back to {platform} and ask for a new link."
        "{platform} に戻り、新しいリンクを発行してください。"
        "{platform}(으)로 돌아가서 새 링크를 요청해 주세요."
    }

    not_set_up_title() {
        "Google Calendar is not configured yet"
        "Google カレンダーはまだ設定されていません"
        "Google 캘린더가 아직 설정되지 않았습니다"
    }
    not_set_up() {
        "Google Calendar can't be connected yet: the service has no Google app of its own so far."
        "このサービスには Google アプリがまだ登録されていないため、Google カレンダーを接続できません。"
        "이 서비스에는 아직 Google 앱이 등록되어 있지 않아 Google 캘린더를 연결할 수 없습니다."
    }
    set_up_by_whoever_runs_this() {
        "Whoever runs the service sets google.client_id and google.client_secret. Your link stays good."
        "サービスの運営者が google.client_id と google.client_secret を設定する必要があります。お手元のリンクは引き続き有効です。"
        "서비스 운영자가 google.client_id와 google.client_secret을 설정해야 합니다. 받으신 링크는 계속 유효합니다."
    }

    refused_title() { "This was not done" "処理を行いませんでした" "처리하지 않았습니다" }
    form_of_another_site() {
        "This form came from another site, so nothing was done."
        "別のサイトから送信されたフォームのため、何も行いませんでした。"
        "다른 사이트에서 보낸 양식이므로 아무것도 하지 않았습니다."
    }
    open_the_link_again() {
        "Open the link again and send the form from there."
        "リンクをもう一度開き、そこからフォームを送信してください。"
        "링크를 다시 열고 그곳에서 양식을 보내 주세요."
    }
    not_your_role() {
        "Your role may not see or do this."
        "現在の権限では、この操作や閲覧はできません。"
        "현재 권한으로는 보거나 할 수 없습니다."
    }
    ask_an_owner() {
        "Ask an owner of the console for another role."
        "コンソールの所有者に、権限の変更を依頼してください。"
        "콘솔 소유자에게 권한 변경을 요청해 주세요."
    }

    nothing_here_title() { "Not found" "ページが見つかりません" "페이지를 찾을 수 없습니다" }
    nothing_here() { "There is no such page." "このページは存在しません。" "존재하지 않는 페이지입니다." }

    not_now_title() { "Not at the moment" "ただいまご利用いただけません" "지금은 이용할 수 없습니다" }
    not_now() {
        "This is temporarily unavailable."
        "現在、この操作を行うことができません。"
        "지금은 이 작업을 할 수 없습니다."
    }
    in_a_minute() {
        "Please try again in a minute."
        "1 分ほどしてから、もう一度お試しください。"
        "1분 정도 후에 다시 시도해 주세요."
    }

    our_fault_title() { "Something went wrong" "問題が発生しました" "문제가 발생했습니다" }
    our_fault() {
        "Something went wrong on our side."
        "当サービスで問題が発生しました。"
        "저희 쪽에서 문제가 발생했습니다."
    }
    tell_support(platform: &str) {
        "Please try again; if it happens again, tell the support of {platform}."
        "もう一度お試しください。繰り返し発生する場合は、{platform} のサポートにお知らせください。"
        "다시 시도해 주세요. 계속 발생하면 {platform} 고객 지원에 알려 주세요."
    }

    not_understood_title() { "Invalid request" "リクエストを処理できません" "요청을 처리할 수 없습니다" }
    not_understood() {
        "This request is invalid."
        "送信された内容を理解できませんでした。"
        "보내신 내용을 이해할 수 없습니다."
    }

    /// A number in our log.
    name_this_number(trace_id: &str) {
        "If you ask for help, give this number: {trace_id}"
        "お問い合わせの際は、この番号をお知らせください: {trace_id}"
        "문의하실 때 이 번호를 알려 주세요: {trace_id}"
    }
}
