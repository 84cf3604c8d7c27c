-- The platform's webhook. From when one is set up on there is a delivery for all that it is sent.

CREATE TABLE webhook_endpoint (
    id BIGINT PRIMARY KEY,
    -- The address itself may hold a secret.
    url_hash TEXT NOT NULL,
    disabled_at BIGINT
);

-- A row is written with what it tells of. The deliveries of a stream are sent in the order of `at`,
-- which rises within a stream; the data of a change is the change of the same id.
CREATE TABLE webhook_deliveries (
    id TEXT PRIMARY KEY,
    at BIGINT NOT NULL,
    type TEXT NOT NULL,
    stream TEXT NOT NULL,
    user_id TEXT,
    data TEXT,
    state TEXT NOT NULL,
    -- A replay neither waits for others of its stream nor keeps them waiting.
    is_replay BOOLEAN NOT NULL,
    due_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    failing_since BIGINT,
    attempted_at BIGINT,
    http_status BIGINT,
    error TEXT,
    lease_until BIGINT NOT NULL,
    fence BIGINT NOT NULL
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (state, due_at, id);
CREATE INDEX webhook_deliveries_by_stream ON webhook_deliveries (stream, state, at, id);
CREATE INDEX webhook_deliveries_by_state ON webhook_deliveries (state, id);
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (at);

-- Links that ended long ago are forgotten.
CREATE INDEX connect_links_by_end ON connect_links (expires_at);
