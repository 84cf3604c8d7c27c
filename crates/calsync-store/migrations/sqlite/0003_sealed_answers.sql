-- An answer that is kept may hold what only its caller may see, such as a connect link: it is sealed.

DELETE FROM idempotency_keys;
ALTER TABLE idempotency_keys DROP COLUMN body;
ALTER TABLE idempotency_keys ADD COLUMN body BLOB;
