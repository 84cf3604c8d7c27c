//! `GET /connect/done`: it worked, and how far the first sync is. A page of its own, so that loading
//! it again does nothing.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use calsync_core::integration::{CalendarChoice, IntegrationState};
use calsync_store::integrations::{CalendarState, Counts, counts};
use http::{HeaderMap, StatusCode};

use super::settings::status::Status;
use crate::messages::{Messages, messages};
use crate::shell::{Shell, render_for_user};
use crate::user_visit::UserVisit;
use calsync_http::app_state::AppState;
use calsync_http::problem::{Kind, Problem};
use calsync_http::return_url;

#[derive(Template)]
#[template(path = "done.html")]
struct Page<'a> {
    shell: Shell<'a>,
    messages: Messages,
    /// Set where something is in the way.
    trouble: Option<Status>,
    counts: Counts,
    written: i64,
    all: i64,
    is_under_way: bool,
    back: Option<String>,
}

pub(crate) async fn handler(State(web): State<AppState>, headers: HeaderMap) -> Result<Response, Problem> {
    let visit = UserVisit::of(&web, &headers).await?;
    let messages = visit.messages;
    let over = || Problem::new(Kind::LinkExpired).in_language(messages.0);
    let connection = visit.connection(&web).await?.ok_or_else(over)?;
    let is_unchosen = connection.calendar_state == CalendarState::NotRequested
        && connection.calendar_choice == CalendarChoice::Existing;
    if connection.state == IntegrationState::Connecting && is_unchosen {
        return Ok(Redirect::to("/connect/calendar").into_response());
    }
    let mut tx = web.engine.store().read().await?;
    let counts = counts(&mut tx, &connection.id).await?;
    let status = Status::of(&web.engine, &mut tx, &visit.user, messages).await?;
    drop(tx);
    let goes_on = matches!(connection.state, IntegrationState::Active | IntegrationState::Connecting);
    let is_under_way = goes_on && (connection.state == IntegrationState::Connecting || counts.waiting > 0);
    let page = Page {
        shell: Shell::new(&web, messages),
        messages,
        trouble: status.filter(|_| !goes_on),
        written: counts.synced + counts.parked + counts.held,
        all: counts.synced + counts.waiting + counts.parked + counts.held,
        counts,
        is_under_way,
        back: visit.return_url.map(|url| return_url::with_outcome(&url, "connected", None)),
    };
    Ok(render_for_user(&web, StatusCode::OK, &page))
}

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
