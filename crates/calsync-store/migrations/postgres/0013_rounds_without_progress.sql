-- Rounds of calls in a row that changed nothing at Google: they are paused, and after three the mapping is parked.

ALTER TABLE sync_mappings ADD COLUMN rounds_without_progress BIGINT NOT NULL DEFAULT 0;
