"""RTP packets to access units; pure."""
