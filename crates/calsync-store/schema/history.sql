-- What happened: attempts at Google, and what the platform is told of.

-- One outcome of one operation at Google, success or failure. Only added to: what is counted of it stands in
-- uncounted_attempts until the roll-up comes by, so that passes that fail together wait for no row of each other's.
CREATE TABLE calendar_sync_logs (
    id TEXT PRIMARY KEY,
    at BIGINT NOT NULL,
    user_id TEXT NOT NULL,
    integration_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    kind TEXT, -- of the item, if one was concerned
    item_id TEXT,
    operation TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    http_status BIGINT,
    provider_reason TEXT, -- Google's word
    provider_message TEXT, -- Google's sentence, up to 1,000 characters
    group_id TEXT, -- none: it is no sync error
    trace_id TEXT NOT NULL, -- the pass
    CHECK ((kind IS NULL) = (item_id IS NULL)),
    CHECK (group_id IS NULL OR reason IS NOT NULL)
);
-- A user's attempts, newest first.
CREATE INDEX calendar_sync_logs_by_user ON calendar_sync_logs (user_id, id);
-- Sync errors, newest first: of a group, of all, and of a user.
CREATE INDEX calendar_sync_logs_by_group ON calendar_sync_logs (group_id, id) WHERE group_id IS NOT NULL;
CREATE INDEX calendar_sync_logs_errors ON calendar_sync_logs (id) WHERE group_id IS NOT NULL;
CREATE INDEX calendar_sync_logs_errors_by_user ON calendar_sync_logs (user_id, id) WHERE group_id IS NOT NULL;

-- What a transaction added to calendar_sync_logs: a row an hour, user, operation and way to end. The roll-up takes it away in the
-- transaction that counts it, so that each is counted once, however late its transaction committed.
CREATE TABLE uncounted_attempts (
    id TEXT PRIMARY KEY, -- of the first attempt
    user_id TEXT NOT NULL,
    kind TEXT,
    operation TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    http_status BIGINT,
    provider_reason TEXT,
    group_id TEXT,
    attempts BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    CHECK (group_id IS NULL OR reason IS NOT NULL)
);
-- Forgotten with their user.
CREATE INDEX uncounted_attempts_by_user ON uncounted_attempts (user_id);

-- How many attempts ended how, for charts.
CREATE TABLE hourly_attempts (
    hour BIGINT NOT NULL, -- its beginning
    operation TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL, -- empty: none
    attempts BIGINT NOT NULL,
    PRIMARY KEY (hour, operation, outcome, reason)
);

-- Sync errors with the same fingerprint, as far as the roll-up has counted them.
CREATE TABLE error_groups (
    id TEXT PRIMARY KEY, -- the fingerprint
    provider TEXT NOT NULL,
    operation TEXT NOT NULL,
    reason TEXT NOT NULL,
    kind TEXT,
    http_status BIGINT,
    provider_reason TEXT,
    state TEXT NOT NULL, -- `open`, `muted`, `resolved`; `regressed`: an error came after it was resolved
    errors BIGINT NOT NULL,
    affected_users BIGINT NOT NULL, -- those in error_group_users
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL
);
-- Groups, those seen last first.
CREATE INDEX error_groups_by_last_seen ON error_groups (last_seen, id);

-- Whom a group concerns.
CREATE TABLE error_group_users (
    group_id TEXT NOT NULL REFERENCES error_groups (id),
    user_id TEXT NOT NULL,
    PRIMARY KEY (group_id, user_id)
);
-- Forgotten with their user.
CREATE INDEX error_group_users_by_user ON error_group_users (user_id);

-- The change feed, kept for 30 days. A row is written with what changed; its position is given after that was
-- committed, so that no reader can pass it by.
CREATE TABLE changes (
    id TEXT PRIMARY KEY,
    position BIGINT UNIQUE,
    at BIGINT NOT NULL, -- rises for each user
    user_id TEXT NOT NULL,
    kind TEXT, -- of the item; none: it is the user's connection that changed
    item_id TEXT,
    change TEXT NOT NULL,
    outcome TEXT NOT NULL,
    before TEXT NOT NULL, -- JSON
    after TEXT NOT NULL, -- JSON
    link_token BYTEA, -- of the link that it tells of, sealed: each reading tells the same
    CHECK ((kind IS NULL) = (item_id IS NULL))
);
-- What is to get a position, in order.
CREATE INDEX changes_without_position ON changes (at, id) WHERE position IS NULL;
-- A user's newest, which the next one comes after.
CREATE INDEX changes_by_user ON changes (user_id, at);
-- Those that are over.
CREATE INDEX changes_by_age ON changes (at);

-- One row, locked while positions are given.
CREATE TABLE change_feed (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    last_position BIGINT NOT NULL
);
INSERT INTO change_feed (id, last_position) VALUES (1, 0);

-- The platform's webhook, one row. From when one is set up on there is a delivery for all that it is sent.
CREATE TABLE webhook_endpoint (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    url_hash TEXT NOT NULL, -- the address itself may hold a secret
    disabled_at BIGINT -- since when nothing is sent
);

-- A message to the webhook, written with what it tells of. Those of a stream are sent in the order of `at`, which rises
-- within a stream.
CREATE TABLE webhook_deliveries (
    id TEXT PRIMARY KEY, -- that of its change, if it tells of one
    at BIGINT NOT NULL,
    type TEXT NOT NULL,
    stream TEXT NOT NULL, -- an item, or a connection
    user_id TEXT, -- whom it concerns, if anybody
    data TEXT, -- JSON; none: what it tells is the change of the same id
    state TEXT NOT NULL,
    is_replay BOOLEAN NOT NULL, -- it neither waits for others of its stream nor keeps them waiting
    due_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    failures BIGINT NOT NULL, -- in a row
    failing_since BIGINT, -- the first of them
    attempted_at BIGINT, -- the last try that ended, like the next two
    http_status BIGINT,
    error TEXT, -- why it was not taken
    lease_owner TEXT, -- the worker
    lease_until BIGINT NOT NULL, -- by the clock of leases; 0: free
    fence BIGINT NOT NULL,
    CHECK ((lease_owner IS NULL) = (lease_until = 0)),
    CHECK ((failures = 0) = (failing_since IS NULL)),
    CHECK ((attempts = 0) = (attempted_at IS NULL))
);
-- What a worker claims, and when the next is due.
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (state, due_at, id);
-- Whether an earlier one of the stream waits.
CREATE INDEX webhook_deliveries_by_stream ON webhook_deliveries (stream, state, at, id);
-- The list of those in a state, newest first.
CREATE INDEX webhook_deliveries_by_state ON webhook_deliveries (state, id);
-- Those that are over.
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (at);
