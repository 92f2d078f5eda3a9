"""Actions of the integration, by subject; `services.py` registers them."""
