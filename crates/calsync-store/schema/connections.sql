-- Connections of users, the ways in which they come about, and what is known of each item's event.

-- A user's connection to a provider; also one that ended, until another takes its place. A worker claims it. Work is
-- due while wake_seq and seen_seq differ: a pass stores the wake_seq that it read at its start. In the same way it is
-- to be counted while state and counted_state differ.
CREATE TABLE user_integrations (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT, -- why it is in that state
    access_token BYTEA, -- sealed, like the next
    refresh_token BYTEA,
    expires_at BIGINT, -- the access token's end; 0: Google does not take it any more
    token_version BIGINT NOT NULL, -- raised by each change of the tokens
    refresh_claimed_until BIGINT, -- somebody renews the tokens, by the clock of leases
    account_sub TEXT, -- the Google account's stable id
    account_email TEXT,
    account_domain TEXT, -- its Workspace domain
    scopes TEXT NOT NULL, -- granted; apart by spaces
    calendar_choice TEXT NOT NULL, -- `new`: one that we make; `existing`: one of the user's
    target_calendar_id TEXT, -- in calendars, of this epoch; none: not chosen yet, or not made
    disabled_kinds TEXT NOT NULL, -- that the user turned off; apart by spaces
    epoch BIGINT NOT NULL, -- counts the connections that started from nothing; in the ids of events
    wake_seq BIGINT NOT NULL, -- counts what made work due
    seen_seq BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    not_before BIGINT NOT NULL, -- slowed down, by Google or a rule; 0: not
    failures BIGINT NOT NULL, -- of the whole integration, in a row
    lease_owner TEXT, -- the worker
    lease_until BIGINT NOT NULL, -- by the clock of leases; 0: free
    fence BIGINT NOT NULL, -- raised by each claim, and by what revokes one: an earlier holder writes nothing
    connected_at BIGINT,
    last_success_at BIGINT,
    last_error_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    -- What is known of the grant, so that the likely cause of its end can be inferred.
    client_id TEXT, -- the OAuth client that it was given to
    refresh_issued_at BIGINT,
    refresh_ends_at BIGINT, -- where Google told it
    refresh_used_at BIGINT,
    refresh_due_at BIGINT, -- Google ends a grant that lies idle: by then it is used, wanted or not
    grant_number BIGINT, -- the how many-th of its account and client it is
    needs_action_at BIGINT, -- since when it needs its user
    is_paused BOOLEAN NOT NULL DEFAULT FALSE, -- by an admin: its user, or its domain
    counted_state TEXT NOT NULL DEFAULT '', -- in which connection_counts has it; empty: it doesn't yet
    -- From when on a worker may claim it; none: nothing is to be done. With a calendar of the user's own choice there is
    -- only once that is chosen.
    claimable_at BIGINT GENERATED ALWAYS AS (CASE
        WHEN wake_seq = seen_seq OR is_paused THEN NULL
        WHEN state <> 'active' AND (state <> 'connecting' OR calendar_choice <> 'new') THEN NULL
        WHEN not_before > due_at THEN not_before ELSE due_at END) STORED,
    last_attempt_at BIGINT GENERATED ALWAYS AS (CASE
        WHEN last_error_at IS NULL OR last_success_at > last_error_at THEN last_success_at
        ELSE last_error_at END) STORED,
    UNIQUE (user_id, provider),
    CHECK ((lease_owner IS NULL) = (lease_until = 0)),
    CHECK (state <> 'needs_action' OR (reason IS NOT NULL AND needs_action_at IS NOT NULL)),
    CHECK (state <> 'disconnected' OR (access_token IS NULL AND refresh_token IS NULL))
);
-- What a worker claims, and when the next is due: nothing of a connection that has stopped is in the way.
CREATE INDEX user_integrations_due ON user_integrations (claimable_at, id) WHERE claimable_at IS NOT NULL;
-- When the next lease ends; which to release at a start.
CREATE INDEX user_integrations_leased ON user_integrations (lease_until) WHERE lease_until > 0;
-- Those whose state changed since they were counted.
CREATE INDEX user_integrations_uncounted ON user_integrations (user_id) WHERE counted_state <> state;
-- Those that an admin paused.
CREATE INDEX user_integrations_paused ON user_integrations (provider, state) WHERE is_paused;
-- Who else holds a grant of the same account.
CREATE INDEX user_integrations_by_account ON user_integrations (account_sub) WHERE account_sub IS NOT NULL;
-- Grants to be used before they lie idle for too long.
CREATE INDEX user_integrations_idle ON user_integrations (refresh_due_at) WHERE state = 'active';
-- How many tried since a time: of all, and of a domain.
CREATE INDEX user_integrations_by_attempt ON user_integrations (last_attempt_at) WHERE last_attempt_at IS NOT NULL;
CREATE INDEX user_integrations_by_domain ON user_integrations (account_domain, last_attempt_at)
    WHERE account_domain IS NOT NULL;
