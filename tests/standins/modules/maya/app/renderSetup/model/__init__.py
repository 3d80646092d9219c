"""Stand-in for a package of Maya's render setup."""
