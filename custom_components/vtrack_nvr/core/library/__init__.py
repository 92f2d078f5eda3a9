"""Clips, ledger and index: what is kept, where, and what is missing."""
