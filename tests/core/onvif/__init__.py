"""Tests of `core.onvif`."""
