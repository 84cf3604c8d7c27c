//! The schemas of the admin API's bodies.

use calsync_core::disconnect::{RemoteItems, SagaState, StepName, StepOutcome};
use calsync_core::integration::{ConnectOutcome, IntegrationState};
use calsync_core::managed::Field;
use calsync_core::merge::Verdict;
use calsync_core::outcome::{Operation, Outcome};
use calsync_core::pause::PauseScope;
use calsync_core::reason::Reason;
use serde_json::{Value, json};

use super::schemas::{count, full_object, id, kind, list, object, or_null, reason, reference, text, time};

/// All of them, by name.
pub(super) fn schemas() -> Value {
    json!({
        "AdminUser": admin_user(),
        "AdminUserList": list("AdminUser"),
        "ConnectAttempt": connect_attempt(),
        "ConnectAttemptList": list("ConnectAttempt"),
        "SyncError": sync_error(),
        "SyncErrorList": list("SyncError"),
        "ErrorGroup": error_group(),
        "ErrorGroupList": list("ErrorGroup"),
        "DisconnectRequest": disconnect_request(),
        "DisconnectPreview": full_object(json!({
            "channels": count(), "items": count(), "waiting": count(),
            "other_scopes": {"type": "array", "items": text()},
        })),
        "Disconnect": disconnect(),
        "ItemTrace": item_trace(),
        "UserEdit": user_edit(),
        "Noted": object(json!({"note": note()}), &["note"]),
        "PauseRequest": pause_request(),
        "Pause": pause(),
        "PauseList": list("Pause"),
        "Overview": overview(),
        "AuditRow": audit_row(),
        "AuditList": list("AuditRow"),
    })
}

fn a_reason() -> Value {
    let names: Vec<&str> = Reason::ALL.iter().map(|reason| reason.name()).collect();
    json!({"type": "string", "enum": names})
}

fn operation() -> Value {
    let names: Vec<&str> = Operation::ALL.iter().map(|operation| operation.name()).collect();
    json!({"type": "string", "enum": names})
}

fn admin_user() -> Value {
    let states: Vec<&str> = IntegrationState::ALL.iter().map(|state| state.name()).collect();
    full_object(json!({
        "user_id": id(),
        "email": or_null(text()),
        "name": or_null(text()),
        "state": {"type": "string", "enum": states},
        "reason": reason(),
        "last_success_at": or_null(time()),
        "last_error_at": or_null(time()),
    }))
}

fn connect_attempt() -> Value {
    let outcomes: Vec<&str> = ConnectOutcome::ALL.iter().map(|outcome| outcome.name()).collect();
    full_object(json!({
        "id": text(),
        "started_at": time(),
        "ended_at": or_null(time()),
        "outcome": or_null(json!({"type": "string", "enum": outcomes})),
        "reason": reason(),
        "account_email": or_null(text()),
        "missing_scopes": {"type": "array", "items": text()},
        "sentence": text(),
    }))
}

fn sync_error() -> Value {
    let outcomes: Vec<&str> = Outcome::ALL.iter().map(|outcome| outcome.name()).collect();
    full_object(json!({
        "id": text(),
        "at": time(),
        "user_id": id(),
        "provider": text(),
        "kind": or_null(text()),
        "item_id": or_null(text()),
        "operation": operation(),
        "outcome": {"type": "string", "enum": outcomes},
        "reason": a_reason(),
        "sentence": text(),
        "next_step": reference("NextStep"),
        "http_status": or_null(json!({"type": "integer"})),
        "provider_reason": or_null(text()),
        "provider_message": or_null(text()),
        "group_id": or_null(text()),
        "trace_id": text(),
    }))
}

fn error_group() -> Value {
    let scopes = ["item", "calendar", "user", "domain", "client", "project", "google", "service"];
    full_object(json!({
        "id": text(),
        "reason": a_reason(),
        "operation": operation(),
        "scope": {"type": "string", "enum": scopes},
        "state": {"type": "string", "enum": ["open", "muted", "resolved", "regressed"]},
        "first_seen": time(),
        "last_seen": time(),
        "errors": count(),
        "affected_users": count(),
        "why": text(),
        "sentence": text(),
        "next_step": reference("NextStep"),
    }))
}

