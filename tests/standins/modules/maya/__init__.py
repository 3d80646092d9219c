"""Stand-in for Maya's Python package; see README.md of the stand-ins."""
