"""Playback in real browsers: `scripts/browser --playback`."""
