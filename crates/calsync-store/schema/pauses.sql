-- What concerns every connection at once: while a row stands, a worker claims nothing that it covers but one connection
-- at a time, which tries whether it is over. A pause of one connection is its `not_before`.

CREATE TABLE pauses (
    scope TEXT PRIMARY KEY, -- `api`, `client`, `project`
    reason TEXT NOT NULL,
    began_at BIGINT NOT NULL,
    probe_at BIGINT NOT NULL, -- when the next connection may try
    CHECK (probe_at >= began_at)
);