-- Whether any grant of a client outlived the seven days of a testing client.
CREATE INDEX user_integrations_beyond_testing ON user_integrations (client_id, id)
    WHERE refresh_used_at - refresh_issued_at > 604800000000;

-- How many connections are in each state: what is counted, apart from those whose state changed since.
CREATE TABLE connection_counts (
    provider TEXT NOT NULL,
    state TEXT NOT NULL,
    connections BIGINT NOT NULL,
    PRIMARY KEY (provider, state)
);

-- Calendars that a connection uses, or has used: wherever something of ours may stand. Whether it does, its mappings tell,
-- or what its disconnect left. One that is ours is in it before Google is asked to make it.
CREATE TABLE calendars (
    integration_id TEXT NOT NULL REFERENCES user_integrations (id),
    epoch BIGINT NOT NULL, -- the connection's; earlier ones are kept for the clean-up of what they left
    calendar_id TEXT NOT NULL, -- Google's; empty: Google may have made it, and we have not heard its id
    is_ours BOOLEAN NOT NULL, -- we made it: once it is gone, it leaves nothing behind
    stays BOOLEAN NOT NULL DEFAULT FALSE, -- it was left, and is not removed: something of its user's is in it, say
    summary TEXT, -- its name, as its user chose it or we made it
    closed_reason TEXT, -- why we can't write to it any more
    closed_at BIGINT,
    PRIMARY KEY (integration_id, epoch, calendar_id),
    CHECK (is_ours OR calendar_id <> ''),
    CHECK (is_ours OR NOT stays),
    CHECK ((closed_reason IS NULL) = (closed_at IS NULL))
);

-- Google keeps 100 grants of an account and client, and drops the oldest without a word.
CREATE TABLE grant_counts (
    account_sub TEXT NOT NULL,
    client_id TEXT NOT NULL,
    issued BIGINT NOT NULL,
    PRIMARY KEY (account_sub, client_id)
);

-- Links by which users connect. Looking at one uses nothing up; its form does.
CREATE TABLE connect_links (
    token_hash TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    return_url TEXT, -- where the user goes afterwards
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    made_by TEXT, -- the admin who made it, if one did
    opened_at BIGINT -- when it was first looked at
);
-- The newest link that an admin made for a user.
CREATE INDEX connect_links_by_user ON connect_links (user_id);
-- Links that ended long ago are forgotten.
CREATE INDEX connect_links_by_end ON connect_links (expires_at);

-- One way of a user to Google and back. A user who is forgotten is taken out of it; it still counts.
CREATE TABLE connect_attempts (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL, -- empty: forgotten
    state_hash TEXT NOT NULL UNIQUE, -- of what Google brings back
    browser_hash TEXT NOT NULL, -- of the browser's cookie
    verifier BYTEA, -- PKCE's, sealed; wiped on the way back, so that it works once
    calendar_choice TEXT NOT NULL,
    scopes TEXT NOT NULL, -- asked for; apart by spaces
    return_url TEXT,
    started_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    outcome TEXT,
    reason TEXT, -- why it failed
    account_email TEXT, -- with which the user came back
    missing_scopes TEXT NOT NULL DEFAULT '', -- asked for and not granted; apart by spaces
    target_calendar TEXT, -- chosen before more had to be asked for: `new`, or its id
    CHECK ((ended_at IS NULL) = (outcome IS NULL)),
    CHECK (ended_at IS NULL OR verifier IS NULL)
);
-- A user's attempts, newest first.
CREATE INDEX connect_attempts_by_user ON connect_attempts (user_id, id);
-- The figures since a time.
CREATE INDEX connect_attempts_by_time ON connect_attempts (started_at);
-- Verifiers of those who never came back, to be wiped.
CREATE INDEX connect_attempts_with_verifier ON connect_attempts (expires_at) WHERE verifier IS NOT NULL;

