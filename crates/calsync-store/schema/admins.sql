-- Admins of the console, and what they did.

CREATE TABLE admins (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL UNIQUE, -- in lower case
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL, -- Argon2id
    must_change_password BOOLEAN NOT NULL, -- somebody else made it
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- A sign-in is known by a hash of the token that its browser holds.
CREATE TABLE admin_sign_ins (
    token_hash TEXT PRIMARY KEY,
    admin_id TEXT NOT NULL REFERENCES admins (id),
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL, -- to the minute
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT
);
-- The others of an admin end with a new password.
CREATE INDEX admin_sign_ins_by_admin ON admin_sign_ins (admin_id);
-- Those that are over.
CREATE INDEX admin_sign_ins_by_end ON admin_sign_ins (expires_at);

-- What keeps guessing slow. Names are hashed into a fixed number of buckets, so that nobody can make this table grow.
CREATE TABLE admin_sign_in_tries (
    bucket TEXT PRIMARY KEY,
    tries BIGINT NOT NULL,
    since BIGINT NOT NULL -- the first of them
);

-- What admins did, each written in the transaction of the action. Never changed, never deleted.
CREATE TABLE admin_audit_logs (
    id TEXT PRIMARY KEY,
    admin_id TEXT NOT NULL, -- the admin's id, or the name of an API key
    action TEXT NOT NULL, -- as in `integration.disconnect`
    target_id TEXT NOT NULL, -- whom or what it concerned
    note TEXT, -- why, in the admin's words
    metadata TEXT NOT NULL, -- JSON; never a secret
    created_at BIGINT NOT NULL
);
-- What concerned one target, newest first.
CREATE INDEX admin_audit_logs_by_target ON admin_audit_logs (target_id, id);
