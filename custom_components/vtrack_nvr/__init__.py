"""VTrack NVR: brings the recordings of ONVIF cameras and recorders home."""
