"""What people are told to act on, as Home Assistant's repair issues."""
