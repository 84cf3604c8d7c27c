-- What is known of a grant, so that the likely cause of its end can be inferred.

ALTER TABLE user_integrations ADD COLUMN client_id TEXT;
ALTER TABLE user_integrations ADD COLUMN refresh_issued_at BIGINT;
ALTER TABLE user_integrations ADD COLUMN refresh_ends_at BIGINT;
ALTER TABLE user_integrations ADD COLUMN refresh_used_at BIGINT;
-- Google ends a grant that lies idle: by then it is used, wanted or not.
ALTER TABLE user_integrations ADD COLUMN refresh_due_at BIGINT;
-- The how many-th grant of its account and client it is.
ALTER TABLE user_integrations ADD COLUMN grant_number BIGINT;
ALTER TABLE user_integrations ADD COLUMN needs_action_at BIGINT;

CREATE INDEX user_integrations_idle ON user_integrations (refresh_due_at) WHERE state = 'active';
CREATE INDEX user_integrations_by_domain ON user_integrations (account_domain) WHERE account_domain IS NOT NULL;
CREATE INDEX user_integrations_by_client ON user_integrations (client_id) WHERE client_id IS NOT NULL;

-- Google keeps 100 grants of an account and client, and drops the oldest without a word.
CREATE TABLE grant_counts (
    account_sub TEXT NOT NULL,
    client_id TEXT NOT NULL,
    issued BIGINT NOT NULL,
    PRIMARY KEY (account_sub, client_id)
);

-- What the platform is told of. A row is written with what changed; its position is given after
-- that was committed, so that no reader can pass it by.
CREATE TABLE changes (
    id TEXT PRIMARY KEY,
    position BIGINT UNIQUE,
    at BIGINT NOT NULL,
    user_id TEXT NOT NULL,
    kind TEXT,
    item_id TEXT,
    change TEXT NOT NULL,
    outcome TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL
);
CREATE INDEX changes_without_position ON changes (at, id) WHERE position IS NULL;
CREATE INDEX changes_by_user ON changes (user_id, at);
CREATE INDEX changes_by_age ON changes (at);

-- Its one row is locked while positions are given.
CREATE TABLE change_feed (
    id BIGINT PRIMARY KEY,
    last_position BIGINT NOT NULL
);
INSERT INTO change_feed (id, last_position) VALUES (1, 0);
