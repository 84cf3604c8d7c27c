-- Admins, their sign-ins, and what keeps guessing slow. A sign-in is known by a hash of its token.

CREATE TABLE admins (
    id TEXT PRIMARY KEY,
    -- In lower case.
    email TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    must_change_password BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE admin_sign_ins (
    token_hash TEXT PRIMARY KEY,
    admin_id TEXT NOT NULL REFERENCES admins (id),
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX admin_sign_ins_by_admin ON admin_sign_ins (admin_id);
CREATE INDEX admin_sign_ins_by_end ON admin_sign_ins (expires_at);

-- Names are hashed into a fixed number of buckets, so that nobody can make this table grow.
CREATE TABLE admin_sign_in_tries (
    bucket TEXT PRIMARY KEY,
    tries BIGINT NOT NULL,
    since BIGINT NOT NULL
);

CREATE INDEX users_by_email ON users (email);
CREATE INDEX calendar_sync_logs_errors ON calendar_sync_logs (id) WHERE group_id IS NOT NULL;
CREATE INDEX calendar_sync_logs_errors_by_user ON calendar_sync_logs (user_id, id) WHERE group_id IS NOT NULL;
