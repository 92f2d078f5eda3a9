"""The inside of VTrack NVR: everything that needs no Home Assistant.

Rooms import in one direction only; `tests/test_architecture.py` holds the table.
"""