-- An item in an integration, with what is known of its event at Google. It is due while its sync_state is `waiting`.
-- What makes it so raises one of three counters, and a pass stores the values that it read once nothing is left to do
-- for them, so that a change meanwhile stays due. What was stopped before that was never synced, and its counters
-- still say so.
CREATE TABLE sync_mappings (
    integration_id TEXT NOT NULL REFERENCES user_integrations (id),
    kind TEXT NOT NULL,
    item_id TEXT NOT NULL,
    desired_revision BIGINT NOT NULL, -- raised by what the platform wants: PUT, DELETE, whose it is
    synced_desired_revision BIGINT NOT NULL DEFAULT 0,
    remote_revision BIGINT NOT NULL DEFAULT 0, -- raised by what is seen at Google
    synced_remote_revision BIGINT NOT NULL DEFAULT 0,
    policy_revision BIGINT NOT NULL DEFAULT 0, -- raised by rules and choices: another calendar, kinds, to try again
    synced_policy_revision BIGINT NOT NULL DEFAULT 0,
    due_at BIGINT NOT NULL,
    incarnation BIGINT NOT NULL, -- the item's: what Google tells of an earlier one is no removal by the user
    event_state TEXT NOT NULL,
    calendar_id TEXT, -- where the event is, or may be: while it moves, another than the target
    google_id TEXT, -- its id there
    generation BIGINT, -- the part of the id that sets it apart from earlier ones
    -- The highest that was used, in any calendar: no id is used twice. It begins with the moment in which the mapping
    -- is made, for an item may be forgotten and come back, and Google knows its earlier ids as deleted.
    last_generation BIGINT NOT NULL,
    delete_sent_at BIGINT, -- when a delete may first have been sent: a tombstone of before then is the user's
    etag TEXT, -- its version at Google, as last seen; none where its calendar is closed to us
    base TEXT, -- JSON: what both sides last agreed on
    -- The event that is to go, while the item moves.
    previous_state TEXT,
    previous_calendar_id TEXT,
    previous_google_id TEXT,
    previous_generation BIGINT,
    previous_etag TEXT, -- the version at which it may be removed; none: it has to be fetched first
    previous_base TEXT, -- JSON
    sync_state TEXT NOT NULL, -- as it is shown; `not_connected`: its connection ended while it waited
    reason TEXT, -- why it stands still or failed
    failures BIGINT NOT NULL, -- in a row
    rounds_without_progress BIGINT NOT NULL DEFAULT 0, -- in a row; after three it is parked
    last_synced_at BIGINT,
    verified_at BIGINT, -- when Google's copy was last seen
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL, -- while it is due: since when
    PRIMARY KEY (integration_id, kind, item_id),
    CHECK (event_state NOT IN ('unsent', 'deleted', 'deleted_by_user') OR google_id IS NULL),
    CHECK (event_state NOT IN ('unconfirmed', 'present', 'unreachable', 'deleting') OR google_id IS NOT NULL),
    CHECK ((google_id IS NULL) = (calendar_id IS NULL) AND (google_id IS NULL) = (generation IS NULL)),
    CHECK (generation <= last_generation),
    CHECK (event_state <> 'present' OR etag IS NOT NULL),
    CHECK (event_state = 'deleting' OR delete_sent_at IS NULL),
    CHECK ((previous_google_id IS NULL) = (previous_calendar_id IS NULL)
        AND (previous_google_id IS NULL) = (previous_generation IS NULL)
        AND (previous_google_id IS NULL) = (previous_state IS NULL)),
    CHECK (previous_generation <= last_generation),
    CHECK (sync_state IN ('waiting', 'parked', 'held', 'not_connected')
        OR (desired_revision = synced_desired_revision AND remote_revision = synced_remote_revision
            AND policy_revision = synced_policy_revision)),
    CHECK (sync_state NOT IN ('waiting', 'parked', 'held')
        OR desired_revision > synced_desired_revision OR remote_revision > synced_remote_revision
        OR policy_revision > synced_policy_revision)
);
-- What a pass has to do, when its integration is due again, and whether a change waits for too long.
CREATE INDEX sync_mappings_due ON sync_mappings (integration_id, due_at) WHERE sync_state = 'waiting';
-- Whose calendars may still have an item whose last user is forgotten.
CREATE INDEX sync_mappings_by_item ON sync_mappings (kind, item_id);

-- Google's copies of our events as they were last seen, whole: of each mapping's event, and of the one that is to go.
CREATE TABLE remote_events (
    integration_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    item_id TEXT NOT NULL,
    google_id TEXT NOT NULL, -- the mapping says in which calendar
    event TEXT NOT NULL, -- JSON; of one that is to go, as the new one has it
    PRIMARY KEY (integration_id, kind, item_id, google_id),
    FOREIGN KEY (integration_id, kind, item_id) REFERENCES sync_mappings (integration_id, kind, item_id) ON DELETE CASCADE
);
-- The event that Google names.
CREATE INDEX remote_events_by_google_id ON remote_events (integration_id, google_id);

-- What users made of managed fields in Google where nothing of it is left there: stored before the write that it is lost
-- by, once however often it is seen. Kept for 90 days, and no longer than the mapping.
CREATE TABLE user_edits (
    integration_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    item_id TEXT NOT NULL,
    id TEXT NOT NULL, -- a hash of the edit and of the version that it was made over
    field TEXT NOT NULL,
    before TEXT, -- JSON, like the next; none: it isn't known
    after TEXT NOT NULL, -- what the user made of the field, in full
    verdict TEXT NOT NULL, -- `undone`: a rule did it; `overwritten`: the platform changed the same field
    seen_at BIGINT NOT NULL,
    updated_at BIGINT, -- when its event last changed, by Google's clock
    PRIMARY KEY (integration_id, kind, item_id, id),
    FOREIGN KEY (integration_id, kind, item_id) REFERENCES sync_mappings (integration_id, kind, item_id) ON DELETE CASCADE,
    CHECK (verdict <> 'accepted')
);
-- Those that are over.
CREATE INDEX user_edits_by_age ON user_edits (seen_at);
