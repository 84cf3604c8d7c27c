-- The end of connections, and what is cleaned up after it.

-- A saga: six steps in order, each kept with its receipt before the next begins. A user who is forgotten is taken out
-- of it; it still counts.
CREATE TABLE disconnects (
    id TEXT PRIMARY KEY,
    integration_id TEXT NOT NULL, -- empty: forgotten, like the next
    user_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    remote_items TEXT NOT NULL, -- what becomes of what was synced: `remove` or `keep`
    state TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    admin_id TEXT, -- the admin's id, or the name of an API key, if an admin wanted it
    note TEXT, -- the admin's, 3 to 500 characters
    tries BIGINT NOT NULL, -- failures in a row of the step in hand
    removed BIGINT NOT NULL, -- events that it removed so far
    due_at BIGINT NOT NULL,
    lease_owner TEXT, -- the worker
    lease_until BIGINT NOT NULL, -- by the clock of leases; 0: free
    fence BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at BIGINT,
    -- The connection as it was at the beginning: a later one takes its place in user_integrations.
    account_sub TEXT,
    account_email TEXT,
    calendar_choice TEXT NOT NULL DEFAULT 'new',
    target_calendar_id TEXT,
    epoch BIGINT NOT NULL DEFAULT 0,
    clean_up_id TEXT, -- the clean-up that carries it on, or did
    CHECK ((state = 'running') = (ended_at IS NULL)),
    CHECK ((requested_by = 'admin') = (admin_id IS NOT NULL)),
    CHECK ((lease_owner IS NULL) = (lease_until = 0))
);
-- What a worker claims, and when the next is due.
CREATE INDEX disconnects_due ON disconnects (due_at, id) WHERE state = 'running';
-- When the next lease ends.
CREATE INDEX disconnects_leased ON disconnects (lease_until) WHERE lease_until > 0;
-- Whether another one still needs a grant of the same account.
CREATE INDEX disconnects_running_by_account ON disconnects (account_sub) WHERE state = 'running';
-- Those that ended long ago are forgotten.
CREATE INDEX disconnects_by_end ON disconnects (state, ended_at) WHERE ended_at IS NOT NULL;
-- A user's disconnects, newest first.
CREATE INDEX disconnects_by_user ON disconnects (user_id, id);
-- The figures since a time.
CREATE INDEX disconnects_by_time ON disconnects (created_at);
-- Those of an integration that left something.
CREATE INDEX disconnects_by_integration ON disconnects (integration_id, id);
-- One at a time; a clean-up may run beside the disconnect of a later connection.
CREATE UNIQUE INDEX disconnects_running ON disconnects (integration_id) WHERE state = 'running' AND clean_up_id IS NULL;

-- Steps that ended.
CREATE TABLE disconnect_steps (
    disconnect_id TEXT NOT NULL REFERENCES disconnects (id),
    name TEXT NOT NULL,
    outcome TEXT NOT NULL,
    receipt TEXT NOT NULL, -- what happened, in a sentence or two for people
    at BIGINT NOT NULL,
    is_open BOOLEAN NOT NULL DEFAULT FALSE, -- a clean-up takes it again; until then it tells how it ended before
    PRIMARY KEY (disconnect_id, name)
);

-- Events that a disconnect could not remove and that are not removed since.
CREATE TABLE disconnect_leftovers (
    disconnect_id TEXT NOT NULL REFERENCES disconnects (id),
    google_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    item_id TEXT NOT NULL,
    calendar_id TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (disconnect_id, google_id)
);

-- A consent by which what was left is removed: its link, the way to Google and back, and the grant until the end, when
-- all that is sealed is wiped.
CREATE TABLE clean_ups (
    id TEXT PRIMARY KEY,
    disconnect_id TEXT NOT NULL REFERENCES disconnects (id),
    user_id TEXT NOT NULL,
    link_hash TEXT NOT NULL UNIQUE,
    expires_at BIGINT NOT NULL, -- the link's end, then that of the way to Google and back
    state_hash TEXT UNIQUE, -- set when the link's form was sent, like the next
    browser_hash TEXT UNIQUE,
    verifier BYTEA, -- PKCE's, sealed; wiped on the way back
    access_token BYTEA, -- sealed, like the next
    refresh_token BYTEA,
    token_expires_at BIGINT,
    created_at BIGINT NOT NULL,
    ended_at BIGINT,
    reason TEXT, -- why nothing could be removed
    CHECK ((state_hash IS NULL) = (browser_hash IS NULL)),
    CHECK ((access_token IS NULL) = (token_expires_at IS NULL)),
    CHECK (ended_at IS NULL OR (verifier IS NULL AND access_token IS NULL AND refresh_token IS NULL))
);
-- The foreign key.
CREATE INDEX clean_ups_by_disconnect ON clean_ups (disconnect_id);
-- Forgotten with their user.
CREATE INDEX clean_ups_by_user ON clean_ups (user_id);
-- Verifiers of those who never came back, to be wiped.
CREATE INDEX clean_ups_with_verifier ON clean_ups (expires_at) WHERE verifier IS NOT NULL;
