"""Recording a live stream into the library."""
