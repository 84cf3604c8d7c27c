//! `GET /clean-up/{token}`: what will be removed, and the form that begins. Looking doesn't use the
//! link up.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use calsync_store::{clean_ups, disconnects, users};
use http::{HeaderMap, StatusCode};

use crate::messages::{Messages, messages};
use crate::shell::{Shell, render_for_user};
use calsync_http::app_state::AppState;
use calsync_http::input::PathParams;
use calsync_http::problem::{Kind, Problem};

#[derive(Template)]
#[template(path = "clean_up.html")]
struct Page<'a> {
    shell: Shell<'a>,
    messages: Messages,
    /// The Google account that was connected.
    account: Option<String>,
}

pub(crate) async fn handler(
    State(web): State<AppState>,
    PathParams(token): PathParams<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let over = || Problem::new(Kind::LinkExpired);
    let mut tx = web.engine.store().read().await?;
    let clean_up = clean_ups::of_link(&mut tx, &token).await?.ok_or_else(over)?;
    let locale = users::get(&mut tx, &clean_up.user_id).await?.and_then(|user| user.locale);
    let messages = Messages::of_user(locale.as_deref(), &headers);
    if clean_up.is_begun || clean_up.expires_at <= web.engine.now() {
        return Err(over().in_language(messages.0));
    }
    let saga = disconnects::get(&mut tx, &clean_up.disconnect_id).await?;
    drop(tx);
    let account = saga.and_then(|saga| saga.before.account_email).filter(|email| !email.is_empty());
    let page = Page { shell: Shell::new(&web, messages), messages, account };
    Ok(render_for_user(&web, StatusCode::OK, &page))
}

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
}
