"""A month of an installation's life, compressed, and what must be true of it."""
