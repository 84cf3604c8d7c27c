//! The answers to a slice, as lines of JSON.

use axum::body::Bytes;
use calsync_http::problem::ProblemView;
use serde::Serialize;

use super::line::{Line, Op};
use crate::v1::items::change::ChangeResult;

/// Room for one good line's answer.
const LINE_BYTES: usize = 96;

/// Answers, as they are written.
pub(super) struct Answers<'a> {
    trace_id: &'a str,
    text: Vec<u8>,
}

#[derive(Serialize)]
struct LineAnswer<'a> {
    line: usize,
    kind: Option<&'a str>,
    item_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemView<'a>>,
}

impl<'a> Answers<'a> {
    pub(super) fn new(trace_id: &'a str) -> Self {
        Self { trace_id, text: Vec::with_capacity(super::SLICE_LINES_MAX * LINE_BYTES) }
    }

    /// Answers one line.
    pub(super) fn push(&mut self, line: &Line, result: &ChangeResult) {
        let (kind, item_id, user_id) = match &line.op {
            Op::Put(key, _) | Op::Delete(key, _) => (Some(key.kind.name()), Some(key.id.as_str()), None),
            Op::PutUser(user) => (None, None, Some(user.user_id.as_str())),
            Op::Bad(bad) => {
                (bad.sent.kind.as_deref(), bad.sent.item_id.as_deref(), bad.sent.user_id.as_deref())
            }
        };
        let (status, problem) = match result {
            ChangeResult::Stored(status) => (*status, None),
            ChangeResult::Refused(problem) => (problem.status(), Some(problem.view(self.trace_id))),
        };
        let answer =
            LineAnswer { line: line.number, kind, item_id, user_id, status: status.as_u16(), problem };
        // Writing into memory doesn't fail, nor do these types.
        if serde_json::to_writer(&mut self.text, &answer).is_ok() {
            self.text.push(b'\n');
        }
    }

    pub(super) fn into_bytes(self) -> Bytes {
        self.text.into()
    }
}
