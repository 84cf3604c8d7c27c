-- A disconnect is a saga: six steps in order, each kept with its receipt before the next begins.

CREATE TABLE disconnects (
    id TEXT PRIMARY KEY,
    integration_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    remote_items TEXT NOT NULL,
    state TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    admin_id TEXT,
    note TEXT,
    -- Of the step in hand: failures in a row, and how many items it removed so far.
    tries BIGINT NOT NULL,
    removed BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    lease_owner TEXT,
    lease_until BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX disconnects_due ON disconnects (due_at, id) WHERE state = 'running';
CREATE UNIQUE INDEX disconnects_running ON disconnects (integration_id) WHERE state = 'running';
CREATE INDEX disconnects_by_user ON disconnects (user_id, id);

-- One row a step that ended.
CREATE TABLE disconnect_steps (
    disconnect_id TEXT NOT NULL REFERENCES disconnects (id),
    name TEXT NOT NULL,
    outcome TEXT NOT NULL,
    receipt TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (disconnect_id, name)
);

CREATE INDEX user_integrations_by_account ON user_integrations (account_sub) WHERE account_sub IS NOT NULL;
