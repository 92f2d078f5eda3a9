"""The core put together: library, engine, recorders, and what is made of footage."""
