"""Playback: any range of a camera as HLS, cut out of its clips while it is watched."""
