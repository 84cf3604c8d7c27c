-- The schema, one text for SQLite and Postgres: `src/schema.rs` puts its files together. Until the first release it is
-- edited in place; a database that another text made is refused, even if only a comment differs.
--
-- Times are microseconds since 1970 in UTC. Ids are TEXT, those that we make are UUIDv7: they sort by time. JSON is
-- TEXT. BYTEA holds sealed values (`src/secrets.rs`), each listed in `src/rotation.rs`; on SQLite they are blobs. Words
-- in `state`, `reason`, `kind` and the like are the `name` of an enum of calsync-core or calsync-store.

-- Facts about the installation, such as `deployment_id`, `encryption_key:ID` for each key that may have sealed
-- something here, and `client_refused` while Google refuses our client; `error_groups` is locked while groups change.
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- What the platform says of its users. One who is named only by an item has nothing but the id.
CREATE TABLE users (
    user_id TEXT PRIMARY KEY, -- the platform's
    email TEXT,
    name TEXT,
    time_zone TEXT, -- IANA
    locale TEXT, -- BCP 47
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleting_since BIGINT -- their deletion was asked for: nothing is stored for them any more
);
-- The admins' search for a whole address.
CREATE INDEX users_by_email ON users (email);
-- Deletions to carry on.
CREATE INDEX users_being_deleted ON users (deleting_since) WHERE deleting_since IS NOT NULL;

-- What the platform wants in calendars. A deleted item's row stays for 90 days, so that an older PUT that comes late
-- does not bring it back.
CREATE TABLE items (
    kind TEXT NOT NULL,
    item_id TEXT NOT NULL, -- the platform's
    body TEXT NOT NULL, -- JSON of the last PUT; empty where it could not be read and one of its users was forgotten
    version BIGINT, -- the highest of the PUTs; none: the platform sends none
    revision BIGINT NOT NULL, -- raised by each change
    deleted BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    incarnation BIGINT NOT NULL DEFAULT 0, -- raised by each deletion: a mapping of an earlier one starts anew
    deleted_version BIGINT, -- the highest of the DELETEs
    PRIMARY KEY (kind, item_id)
);
-- Those that were deleted long ago are forgotten.
CREATE INDEX items_deleted ON items (updated_at) WHERE deleted = TRUE;

-- Whose calendars an item belongs in: the users of its body.
CREATE TABLE item_users (
    kind TEXT NOT NULL,
    item_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    PRIMARY KEY (kind, item_id, user_id)
);
-- A user's items, page by page; all of them, when they connect or are deleted.
CREATE INDEX item_users_by_user ON item_users (user_id, kind, item_id);

-- Keys of the platform API and the admin API.
CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    scope TEXT NOT NULL,
    key_hash TEXT NOT NULL UNIQUE, -- SHA-256 in hexadecimal, like all hashes here but those of passwords
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);

-- Requests that we refused, so that an admin finds why an item is missing.
CREATE TABLE refusals (
    id TEXT PRIMARY KEY,
    at BIGINT NOT NULL,
    key_name TEXT NOT NULL, -- the API key
    kind TEXT, -- as it was sent, like the next two
    item_id TEXT,
    user_id TEXT,
    status BIGINT NOT NULL, -- of our answer
    errors TEXT NOT NULL -- JSON: field by field
);
-- Forgotten with their user, or with an item that was theirs alone.
CREATE INDEX refusals_by_user ON refusals (user_id) WHERE user_id IS NOT NULL;
-- Shown with their item, newest first.
CREATE INDEX refusals_by_item ON refusals (kind, item_id, id);

-- Answers to requests with an Idempotency-Key, kept for 24 hours.
CREATE TABLE idempotency_keys (
    api_key_id TEXT NOT NULL,
    idempotency_key TEXT NOT NULL, -- the caller's
    request_hash TEXT NOT NULL,
    status BIGINT, -- of the answer; none: it is under way
    created_at BIGINT NOT NULL,
    body BYTEA, -- of the answer, sealed: it may hold a connect link
    PRIMARY KEY (api_key_id, idempotency_key),
    CHECK ((status IS NULL) = (body IS NULL))
);
-- Those that are over.
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
