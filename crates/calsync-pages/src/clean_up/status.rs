//! `GET /clean-up`: how far the clean-up is that this browser began. While it runs, the page loads
//! itself anew; it can be left.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use calsync_core::disconnect::SagaState;
use calsync_core::reason::Reason;
use calsync_engine::clean_up::{self, Status};
use calsync_store::users;
use http::header::REFRESH;
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::messages::{Messages, messages};
use crate::shell::{Shell, render};
use calsync_http::app_state::AppState;
use calsync_http::cookies::Cookie;
use calsync_http::problem::{Kind, Problem};

/// Between two looks, in seconds.
const LOOK_AGAIN_SECS: HeaderValue = HeaderValue::from_static("3");

#[derive(Template)]
#[template(path = "clean_up_status.html")]
struct Page<'a> {
    shell: Shell<'a>,
    title: String,
    tone: &'static str,
    sentence: String,
    way_out: String,
}

pub(crate) async fn handler(State(web): State<AppState>, headers: HeaderMap) -> Result<Response, Problem> {
    let unknown = || Problem::new(Kind::LinkExpired);
    let browser = Cookie::Browser.get(&web, &headers).ok_or_else(unknown)?;
    let status = clean_up::status(&web.engine, &browser).await?.ok_or_else(unknown)?;
    let mut tx = web.engine.store().read().await?;
    let locale = users::get(&mut tx, &status.clean_up.user_id).await?.and_then(|user| user.locale);
    drop(tx);
    let messages = Messages::of_user(locale.as_deref(), &headers);
    let is_running = status.clean_up.reason.is_none() && status.saga.state == SagaState::Running;
    let mut response = render(StatusCode::OK, &page(&web, messages, &status));
    if is_running {
        response.headers_mut().insert(REFRESH, LOOK_AGAIN_SECS);
    }
    Ok(response)
}

fn page<'a>(
    web: &'a AppState,
    messages: Messages,
    Status { clean_up, saga, is_in_use }: &Status,
) -> Page<'a> {
    let platform = &web.engine.settings().platform_name;
    let account = saga.before.account_email.as_deref().unwrap_or_default();
    let (title, tone, sentence, way_out) = match (clean_up.reason, saga.state) {
        (Some(Reason::OtherAccount), _) => {
            let way_out = messages.new_link_and_account(platform, account);
            (messages.nothing_removed_title(), "bad", messages.it_was_another_account(), way_out)
        }
        (Some(reason), _) => {
            let sentence = reason.to_user(messages.0).to_owned();
            (messages.nothing_removed_title(), "bad", sentence, messages.ask_for_a_new_link(platform))
        }
        (None, SagaState::Running) => {
            (messages.removing_title(), "mute", messages.it_takes_a_minute(), messages.page_can_be_closed())
        }
        (None, SagaState::Done) => (
            messages.all_removed_title(),
            "good",
            messages.all_removed(),
            messages.close_or_back_to(platform),
        ),
        (None, SagaState::DoneWithLeftovers) if *is_in_use => (
            messages.nothing_removed_title(),
            "mute",
            messages.it_is_in_use(),
            messages.close_or_back_to(platform),
        ),
        (None, SagaState::DoneWithLeftovers) => {
            (messages.some_left_title(), "bad", messages.some_left(), messages.ask_for_a_new_link(platform))
        }
    };
    Page { shell: Shell::new(web, messages), title, tone, sentence, way_out }
}

messages! {
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
