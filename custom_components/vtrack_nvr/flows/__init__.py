"""The steps and forms in which people set up devices, cameras and their settings."""
