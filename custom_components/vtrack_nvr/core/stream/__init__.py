"""One RTSP session joined with its RTP receiver: requests in, access units out.

The only room that knows both `rtsp` and `rtp`. It decides nothing about footage (no
ladder, no end of range, no dates): that is for `download` and `live`, which use it.
"""
