//! `GET /connect/calendar`: the calendars that may be written to. At the connection one is chosen
//! for the first time, with the primary one as default; later, the one in use is the default, or
//! `target_calendar`. Who hasn't let us see their calendars is sent to Google before they choose.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use calsync_core::integration::CalendarChoice;
use calsync_engine::calendar::TargetChoice;
use calsync_engine::connect::{CalendarEntry, scopes, writable_calendars};
use calsync_store::integrations::{CalendarState, Integration};
use http::{HeaderMap, StatusCode};

use crate::messages::{Messages, messages};
use crate::shell::{Message, Shell, render, render_for_user};
use crate::user_visit::UserVisit;
use calsync_http::app_state::AppState;
use calsync_http::input::Query;
use calsync_http::problem::{Kind, Problem};

#[derive(Template)]
#[template(path = "calendar.html")]
struct Page<'a> {
    shell: Shell<'a>,
    messages: Messages,
    account: Option<String>,
    calendars: Vec<Calendar>,
    /// Whether one is in use already, and everything moves.
    is_change: bool,
    /// Whether a calendar of its own is another choice.
    offers_own: bool,
    refusal: Option<String>,
}

/// Where the calendars may not be seen yet.
#[derive(Template)]
#[template(path = "calendar_consent.html")]
struct ConsentPage<'a> {
    shell: Shell<'a>,
    messages: Messages,
    account: Option<String>,
}

struct Calendar {
    id: String,
    name: String,
    is_chosen: bool,
}

/// The page's address, with a calendar that is offered first.
pub(crate) fn address(target: Option<&TargetChoice>) -> String {
    let Some(target) = target else { return "/connect/calendar".into() };
    let target: String = form_urlencoded::byte_serialize(target.as_str().as_bytes()).collect();
    format!("/connect/calendar?target_calendar={target}")
}

pub(crate) async fn handler(
    State(web): State<AppState>,
    headers: HeaderMap,
    mut query: Query,
) -> Result<Response, Problem> {
    let visit = UserVisit::of(&web, &headers).await?;
    let target = query.take("target_calendar");
    query.end()?;
    page(&web, &visit, target.as_deref(), None).await
}

/// The page; `target` is offered first, and `refusal` says why the form is back.
pub(super) async fn page(
    web: &AppState,
    visit: &UserVisit,
    target: Option<&str>,
    refusal: Option<String>,
) -> Result<Response, Problem> {
    let messages = visit.messages;
    let connection = visit.connection(web).await?;
    let Some(connection) = connection.filter(|one| one.state.is_live()) else {
        return Ok(Redirect::to("/connect/settings").into_response());
    };
    if !connection.scopes.contains(scopes::CALENDAR_LIST) {
        let account = connection.account_email.filter(|email| !email.is_empty());
        let page = ConsentPage { shell: Shell::new(web, messages), messages, account };
        return Ok(render_for_user(web, StatusCode::OK, &page));
    }
    let id = connection.id.clone();
    let found = web.engine.run_to_end(|engine| async move { writable_calendars(&engine, &id).await });
    let found = match found.await? {
        Some(Ok(found)) => found,
        Some(Err(failure)) => {
            let message = Message {
                shell: Shell::new(web, messages),
                title: &messages.calendars_unknown(),
                sentence: failure.reason.to_user(messages.0),
                way_out: &messages.load_again(),
                link: Some(("/connect/calendar", messages.try_again())),
                trace_id: None,
            };
            return Ok(render(StatusCode::BAD_GATEWAY, &message));
        }
        None => return Err(Problem::new(Kind::Unavailable).in_language(messages.0)),
    };
    let chosen = default(&found, &[target, connection.target_calendar_id.as_deref()]);
    let calendars = found.into_iter().enumerate().map(|(at, calendar)| Calendar {
        name: if calendar.summary.is_empty() { calendar.id.clone() } else { calendar.summary },
        id: calendar.id,
        is_chosen: at == chosen,
    });
    let is_change = is_change(&connection);
    let page = Page {
        shell: Shell::new(web, messages),
        messages,
        is_change,
        offers_own: is_change && !uses_own(&connection),
        account: connection.account_email.filter(|email| !email.is_empty()),
        calendars: calendars.collect(),
        refusal,
    };
    let status = if page.refusal.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(render_for_user(web, status, &page))
}

/// The place of the first of `wanted` that is there, else of the primary calendar.
fn default(found: &[CalendarEntry], wanted: &[Option<&str>]) -> usize {
    let place = |id: &str| found.iter().position(|calendar| calendar.id == id);
    let primary = || found.iter().position(|calendar| calendar.primary);
    wanted.iter().flatten().find_map(|id| place(id)).or_else(primary).unwrap_or_default()
}

/// Whether a calendar was chosen before.
pub(super) fn is_change(connection: &Integration) -> bool {
    connection.calendar_choice == CalendarChoice::New
        || connection.calendar_state != CalendarState::NotRequested
}

/// Whether it has a calendar of its own, and that is there.
fn uses_own(connection: &Integration) -> bool {
    connection.calendar_choice == CalendarChoice::New && !connection.lost_its_calendar()
}

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
