"""RTSP: messages, authentication, session description, connection, session."""
