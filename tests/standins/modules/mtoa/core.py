"""Stand-in for `mtoa.core`."""

from standin import maya_mayapy


def createOptions():
    """Makes Arnold's option nodes, where the plug-in is loaded."""
    session = maya_mayapy.need_session()
    session.need_plugin("arnold")
    session.scene.load_plugin_nodes("mtoa")
