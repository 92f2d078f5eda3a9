"""Recording a live stream into the library: one recorder per camera, supervised."""
