-- Leaving: users who are being deleted, what a disconnect could not remove, and the consents by which it is removed
-- later.

ALTER TABLE users ADD COLUMN deleting_since BIGINT;
CREATE INDEX users_being_deleted ON users (deleting_since) WHERE deleting_since IS NOT NULL;

-- The connection as it was when its disconnect began: a later one takes its place in user_integrations.
ALTER TABLE disconnects ADD COLUMN account_sub TEXT;
ALTER TABLE disconnects ADD COLUMN account_email TEXT;
ALTER TABLE disconnects ADD COLUMN calendar_choice TEXT NOT NULL DEFAULT 'new';
ALTER TABLE disconnects ADD COLUMN calendar_state TEXT NOT NULL DEFAULT 'not_requested';
ALTER TABLE disconnects ADD COLUMN target_calendar_id TEXT;
ALTER TABLE disconnects ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0;
-- The clean-up that carries it on, once its user consented.
ALTER TABLE disconnects ADD COLUMN clean_up_id TEXT;
UPDATE disconnects SET (account_sub, account_email, calendar_choice, calendar_state, target_calendar_id, epoch) = (
    SELECT account_sub, account_email, calendar_choice, calendar_state, target_calendar_id, epoch
    FROM user_integrations WHERE id = integration_id)
WHERE integration_id IN (SELECT id FROM user_integrations);
CREATE INDEX disconnects_by_time ON disconnects (created_at);
CREATE INDEX disconnects_by_integration ON disconnects (integration_id, id);
-- A clean-up may run beside the disconnect of a later connection.
DROP INDEX disconnects_running;
CREATE UNIQUE INDEX disconnects_running ON disconnects (integration_id) WHERE state = 'running' AND clean_up_id IS NULL;

-- A clean-up takes these steps again; until it did, they tell how they ended before.
ALTER TABLE disconnect_steps ADD COLUMN is_open BOOLEAN NOT NULL DEFAULT FALSE;

-- Events that a disconnect could not remove and that are not removed since.
CREATE TABLE disconnect_leftovers (
    disconnect_id TEXT NOT NULL REFERENCES disconnects (id),
    google_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    item_id TEXT NOT NULL,
    PRIMARY KEY (disconnect_id, google_id)
);

-- A consent that removes what was left: its link, the way to Google and back, and the grant until it is ended. What is
-- secret is sealed, and wiped at the end.
CREATE TABLE clean_ups (
    id TEXT PRIMARY KEY,
    disconnect_id TEXT NOT NULL REFERENCES disconnects (id),
    user_id TEXT NOT NULL,
    link_hash TEXT NOT NULL UNIQUE,
    expires_at BIGINT NOT NULL,
    state_hash TEXT UNIQUE,
    browser_hash TEXT UNIQUE,
    verifier BYTEA,
    access_token BYTEA,
    refresh_token BYTEA,
    token_expires_at BIGINT,
    created_at BIGINT NOT NULL,
    ended_at BIGINT,
    reason TEXT
);
CREATE INDEX clean_ups_by_disconnect ON clean_ups (disconnect_id);
CREATE INDEX clean_ups_by_user ON clean_ups (user_id);

CREATE INDEX connect_attempts_by_time ON connect_attempts (started_at);
CREATE INDEX connect_links_by_user ON connect_links (user_id);
