"""A career platform's month, made up: people, their texts, and the lives of their items."""
