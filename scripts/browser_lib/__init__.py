"""Home Assistant walked through in a headless browser: scenes, pictures, a walk."""
