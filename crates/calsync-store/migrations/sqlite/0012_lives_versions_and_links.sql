-- An item's incarnation: each deletion raises it, and a mapping of an earlier incarnation starts anew, whenever that is seen.

ALTER TABLE items ADD COLUMN incarnation BIGINT NOT NULL DEFAULT 0;
UPDATE sync_mappings SET incarnation = 0;

-- The highest version of a deletion beside that of the PUTs, which a deletion doesn't take away any more.

ALTER TABLE items ADD COLUMN deleted_version BIGINT;
UPDATE items SET deleted_version = version, version = NULL WHERE deleted;

-- Calendars that we made. One of them that is gone leaves nothing behind; one of the user's may only be closed to us.

CREATE TABLE own_calendars (
    integration_id TEXT NOT NULL REFERENCES user_integrations (id),
    calendar_id TEXT NOT NULL,
    PRIMARY KEY (integration_id, calendar_id)
);
INSERT INTO own_calendars (integration_id, calendar_id)
SELECT id, target_calendar_id FROM user_integrations
WHERE calendar_choice = 'new' AND target_calendar_id IS NOT NULL;

-- The link that a change tells of, sealed: each reading tells the same.

ALTER TABLE changes ADD COLUMN link_token BLOB;
