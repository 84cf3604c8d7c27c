//! `GET /connect/settings`.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use calsync_core::integration::CalendarChoice;
use calsync_core::item::ItemKind;
use calsync_core::reason::Reason;
use calsync_store::sync_errors::{self, Filter};
use calsync_store::{StoreError, Tx};
use http::{HeaderMap, StatusCode};
use jiff::{SignedDuration, Timestamp};

use super::status::Status;
use crate::messages::{Messages, messages};
use crate::shell::{Shell, render_for_user};
use crate::user_visit::UserVisit;
use calsync_http::app_state::AppState;
use calsync_http::input::Query;
use calsync_http::problem::Problem;

/// How long it is said that something was left: the user can remove it, and we can't see that they did.
const LEFT_BEHIND_SHOWN: SignedDuration = SignedDuration::from_hours(7 * 24);

#[derive(Template)]
#[template(path = "settings.html")]
struct Page<'a> {
    shell: Shell<'a>,
    messages: Messages,
    whose: &'a str,
    /// What was done just now.
    notice: Option<String>,
    status: Option<Status>,
    /// Whether something stayed in a calendar that was changed for another, and what to do then.
    left_behind: Option<[&'static str; 2]>,
    /// Kept when the user connects again.
    choice: &'static str,
    kinds: Vec<Kind>,
    zone: Option<&'a str>,
    back: Option<&'a str>,
}

struct Kind {
    name: &'static str,
    title: String,
    is_on: bool,
}

pub(crate) async fn handler(
    State(web): State<AppState>,
    headers: HeaderMap,
    mut query: Query,
) -> Result<Response, Problem> {
    let visit = UserVisit::of(&web, &headers).await?;
    let messages = visit.messages;
    let notice = query.take_as("done", "must be saved, sync-now or calendar", |done| match done {
        "saved" => Some(messages.saved()),
        "sync-now" => Some(messages.syncing_now()),
        "calendar" => Some(messages.calendar_is_set()),
        _ => None,
    });
    query.end()?;
    let connection = visit.connection(&web).await?;
    let mut tx = web.engine.store().read().await?;
    let status = Status::of(&web.engine, &mut tx, &visit.user, messages).await?;
    let left_behind = is_left_behind(&mut tx, &visit.user.user_id, web.engine.now()).await?;
    drop(tx);
    if status.as_ref().is_some_and(Status::is_ending) {
        return Ok(Redirect::to("/connect/disconnect").into_response());
    }
    let choice = connection.as_ref().map_or(CalendarChoice::New, |one| one.calendar_choice);
    let off = connection.map(|one| one.disabled_kinds).unwrap_or_default();
    let page = Page {
        shell: Shell::new(&web, messages),
        messages,
        whose: visit.name(),
        notice,
        status,
        left_behind: left_behind.then(|| {
            [Reason::LeftBehind.to_user(messages.0), Reason::LeftBehind.next_step_of_user(messages.0)]
        }),
        choice: choice.name(),
        kinds: kinds(messages, &off),
        zone: visit.user.time_zone.as_deref(),
        back: visit.return_url.as_deref(),
    };
    Ok(render_for_user(&web, StatusCode::OK, &page))
}

/// Whether something was left in an old calendar of late.
async fn is_left_behind(tx: &mut Tx, user_id: &str, now: Timestamp) -> Result<bool, StoreError> {
    let filter = Filter {
        user_id: Some(user_id.to_owned()),
        reason: Some(Reason::LeftBehind),
        since: Some(now.saturating_sub(LEFT_BEHIND_SHOWN).unwrap_or(now)),
        ..Filter::default()
    };
    Ok(!sync_errors::list(tx, &filter, None, 1).await?.errors.is_empty())
}

fn kinds(messages: Messages, off: &BTreeSet<ItemKind>) -> Vec<Kind> {
    let kind = |kind: ItemKind| Kind {
        name: kind.name(),
        title: match kind {
            ItemKind::Session => messages.sessions(),
            ItemKind::Task => messages.tasks(),
            ItemKind::Deadline => messages.deadlines(),
        },
        is_on: !off.contains(&kind),
    };
    ItemKind::ALL.into_iter().map(kind).collect()
}

impl Page<'_> {
    fn moment(&self, at: &Timestamp) -> String {
        self.messages.moment(*at, self.zone)
    }
}

messages! {
    settings_title() { "Your Google Calendar" "Google カレンダーの設定" "Google 캘린더 설정" }
    account() { "Google account" "Google アカウント" "Google 계정" }
    calendar() { "Calendar" "カレンダー" "캘린더" }
    connected_since() { "Connected since" "接続日時" "연결 시각" }
    last_updated() { "Last updated" "最終更新" "마지막 갱신" }
    in_your_calendar() { "In your calendar" "反映済み" "반영됨" }
    in_the_queue() { "In the queue" "待機中" "대기 중" }
    stopped() { "Stopped" "停止中" "중단됨" }
    entries(count: &i64) { "{count}" "{count} 件" "{count}건" }
    sync_now() { "Sync now" "今すぐ同期" "지금 동기화" }
    syncing_now() {
        "Whatever waits is being synced now."
        "待機中の変更を今すぐ同期しています。"
        "대기 중인 변경을 지금 동기화하고 있습니다."
    }
    what_is_synced() { "What is synced" "同期する内容" "동기화할 내용" }
    about_kinds() {
        "Whatever you turn off is removed from your calendar."
        "オフにした種類の予定は、カレンダーから取り除かれます。"
        "끈 종류의 일정은 캘린더에서 제거됩니다."
    }
    save() { "Save" "保存" "저장" }
    saved() { "Saved." "保存しました。" "저장했습니다." }
    ending_it() { "Disconnect" "接続の解除" "연결 해제" }
    about_ending_it() {
        "Ends the sync and our access at Google. The next page shows what will happen before anything does."
        "同期と Google へのアクセスを終了します。実行する前に、次のページで内容をご確認いただけます。"
        "동기화와 Google 접근을 종료합니다. 실행하기 전에 다음 페이지에서 어떤 일이 일어나는지 보여 드립니다."
    }
    disconnect_ellipsis() { "Disconnect…" "接続を解除する…" "연결 해제…" }
    change_calendar() { "Change the calendar…" "カレンダーを変更する…" "캘린더 변경…" }
    calendar_is_set() {
        "The calendar is set. What was in another one moves there."
        "カレンダーを設定しました。別のカレンダーにあった予定は移動します。"
        "캘린더를 설정했습니다. 다른 캘린더에 있던 일정은 그곳으로 옮겨집니다."
    }
    choose_calendar() { "Choose a calendar" "カレンダーを選ぶ" "캘린더 선택" }
}
