"""One depacketizer a codec; pure."""
