-- What concerns many connections at once, or is paused by an admin: while a row stands, a worker claims nothing that it
-- covers. Whether what Google can't do is over, one connection at a time tries; an admin's pause stands until it is
-- ended. A connection that is slowed down by itself has a `not_before`.

CREATE TABLE pauses (
    id TEXT PRIMARY KEY,
    scope TEXT NOT NULL, -- `api`, `client`, `project`, `domain`; an admin's: `everything`, `domain`, `user`, `operation`
    key TEXT NOT NULL, -- which domain, user or operation; empty where there is but one
    reason TEXT NOT NULL,
    began_at BIGINT NOT NULL,
    probe_at BIGINT, -- when the next connection may try; none: it is an admin's
    until BIGINT, -- from then on it holds nobody, and refusals are believed; none: until a try succeeds, or an admin ends it
    admin_id TEXT, -- who began it; none: what Google answered
    note TEXT, -- why, in the admin's words
    CHECK (probe_at >= began_at),
    CHECK ((admin_id IS NULL) = (probe_at IS NOT NULL)),
    CHECK ((admin_id IS NULL) = (note IS NULL))
);
-- One of each that follows from what Google answers, and one of an admin's.
CREATE UNIQUE INDEX pauses_by_google ON pauses (scope, key) WHERE admin_id IS NULL;
CREATE UNIQUE INDEX pauses_by_admins ON pauses (scope, key) WHERE admin_id IS NOT NULL;
