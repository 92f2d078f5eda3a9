"""What is asked of a live recorder and what it tells: values, no behaviour."""
