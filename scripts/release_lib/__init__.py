"""The zip of a release: how it is built, and what must be true of it."""
