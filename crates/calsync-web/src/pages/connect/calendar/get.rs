//! `GET /connect/calendar`: the calendars that may be written to. At the connection one is chosen
//! for the first time, with the primary one as default; later, the one in use is the default.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use calsync_core::integration::{CalendarChoice, IntegrationState};
use calsync_engine::connect::{CalendarEntry, writable_calendars};
use calsync_store::integrations::{CalendarPhase, Integration};
use http::{HeaderMap, StatusCode};

use crate::pages::visit::Visitor;
use crate::pages::words::{Words, words};
use crate::pages::{Message, Shell, render, render_for_user};
use crate::problem::{Kind, Problem};
use crate::web::Web;

#[derive(Template)]
#[template(path = "calendar.html")]
struct Page<'a> {
    shell: Shell<'a>,
    words: Words,
    account: Option<String>,
    calendars: Vec<Calendar>,
    /// Whether one is in use already, and everything moves.
    is_change: bool,
    /// Whether a calendar of its own is another choice.
    offers_own: bool,
    refusal: Option<String>,
}

struct Calendar {
    id: String,
    name: String,
    is_chosen: bool,
}

pub(crate) async fn handler(State(web): State<Web>, headers: HeaderMap) -> Result<Response, Problem> {
    let visitor = Visitor::of(&web, &headers).await?;
    page(&web, &visitor, None).await
}

/// The page; `refusal` says why the form is back.
pub(super) async fn page(web: &Web, visitor: &Visitor, refusal: Option<String>) -> Result<Response, Problem> {
    let words = visitor.words;
    let connection = visitor.connection(web).await?;
    let Some(connection) = connection.filter(is_live) else {
        return Ok(Redirect::to("/connect/settings").into_response());
    };
    let found = match writable_calendars(&web.engine, &connection.id).await? {
        Some(Ok(found)) => found,
        Some(Err(failure)) => {
            let message = Message {
                shell: Shell::new(web, words),
                title: &words.calendars_unknown(),
                sentence: failure.reason.to_user(words.0),
                way_out: &words.load_again(),
                link: Some(("/connect/calendar", words.try_again())),
                trace_id: None,
            };
            return Ok(render(StatusCode::BAD_GATEWAY, &message));
        }
        None => return Err(Problem::new(Kind::Unavailable).to(words)),
    };
    let in_use = connection.target_calendar_id.as_deref();
    let is_default = |calendar: &CalendarEntry| match in_use {
        Some(id) => calendar.id == id,
        None => calendar.primary,
    };
    let chosen = found.iter().position(is_default).unwrap_or_default();
    let calendars = found.into_iter().enumerate().map(|(at, calendar)| Calendar {
        name: if calendar.summary.is_empty() { calendar.id.clone() } else { calendar.summary },
        id: calendar.id,
        is_chosen: at == chosen,
    });
    let is_change = is_change(&connection);
    let page = Page {
        shell: Shell::new(web, words),
        words,
        is_change,
        offers_own: is_change && !uses_own(&connection),
        account: connection.account_email.filter(|email| !email.is_empty()),
        calendars: calendars.collect(),
        refusal,
    };
    let status = if page.refusal.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(render_for_user(web, status, &page))
}

/// Whether a calendar can be chosen for it.
fn is_live(connection: &Integration) -> bool {
    !matches!(connection.state, IntegrationState::Disconnecting | IntegrationState::Disconnected)
}

/// Whether a calendar was chosen before.
pub(super) fn is_change(connection: &Integration) -> bool {
    connection.calendar_choice == CalendarChoice::New || connection.calendar_phase != CalendarPhase::Untold
}

/// Whether it has a calendar of its own, and that is there.
fn uses_own(connection: &Integration) -> bool {
    connection.calendar_choice == CalendarChoice::New && !connection.lost_its_calendar()
}

words! {
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
