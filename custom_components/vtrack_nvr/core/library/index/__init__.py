"""All that speaks SQL: rows, sums, searches, migrations; nothing else of the core does."""
