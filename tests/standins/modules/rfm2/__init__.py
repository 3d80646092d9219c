"""Stand-in for RenderMan for Maya's package."""
