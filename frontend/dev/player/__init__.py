"""Simulated footage for trying the player in a browser."""
