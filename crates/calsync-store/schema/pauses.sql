-- What concerns many connections at once: while a row stands, a worker claims nothing that it covers but one connection
-- at a time, which tries whether it is over. A pause of one connection is its `not_before`.

CREATE TABLE pauses (
    scope TEXT NOT NULL, -- `api`, `client`, `project`, `domain`
    key TEXT NOT NULL, -- which domain; empty where there is but one
    reason TEXT NOT NULL,
    began_at BIGINT NOT NULL,
    probe_at BIGINT NOT NULL, -- when the next connection may try
    until BIGINT, -- from then on it holds nobody, and refusals are believed; none: until a try succeeds
    PRIMARY KEY (scope, key),
    CHECK (probe_at >= began_at)
);
