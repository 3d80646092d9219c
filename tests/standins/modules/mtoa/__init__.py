"""Stand-in for MtoA's package."""
