//! What users read while their old connection is being ended and they want a new one. The page goes on
//! by itself, without script by loading itself again, to what stands at its address then.

use askama::Template;
use axum::response::Response;
use http::StatusCode;

use crate::messages::{Messages, messages};
use crate::shell::{Shell, render_for_user};
use calsync_http::app_state::AppState;

#[derive(Template)]
#[template(path = "waiting.html")]
struct Page<'a> {
    shell: Shell<'a>,
    messages: Messages,
}

pub(super) fn page(web: &AppState, messages: Messages) -> Response {
    render_for_user(web, StatusCode::OK, &Page { shell: Shell::new(web, messages), messages })
}

messages! {
    still_disconnecting() {
        "Your old connection is still being ended."
        "以前の接続を解除している途中です。"
        "이전 연결을 아직 해제하고 있습니다."
    }
    goes_on_by_itself() {
        "This takes a moment, a few minutes at most. The page then goes on by itself, and you can connect again."
        "通常は数分以内に完了します。完了すると自動的に次の画面に進み、もう一度接続できます。"
        "보통 몇 분 안에 끝납니다. 끝나면 화면이 자동으로 넘어가며 다시 연결할 수 있습니다."
    }
}
