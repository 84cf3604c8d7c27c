//! The schemas of bodies. Lists of names come from the types that use them.

use calsync_core::change::{Change, ChangeOutcome};
use calsync_core::grant::Cause;
use calsync_core::integration::IntegrationState;
use calsync_core::item::ItemKind;
use calsync_core::reason::Reason;
use calsync_core::sync_state::SyncState;
use calsync_core::webhook::DeliveryState;
use serde_json::{Value, json};

/// All schemas, by name.
pub(super) fn schemas() -> Value {
    json!({
        "Problem": problem(),
        "FieldError": object(json!({"field": text(), "message": text()}), &["field", "message"]),
        "UserBody": user_body(),
        "User": user(),
        "CleanUpLinkRequest": object(json!({"expires_in": or_null(expires_in())}), &[]),
        "ConnectLinkRequest": connect_link_request(),
        "ConnectLink": object(json!({"url": text(), "expires_at": time()}), &["url", "expires_at"]),
        "ItemBody": object(item_fields(), &["user_ids", "title", "status"]),
        "Item": item(),
        "ItemSync": item_sync(),
        "ItemList": list("Item"),
        "BatchLine": batch_line(),
        "BatchAnswer": batch_answer(),
        "Refusal": refusal(),
        "RefusalList": list("Refusal"),
        "Change": change(),
        "ChangeList": list("Change"),
        "NoFields": object(json!({}), &[]),
        "WebhookDelivery": webhook_delivery(),
        "WebhookDeliveryList": webhook_delivery_list(),
        "Integration": integration(),
        "NextStep": object(json!({
            "text": text(),
            "who": {"type": "string", "enum": ["user", "support", "operator", "nobody"]},
            "action": or_null(text()),
        }), &["text", "who", "action"]),
        "IntegrationList": list("Integration"),
        "Health": object(json!({"status": {"type": "string", "enum": ["ok"]}}), &["status"]),
        "Metrics": text(),
        "OpenApi": {"type": "object"},
    })
}

/// The schema of a parameter, by its name.
pub(super) fn parameter(name: &str) -> Value {
    match name {
        "kind" => kind(),
        "state" => json!({"type": "string"}),
        "limit" => json!({"type": "integer", "minimum": 1, "maximum": 200, "default": 50}),
        "version" => json!({"type": "integer", "minimum": 0}),
        "since" | "until" => time(),
        "user_id" | "item_id" => id(),
        _ => text(),
    }
}

pub(super) fn text() -> Value {
    json!({"type": "string"})
}

pub(super) fn id() -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": 128})
}

pub(super) fn time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

fn date() -> Value {
    json!({"type": "string", "format": "date"})
}

pub(super) fn count() -> Value {
    json!({"type": "integer", "minimum": 0})
}

pub(super) fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

pub(super) fn or_null(schema: Value) -> Value {
    json!({"anyOf": [schema, {"type": "null"}]})
}

pub(super) fn kind() -> Value {
    json!({"type": "string", "enum": ItemKind::ALL.map(ItemKind::name)})
}

pub(super) fn reason() -> Value {
    let names: Vec<&str> = Reason::ALL.iter().map(|reason| reason.name()).collect();
    or_null(json!({"type": "string", "enum": names}))
}