fn names<T: Copy>(all: &[T], name: impl Fn(T) -> &'static str) -> Value {
    let names: Vec<&str> = all.iter().map(|one| name(*one)).collect();
    json!({"type": "string", "enum": names})
}

fn note() -> Value {
    json!({"type": "string", "minLength": 3, "maxLength": 500, "description": "Why; for the audit"})
}

fn disconnect_request() -> Value {
    object(
        json!({
            "note": note(),
            "remote_items": names(RemoteItems::ALL, RemoteItems::name),
            "dry_run": {"type": "boolean", "default": false},
        }),
        &["note"],
    )
}

fn disconnect() -> Value {
    let step = full_object(json!({
        "name": names(StepName::ALL, StepName::name),
        "outcome": names(StepOutcome::ALL, StepOutcome::name),
        "receipt": text(),
        "at": time(),
    }));
    full_object(json!({
        "id": text(),
        "state": names(SagaState::ALL, SagaState::name),
        "user_id": id(),
        "provider": text(),
        "remote_items": names(RemoteItems::ALL, RemoteItems::name),
        "note": or_null(text()),
        "created_at": time(),
        "ended_at": or_null(time()),
        "leftovers": full_object(json!({
            "count": count(),
            "items": {"type": "array", "items": full_object(json!({"kind": text(), "item_id": id()}))},
        })),
        "steps": {"type": "array", "items": step},
    }))
}

fn pause_request() -> Value {
    let operations: Vec<Operation> =
        Operation::ALL.iter().copied().filter(|operation| operation.can_be_paused()).collect();
    object(
        json!({
            "note": note(),
            "user_id": or_null(id()),
            "domain": or_null(json!({"type": "string", "description": "A Google Workspace domain"})),
            "operation": or_null(names(&operations, Operation::name)),
        }),
        &["note"],
    )
}

fn pause() -> Value {
    full_object(json!({
        "id": text(),
        "scope": names(PauseScope::ALL, PauseScope::name),
        "key": or_null(text()),
        "reason": a_reason(),
        "sentence": text(),
        "since": time(),
        "until": or_null(time()),
        "next_probe_at": or_null(time()),
        "note": or_null(text()),
        "admin_id": or_null(text()),
    }))
}

fn item_trace() -> Value {
    let all_of = |schema| json!({"type": "array", "items": reference(schema)});
    full_object(json!({
        "kind": kind(),
        "item_id": id(),
        "received": {"type": "boolean"},
        "deleted": {"type": "boolean"},
        "sentence": or_null(text()),
        "sync": all_of("ItemSync"),
        "refusals": all_of("Refusal"),
        "user_edits": all_of("UserEdit"),
    }))
}

fn user_edit() -> Value {
    let words = |description: &str| json!({"description": description});
    full_object(json!({
        "user_id": id(),
        "field": names(Field::ALL, Field::name),
        "before": words("What the field said before; null where it isn't known, and for all but owners"),
        "after": words("What the user made of it, in full; null for all but owners"),
        "verdict": names(Verdict::ALL, Verdict::name),
        "sentence": text(),
        "seen_at": time(),
        "google_updated_at": or_null(time()),
    }))
}

fn overview() -> Value {
    let states = IntegrationState::ALL.iter().map(|state| (state.name().to_owned(), count()));
    let rate = || or_null(json!({"type": "number", "minimum": 0, "maximum": 1}));
    full_object(json!({
        "since": time(),
        "connections": full_object(states.collect()),
        "oauth": full_object(json!({
            "reached_google": count(), "connected": count(), "denied_by_user": count(), "rate": rate(),
        })),
        "cleanup": full_object(json!({
            "disconnects": count(), "verified_clean": count(), "leftovers": count(), "rate": rate(),
        })),
    }))
}

fn audit_row() -> Value {
    full_object(json!({
        "id": text(),
        "created_at": time(),
        "admin_id": text(),
        "action": text(),
        "target_id": text(),
        "note": or_null(text()),
        "metadata": {"type": "object"},
    }))
}
