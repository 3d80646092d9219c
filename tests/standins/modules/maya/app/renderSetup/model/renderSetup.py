"""Stand-in for render setup's model: its layers, by name, and which one is on."""

from standin import maya_mayapy


class _Layer:
    def __init__(self, session, name, legacy):
        self._session, self._name, self._legacy = session, name, legacy

    def name(self):
        return self._name

    def isRenderable(self):
        return bool(self._node().attributes["renderable"])

    def setRenderable(self, value):
        self._node().attributes["renderable"] = bool(value)

    def isVisible(self):
        return self._session.current_layer == self._legacy

    def makeVisible(self):
        self._session.current_layer = self._node().name

    def _node(self):
        node = self._session.scene.find_layer(self._legacy)
        if node is None:
            raise RuntimeError("No object matches name: %s" % self._legacy)
        return node


class _RenderSetup:
    def __init__(self, session):
        self._session = session

    def getRenderLayers(self):
        return [
            _Layer(self._session, node.name, "rs_" + node.name)
            for node in self._session.scene.of_kind("renderSetupLayer")
        ]

    def getRenderLayer(self, name):
        for layer in self.getRenderLayers():
            if layer.name() == name:
                return layer
        raise Exception("Render layer '%s' not found." % name)

    def getDefaultRenderLayer(self):
        return _Layer(self._session, "defaultRenderLayer", "defaultRenderLayer")

    def getVisibleRenderLayer(self):
        for layer in self.getRenderLayers():
            if layer.isVisible():
                return layer
        return self.getDefaultRenderLayer()

    def switchToLayer(self, layer):
        (layer or self.getDefaultRenderLayer()).makeVisible()


def instance():
    return _RenderSetup(maya_mayapy.need_session())
