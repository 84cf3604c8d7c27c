-- When a delete may first have been sent, while it may have been: a tombstone of before then is the user's.
ALTER TABLE sync_mappings ADD COLUMN delete_sent_at BIGINT;