/// An object with no other fields.
pub(super) fn object(properties: Value, required: &[&str]) -> Value {
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// An object that always has all of its fields.
pub(super) fn full_object(properties: Value) -> Value {
    let required: Vec<String> =
        properties.as_object().into_iter().flat_map(|map| map.keys().cloned()).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

pub(super) fn list(of: &str) -> Value {
    full_object(json!({
        "items": {"type": "array", "items": reference(of)},
        "next_cursor": or_null(text()),
    }))
}

fn problem() -> Value {
    object(
        json!({
            "type": {"type": "string", "description": "Stable: tell problems apart by it"},
            "title": text(),
            "status": {"type": "integer"},
            "detail": text(),
            "errors": {"type": "array", "items": reference("FieldError")},
            "trace_id": text(),
        }),
        &["type", "title", "status", "trace_id"],
    )
}

fn connect_link_request() -> Value {
    let return_url = json!({"type": "string", "description": "Under one of platform.return_urls"});
    object(json!({"return_url": or_null(return_url), "expires_in": or_null(expires_in())}), &[])
}

fn expires_in() -> Value {
    json!({"type": "integer", "minimum": 1, "maximum": 604_800, "default": 900})
}

fn user_fields() -> Value {
    json!({"email": text(), "name": or_null(text()), "time_zone": or_null(text()), "locale": or_null(text())})
}

fn user_body() -> Value {
    object(user_fields(), &["email"])
}

fn user() -> Value {
    let mut fields = user_fields();
    fields["user_id"] = id();
    fields["email"] = or_null(text());
    full_object(fields)
}

fn item_fields() -> Value {
    json!({
        "user_ids": {"type": "array", "items": id(), "minItems": 1, "maxItems": 100},
        "title": {"type": "string", "minLength": 1, "maxLength": 1024},
        "description": or_null(json!({"type": "string", "maxLength": 8000})),
        "starts_at": or_null(time()),
        "ends_at": or_null(time()),
        "due_at": or_null(time()),
        "due_on": or_null(date()),
        "estimated_minutes": or_null(json!({"type": "integer", "minimum": 1, "maximum": 10_080})),
        "time_zone": or_null(text()),
        "meeting_url": or_null(text()),
        "url": or_null(text()),
        "status": {"type": "string", "enum": ["active", "completed", "cancelled"]},
        "version": or_null(count()),
    })
}

fn item() -> Value {
    let mut fields = item_fields();
    fields["kind"] = kind();
    fields["item_id"] = id();
    fields["sync"] = json!({"type": "array", "items": reference("ItemSync")});
    // What the platform said of it is missing where it can't be read any more, until it is put again.
    object(fields, &["kind", "item_id", "sync"])
}

fn item_sync() -> Value {
    let states: Vec<&str> = SyncState::ALL.iter().map(|state| state.name()).collect();
    full_object(json!({
        "user_id": id(),
        "state": {"type": "string", "enum": states},
        "reason": reason(),
        "sentence": text(),
        "remote": or_null(full_object(json!({
            "type": {"type": "string", "enum": ["event", "task"]},
            "id": text(),
            "calendar_id": or_null(text()),
            "etag": or_null(text()),
            "html_link": or_null(text()),
        }))),
        "last_synced_at": or_null(time()),
        "verified_at": or_null(time()),
    }))
}

fn batch_line() -> Value {
    let mut fields = item_fields();
    for (name, schema) in user_fields().as_object().into_iter().flatten() {
        fields[name] = schema.clone();
    }
    fields["op"] = json!({"type": "string", "enum": ["put", "delete", "put_user"]});
    fields["kind"] = kind();
    fields["item_id"] = id();
    fields["user_id"] = id();
    object(fields, &["op"])
}

fn batch_answer() -> Value {
    object(
        json!({
            "line": {"type": "integer", "minimum": 1},
            "kind": or_null(text()),
            "item_id": or_null(text()),
            "user_id": text(),
            "status": {"type": "integer"},
            "problem": reference("Problem"),
        }),
        &["line", "kind", "item_id", "status"],
    )
}

fn refusal() -> Value {
    full_object(json!({
        "id": text(),
        "at": time(),
        "key_name": text(),
        "kind": or_null(text()),
        "item_id": or_null(text()),
        "user_id": or_null(text()),
        "status": {"type": "integer"},
        "errors": {"type": "array", "items": reference("FieldError")},
    }))
}

fn change() -> Value {
    let changes: Vec<&str> = Change::ALL.iter().map(|change| change.name()).collect();
    let outcomes: Vec<&str> = ChangeOutcome::ALL.iter().map(|outcome| outcome.name()).collect();
    full_object(json!({
        "cursor": text(),
        "id": text(),
        "at": time(),
        "kind": or_null(kind()),
        "item_id": or_null(id()),
        "user_id": id(),
        "change": {"type": "string", "enum": changes},
        "outcome": {"type": "string", "enum": outcomes},
        "before": {"type": "object"},
        "after": {"type": "object"},
    }))
}

fn webhook_delivery() -> Value {
    let states: Vec<&str> = DeliveryState::ALL.iter().map(|state| state.name()).collect();
    full_object(json!({
        "id": {"type": "string", "description": "The webhook-id; of a change its id in the feed"},
        "type": text(),
        "at": time(),
        "user_id": or_null(id()),
        "kind": or_null(kind()),
        "item_id": or_null(id()),
        "state": {"type": "string", "enum": states},
        "attempts": count(),
        "attempted_at": or_null(time()),
        "next_attempt_at": or_null(time()),
        "http_status": or_null(json!({"type": "integer"})),
        "error": or_null(text()),
    }))
}

fn webhook_delivery_list() -> Value {
    let mut list = list("WebhookDelivery");
    list["properties"]["endpoint"] = full_object(json!({
        "state": {"type": "string", "enum": ["none", "enabled", "disabled"]},
        "disabled_at": or_null(time()),
    }));
    list["required"] = json!(["items", "next_cursor", "endpoint"]);
    list
}

fn integration() -> Value {
    let states: Vec<&str> = IntegrationState::ALL.iter().map(|state| state.name()).collect();
    full_object(json!({
        "provider": text(),
        "state": {"type": "string", "enum": states},
        "reason": reason(),
        "cause": or_null(json!({"type": "string", "enum": Cause::ALL.iter().map(|cause| cause.name()).collect::<Vec<_>>()})),
        "evidence": or_null(text()),
        "sentence": text(),
        "next_step": reference("NextStep"),
        "account_email": or_null(text()),
        "target_calendar": or_null(full_object(json!({"id": text(), "summary": or_null(text())}))),
        "scopes": {"type": "array", "items": text()},
        "token_renews_at": or_null(time()),
        "connected_at": or_null(time()),
        "last_success_at": or_null(time()),
        "last_error_at": or_null(time()),
        "counts": full_object(json!({
            "synced": count(), "waiting": count(), "parked": count(), "held": count(),
        })),
        "channel": full_object(json!({"state": text(), "expires_at": or_null(time())})),
        "incident_id": or_null(text()),
        "paused_since": or_null(time()),
        "same_account_users": or_null(json!({"type": "array", "items": text()})),
    }))
}
