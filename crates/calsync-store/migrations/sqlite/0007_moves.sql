-- An item can be in another calendar than the target while it moves: each mapping says where its event is, and
-- where the one is that is to go. The highest generation is kept, so that no id is used twice anywhere.

ALTER TABLE sync_mappings ADD COLUMN calendar_id TEXT;
ALTER TABLE sync_mappings ADD COLUMN last_generation BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sync_mappings ADD COLUMN previous_calendar_id TEXT;
ALTER TABLE sync_mappings ADD COLUMN previous_google_id TEXT;
ALTER TABLE sync_mappings ADD COLUMN previous_generation BIGINT;
ALTER TABLE sync_mappings ADD COLUMN previous_state TEXT;
ALTER TABLE sync_mappings ADD COLUMN previous_copy TEXT;
ALTER TABLE sync_mappings ADD COLUMN previous_base TEXT;

UPDATE sync_mappings SET last_generation = CASE WHEN event_state = 'unsent' THEN generation - 1 ELSE generation END,
    calendar_id = (SELECT g.target_calendar_id FROM user_integrations g WHERE g.id = sync_mappings.integration_id);

-- Whether a calendar that we made was left, and may have to be removed.
ALTER TABLE user_integrations ADD COLUMN leaves_own_calendar BOOLEAN NOT NULL DEFAULT FALSE;

-- What a disconnect could not remove may be in more than one calendar, too.
ALTER TABLE disconnect_leftovers ADD COLUMN calendar_id TEXT NOT NULL DEFAULT '';
UPDATE disconnect_leftovers SET calendar_id = COALESCE(
    (SELECT d.target_calendar_id FROM disconnects d WHERE d.id = disconnect_leftovers.disconnect_id), '');
