"""Simulated ONVIF devices on loopback, written from the specifications.

`python -m tests.simulator --scenario demo` runs them for people;
`async with SimulatedNvr(spec) as nvr` for tests. Nothing here imports the product.
"""
