"""Any range of kept footage as one file."""
