-- What a try to connect came back with, for its page and for support.

ALTER TABLE connect_attempts ADD COLUMN account_email TEXT;
ALTER TABLE connect_attempts ADD COLUMN missing_scopes TEXT NOT NULL DEFAULT '';
