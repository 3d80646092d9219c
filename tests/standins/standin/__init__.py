"""What the stand-ins `Render`, `mayapy` and `nuke` are made of.

They speak, read and fail as the documentation of the real programs says; they render nothing. Python's standard
library only, from 3.7 on.
"""
