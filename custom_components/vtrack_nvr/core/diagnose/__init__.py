"""A script of questions to a real device, and the report of what it answered.

`questions` asks, `soap_tap` and `rtsp_tap` listen at the borders of the transports,
`report` writes one anonymised file that a person can read and the simulator can play.
"""
