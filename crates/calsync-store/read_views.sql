
-- What people and reports may read, on Postgres: times as times, JSON as JSON, and no secret. `{schema}` is the schema
-- of the tables.
CREATE SCHEMA IF NOT EXISTS "{schema}_read";

CREATE VIEW "{schema}_read".user_integrations AS
SELECT g.id, g.user_id, g.provider, g.state, g.reason, g.account_email, g.account_domain, g.scopes, g.calendar_choice,
    g.target_calendar_id, c.summary AS target_calendar_summary, g.disabled_kinds,
    to_timestamp(c.closed_at / 1e6) AS target_calendar_closed_at,
    to_timestamp(NULLIF(g.expires_at, 0) / 1e6) AS expires_at,
    to_timestamp(g.needs_action_at / 1e6) AS needs_action_at,
    to_timestamp(g.connected_at / 1e6) AS connected_at,
    to_timestamp(g.last_success_at / 1e6) AS last_success_at,
    to_timestamp(g.last_error_at / 1e6) AS last_error_at,
    to_timestamp(g.created_at / 1e6) AS created_at,
    to_timestamp(g.updated_at / 1e6) AS updated_at
FROM user_integrations g
LEFT JOIN calendars c ON c.integration_id = g.id AND c.epoch = g.epoch AND c.calendar_id = g.target_calendar_id;

CREATE VIEW "{schema}_read".sync_mappings AS
SELECT m.integration_id, g.user_id, m.kind, m.item_id,
    m.sync_state AS state, m.reason, m.event_state, m.calendar_id, m.google_id, m.etag, m.base::JSONB AS base, r.event::JSONB AS remote_event,
    to_timestamp(m.due_at / 1e6) AS due_at,
    to_timestamp(m.last_synced_at / 1e6) AS last_synced_at,
    to_timestamp(m.verified_at / 1e6) AS verified_at,
    to_timestamp(m.created_at / 1e6) AS created_at,
    to_timestamp(m.updated_at / 1e6) AS updated_at
FROM sync_mappings m
JOIN user_integrations g ON g.id = m.integration_id
LEFT JOIN remote_events r ON r.integration_id = m.integration_id AND r.kind = m.kind AND r.item_id = m.item_id
    AND r.google_id = m.google_id;

CREATE VIEW "{schema}_read".calendar_sync_logs AS
SELECT id, to_timestamp(at / 1e6) AS at, user_id, integration_id, provider, kind, item_id, operation, outcome, reason,
    http_status::TEXT AS http_status, provider_reason, provider_message, group_id, trace_id
FROM calendar_sync_logs;

CREATE VIEW "{schema}_read".admin_audit_logs AS
SELECT id, to_timestamp(created_at / 1e6) AS created_at, admin_id, action, target_id, note, metadata::JSONB AS metadata
FROM admin_audit_logs;
