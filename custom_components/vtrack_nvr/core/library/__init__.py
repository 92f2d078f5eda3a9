"""Clips, index, storage roots, retention: what we have and keep."""
