-- Times are microseconds since 1970 in UTC; JSON is TEXT; sealed values are BLOB (BYTEA on Postgres).
-- The two databases keep the same numbers, names and columns: a test compares them.

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE users (
    user_id TEXT PRIMARY KEY,
    email TEXT,
    name TEXT,
    time_zone TEXT,
    locale TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE items (
    kind TEXT NOT NULL,
    item_id TEXT NOT NULL,
    body TEXT NOT NULL,
    version BIGINT,
    revision BIGINT NOT NULL,
    deleted BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (kind, item_id)
);

CREATE TABLE item_users (
    kind TEXT NOT NULL,
    item_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    PRIMARY KEY (kind, item_id, user_id)
);
CREATE INDEX item_users_by_user ON item_users (user_id, kind, item_id);

-- Work is due while wake_seq and seen_seq differ; a pass stores the wake_seq that it read at its start.
CREATE TABLE user_integrations (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    access_token BLOB,
    refresh_token BLOB,
    expires_at BIGINT,
    token_version BIGINT NOT NULL,
    refresh_claimed_until BIGINT,
    account_sub TEXT,
    account_email TEXT,
    account_domain TEXT,
    scopes TEXT NOT NULL,
    calendar_choice TEXT NOT NULL,
    calendar_state TEXT NOT NULL,
    target_calendar_id TEXT,
    target_calendar_summary TEXT,
    disabled_kinds TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    wake_seq BIGINT NOT NULL,
    seen_seq BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    not_before BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    lease_owner TEXT,
    lease_until BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    connected_at BIGINT,
    last_success_at BIGINT,
    last_error_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (user_id, provider)
);
CREATE INDEX user_integrations_due ON user_integrations (due_at) WHERE wake_seq <> seen_seq;

-- A mapping is due while desired_revision and synced_revision differ.
CREATE TABLE sync_mappings (
    integration_id TEXT NOT NULL REFERENCES user_integrations (id),
    kind TEXT NOT NULL,
    item_id TEXT NOT NULL,
    desired_revision BIGINT NOT NULL,
    synced_revision BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    -- Raised when the platform removes the item: what Google tells of an earlier incarnation is no removal by the user.
    incarnation BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    event_state TEXT NOT NULL,
    google_id TEXT,
    etag TEXT,
    remote TEXT,
    base TEXT,
    sync_state TEXT NOT NULL,
    reason TEXT,
    failures BIGINT NOT NULL,
    last_synced_at BIGINT,
    verified_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (integration_id, kind, item_id)
);
CREATE INDEX sync_mappings_due ON sync_mappings (integration_id, due_at) WHERE desired_revision <> synced_revision;
CREATE INDEX sync_mappings_by_item ON sync_mappings (kind, item_id);

CREATE TABLE calendar_sync_logs (
    id TEXT PRIMARY KEY,
    at BIGINT NOT NULL,
    user_id TEXT NOT NULL,
    integration_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    kind TEXT,
    item_id TEXT,
    operation TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    http_status BIGINT,
    provider_reason TEXT,
    provider_message TEXT,
    group_id TEXT,
    trace_id TEXT NOT NULL
);
CREATE INDEX calendar_sync_logs_by_user ON calendar_sync_logs (user_id, id);
CREATE INDEX calendar_sync_logs_by_group ON calendar_sync_logs (group_id, id) WHERE group_id IS NOT NULL;

CREATE TABLE error_groups (
    id TEXT PRIMARY KEY,
    provider TEXT NOT NULL,
    operation TEXT NOT NULL,
    reason TEXT NOT NULL,
    kind TEXT,
    http_status BIGINT,
    provider_reason TEXT,
    state TEXT NOT NULL,
    errors BIGINT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL
);
CREATE INDEX error_groups_by_last_seen ON error_groups (last_seen, id);

CREATE TABLE error_group_users (
    group_id TEXT NOT NULL REFERENCES error_groups (id),
    user_id TEXT NOT NULL,
    PRIMARY KEY (group_id, user_id)
);

CREATE TABLE connect_links (
    token_hash TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    return_url TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);

-- One row a try to connect. The verifier is sealed and wiped when the try ends.
CREATE TABLE connect_attempts (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    state_hash TEXT NOT NULL UNIQUE,
    browser_hash TEXT NOT NULL,
    verifier BLOB,
    calendar_choice TEXT NOT NULL,
    scopes TEXT NOT NULL,
    return_url TEXT,
    started_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    outcome TEXT,
    reason TEXT
);
CREATE INDEX connect_attempts_by_user ON connect_attempts (user_id, id);

CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    scope TEXT NOT NULL,
    key_hash TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);

CREATE TABLE refusals (
    id TEXT PRIMARY KEY,
    at BIGINT NOT NULL,
    key_name TEXT NOT NULL,
    kind TEXT,
    item_id TEXT,
    user_id TEXT,
    status BIGINT NOT NULL,
    errors TEXT NOT NULL
);

CREATE TABLE idempotency_keys (
    api_key_id TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    status BIGINT,
    body TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (api_key_id, idempotency_key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

CREATE TABLE admin_audit_logs (
    id TEXT PRIMARY KEY,
    admin_id TEXT NOT NULL,
    action TEXT NOT NULL,
    target_id TEXT NOT NULL,
    note TEXT,
    metadata TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
