-- The calendar that a user had chosen when more had to be asked for at Google first: `new`, or its id.

ALTER TABLE connect_attempts ADD COLUMN target_calendar TEXT;

-- Which admin made a link, and when it was first looked at.

ALTER TABLE connect_links ADD COLUMN made_by TEXT;
ALTER TABLE connect_links ADD COLUMN opened_at BIGINT;
