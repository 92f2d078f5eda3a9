"""ONVIF: discovery, device, media, search, replay URIs, events."""
