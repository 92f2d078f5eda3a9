"""The demo: simulated NVRs, a real Home Assistant, and the proof that they meet."""
