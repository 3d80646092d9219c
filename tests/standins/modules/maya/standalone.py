"""Stand-in for `maya.standalone`."""

from standin import maya_mayapy


def initialize(name="python"):
    maya_mayapy.initialize()


def uninitialize():
    maya_mayapy.uninitialize()
