"""A filled library of version 0.1.0, and the script that made it."""
