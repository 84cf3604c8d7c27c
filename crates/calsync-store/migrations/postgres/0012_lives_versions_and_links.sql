-- An item's life: each deletion raises it, and a pair of an earlier life starts anew, whenever that is seen.

ALTER TABLE items ADD COLUMN life BIGINT NOT NULL DEFAULT 0;
UPDATE sync_mappings SET life = 0;

-- The highest version of a deletion beside that of the PUTs, which a deletion doesn't take away any more.

ALTER TABLE items ADD COLUMN deleted_version BIGINT;
UPDATE items SET deleted_version = version, version = NULL WHERE deleted;
