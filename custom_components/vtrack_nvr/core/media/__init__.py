"""Containers and codecs; the only room that imports PyAV."""
