"""From a replay URI to finished clips: the room that joins rtsp, rtp and media."""
