"""What to fetch, when, and in which order."""
