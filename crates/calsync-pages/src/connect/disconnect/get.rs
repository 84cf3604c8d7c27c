//! `GET /connect/disconnect`: what would happen, while the connection stands; then what happened.
//! `then` names a try to connect with another account, which goes on from here.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use calsync_core::integration::GOOGLE;
use calsync_core::reason::Reason;
use calsync_engine::disconnect::{Preview, Saga, preview};
use calsync_store::connect::attempt;
use calsync_store::disconnects;
use http::{HeaderMap, StatusCode};

use super::receipts::{Receipts, receipts};
use crate::messages::{Messages, messages};
use crate::shell::{Shell, render_for_user};
use crate::user_visit::UserVisit;
use calsync_http::app_state::AppState;
use calsync_http::input::Query;
use calsync_http::problem::{Problem, sanitize};
use calsync_http::return_url;

#[derive(Template)]
#[template(path = "disconnect.html")]
struct PreviewPage<'a> {
    shell: Shell<'a>,
    messages: Messages,
    whose: &'a str,
    account: Option<String>,
    preview: Preview,
}

#[derive(Template)]
#[template(path = "disconnected.html")]
struct ReceiptsPage<'a> {
    shell: Shell<'a>,
    messages: Messages,
    receipts: Receipts,
    /// The account that is connected next.
    next_account: Option<String>,
    /// As what it is connected.
    choice: String,
    back: Option<String>,
}

pub(crate) async fn handler(
    State(web): State<AppState>,
    headers: HeaderMap,
    mut query: Query,
) -> Result<Response, Problem> {
    let visit = UserVisit::of(&web, &headers).await?;
    let then = query.take("then");
    query.end()?;
    let connection = visit.connection(&web).await?;
    if let Some(connection) = connection.filter(|one| one.state.is_live()) {
        let preview = preview(&web.engine, &visit.user.user_id, GOOGLE).await?.unwrap_or_default();
        let page = PreviewPage {
            shell: Shell::new(&web, visit.messages),
            messages: visit.messages,
            whose: visit.name(),
            account: connection.account_email.filter(|email| !email.is_empty()),
            preview,
        };
        return Ok(render_for_user(&web, StatusCode::OK, &page));
    }
    let mut tx = web.engine.store().read().await?;
    let sagas = disconnects::of_user(&mut tx, &visit.user.user_id, SAGAS_MAX).await?;
    let next = match then {
        Some(id) => attempt(&mut tx, &sanitize(&id), &visit.user.user_id).await?,
        None => None,
    };
    drop(tx);
    let Some(saga) = sagas.into_iter().find(|saga: &Saga| saga.provider == GOOGLE) else {
        return Ok(Redirect::to("/connect/settings").into_response());
    };
    let next = next.filter(|one| one.reason.as_deref() == Some(Reason::OtherAccount.name()));
    let page = ReceiptsPage {
        shell: Shell::new(&web, visit.messages),
        messages: visit.messages,
        receipts: receipts(&saga, visit.messages),
        choice: next.as_ref().map(|one| one.calendar_choice.clone()).unwrap_or_default(),
        next_account: next.and_then(|one| one.account_email),
        back: visit.return_url.map(|url| return_url::with_outcome(&url, "disconnected", None)),
    };
    Ok(render_for_user(&web, StatusCode::OK, &page))
}

/// Disconnects of any provider among which Google's newest is looked for.
const SAGAS_MAX: i64 = 20;

messages! {
    disconnect_title() {
        "Disconnect Google Calendar"
        "Google カレンダーの接続を解除"
        "Google 캘린더 연결 해제"
    }
    what_will_happen() { "What will happen" "実行される内容" "실행되는 내용" }
    sync_will_stop() {
        "Sync stops at once."
        "同期をすぐに停止します。"
        "동기화를 즉시 중단합니다."
    }
    waiting_is_dropped(count: &i64) {
        "Changes that are still waiting are not written any more: {count}."
        "待機中の変更（{count} 件）は反映されません。"
        "대기 중인 변경({count}건)은 더 이상 기록하지 않습니다."
    }
    access_will_end() {
        "Our access to your Google account ends, and the stored tokens are deleted."
        "お使いの Google アカウントへのアクセスを終了し、保存しているアクセス情報を消去します。"
        "Google 계정에 대한 접근을 종료하고 저장된 접근 정보를 삭제합니다."
    }
    access_will_end_of(account: &str) {
        "Our access to {account} ends, and our copy of it is erased."
        "{account} へのアクセスを終了し、保存しているアクセス情報を消去します。"
        "{account}에 대한 접근을 종료하고 저장된 접근 정보를 삭제합니다."
    }
    your_entries(count: &i64) {
        "Your entries in Google Calendar: {count}"
        "Google カレンダーにある予定（{count} 件）"
        "Google 캘린더에 있는 일정({count}건)"
    }
    remove_entries() { "Remove them from my calendar" "カレンダーから削除する" "캘린더에서 삭제" }
    about_removing() {
        "A calendar that was made for them goes as a whole, unless you put something of your own into it."
        "専用カレンダーは、ご自身の予定が入っていなければ、カレンダーごと削除します。"
        "전용 캘린더는 직접 추가하신 일정이 없으면 캘린더째 삭제합니다."
    }
    keep_entries() { "Keep them in my calendar" "カレンダーに残す" "캘린더에 남겨 두기" }
    about_keeping_entries() {
        "They are yours then, and are no longer kept up to date."
        "以後はご自身の予定となり、更新されなくなります。"
        "이후에는 회원님의 일정이 되며 더 이상 갱신되지 않습니다."
    }
    disconnect_now() { "Disconnect" "接続を解除する" "연결 해제" }
    stay_connected() { "Stay connected" "接続したままにする" "연결 유지" }
    connect_account(account: &str) { "Connect {account}" "{account} を接続する" "{account} 연결" }
    and_now_connect(account: &str) {
        "Now connect {account}: Google asks for your consent once more."
        "続いて {account} を接続してください。Google で改めて許可を求められます。"
        "이제 {account}을(를) 연결해 주세요. Google에서 다시 한번 허용을 요청합니다."
    }
}
