

# What both of farmhand's scripts for mayapy share: Maya itself, the scene, and the images that a frame left behind.

JOB = json.loads(@JOB@)

IMAGES = (".exr", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".tga", ".iff", ".bmp", ".hdr", ".dpx", ".sgi", ".psd")


def forward(path):
    """As Maya spells paths on every system."""
    return path.replace("\\", "/")


def frames():
    for first, last, step in JOB["frames"]:
        frame = first
        while frame <= last:
            yield frame
            frame += step


def start_maya():
    try:
        import maya.standalone
        maya.standalone.initialize(name="python")
    except Exception as error:
        text = str(error)
        if "initializing Maya" in text or is_about_licence(text):
            stop("licence", "Maya got no licence, or cannot write to MAYA_APP_DIR: " + text, "transient", "maya")
        if "Startup Script" in text:
            stop("script", "a start-up script of this site failed: " + text)
        stop("other", "Maya does not start here: " + text, "worker-fatal")


def stop_maya():
    """Without it mayapy may hang or crash on its way out; what it says then is no news of the frames."""
    try:
        import maya.standalone
        maya.standalone.uninitialize()
    except Exception as error:
        log("Maya did not end well: {}".format(error))


def map_paths(cmds):
    if JOB["path_map"]:
        cmds.dirmap(enable=True)
        for spelled, here in JOB["path_map"]:
            cmds.dirmap(mapDirectory=(spelled, forward(here)))


def open_project(cmds):
    project = JOB["project"]
    if not project:
        return
    if not os.path.isdir(project):
        stop("missing-file", "the project {} is not there: check that its share is mounted here".format(project),
             about=project)
    try:
        cmds.workspace(forward(project), openWorkspace=True)
    except RuntimeError as error:
        stop("missing-file", "the project {} cannot be opened: {}".format(project, error), about=project)


def open_scene(cmds):
    scene = JOB["scene"]
    if not os.path.isfile(scene):
        stop("missing-file", "the scene {} is not there: check the path, and that its share is mounted here".format(scene),
             about=scene)
    if not os.access(scene, os.R_OK):
        stop("missing-file", "the scene {} may not be read by the user that renders".format(scene), about=scene)
    log("opening {}".format(scene))
    began = time.time()
    try:
        cmds.file(forward(scene), open=True, force=True, prompt=False)
    except RuntimeError as error:
        # Maya raises for a node that it does not know, too, and has the scene open then.
        opened = cmds.file(query=True, sceneName=True) or ""
        if os.path.normcase(os.path.abspath(opened or ".")) != os.path.normcase(os.path.abspath(scene)):
            stop("missing-file", "the scene {} cannot be opened: {}".format(scene, str(error).strip()), about=scene)
        report("warning", message="Maya opened the scene with errors: {}".format(str(error).strip()))
    log("opened in {:.1f} s".format(time.time() - began))


def set_attribute(cmds, name, value):
    if isinstance(value, str):
        cmds.setAttr(name, value, type="string")
    elif isinstance(value, list):
        cmds.setAttr(name, *value)
    else:
        cmds.setAttr(name, value)


def set_where_it_is(cmds, name, value):
    """Sets an attribute that not every version has; says whether it did."""
    if not cmds.objExists(name):
        return False
    try:
        set_attribute(cmds, name, value)
    except RuntimeError as error:
        report("warning", message="{} cannot be set: {}".format(name, str(error).strip()))
        return False
    return True


def layer_node(cmds, name):
    """The node of a layer: render setup puts `rs_` before the name that people know."""
    nodes = cmds.ls(type="renderLayer") or []
    if name in ("masterLayer", "defaultRenderLayer"):
        return "defaultRenderLayer"
    for candidate in (name, "rs_" + name):
        if candidate in nodes:
            return candidate
    shown = sorted(node[3:] if node.startswith("rs_") else node for node in nodes)
    stop("scene", "the scene has no render layer {}; it has: {}".format(name, ", ".join(shown)))


def wanted_layers(cmds):
    """The nodes of the layers to render: the task's, the job's, or what the scene renders."""
    if JOB["layer"] is not None:
        return [layer_node(cmds, JOB["layer"])]
    if JOB["layers"]:
        return [layer_node(cmds, name) for name in JOB["layers"]]
    nodes = cmds.ls(type="renderLayer") or ["defaultRenderLayer"]
    # A referenced scene brings its own one that every scene has along.
    nodes = [node for node in nodes if not node.endswith(":defaultRenderLayer")]
    wanted = [node for node in nodes if cmds.getAttr(node + ".renderable")]
    if not wanted:
        stop("scene", "the scene has no renderable layer; name the layers to render")
    return wanted


def activate(cmds, node):
    """Shows a layer and switches the others off, since batch procedures render whatever is on."""
    nodes = cmds.ls(type="renderLayer") or [node]
    for other in nodes:
        if cmds.getAttr(other + ".renderable") != (other == node):
            try:
                cmds.setAttr(other + ".renderable", other == node)
            except RuntimeError as error:
                report("warning", message="layer {} cannot be switched: {}".format(other, str(error).strip()))
    switch_to(cmds, node)


def switch_to(cmds, node):
    """Render setup switches its own layers, with their overrides; legacy ones and the one that every scene has go by
    their node."""
    if node.startswith("rs_"):
        try:
            from maya.app.renderSetup.model import renderSetup
            setup = renderSetup.instance()
            setup.switchToLayer(setup.getRenderLayer(node[3:]))
            return
        except Exception as error:
            # A legacy layer may be called so; its node decides.
            log("render setup does not switch to {}: {}".format(node, error))
    cmds.editRenderLayerGlobals(currentRenderLayer=node)


class Staging:
    """The images below the staging directory; a renderer names them as it likes, and adds directories of its own."""

    def __init__(self, root):
        self.root = root
        self.seen = self.files()

    def files(self):
        found = {}
        for directory, _, names in os.walk(self.root):
            for name in names:
                if os.path.splitext(name)[1].lower() in IMAGES:
                    path = os.path.join(directory, name)
                    try:
                        stat = os.stat(path)
                    except OSError:
                        continue
                    found[path] = (stat.st_mtime, stat.st_size)
        return found

    def new(self):
        """What was written since the last call."""
        found = self.files()
        changed = sorted(path for path, stat in found.items() if self.seen.get(path) != stat)
        self.seen = found
        return changed

    def settle(self, frame, rename):
        """All of the frame's images, its own last; that one gets the name that farmhand expects where it can be
        told."""
        paths = self.new()
        if not paths:
            raise RuntimeError("the renderer came back without an image in {}".format(self.root))
        for path in paths:
            wrong = what_is_wrong_with(path)
            if wrong:
                raise RuntimeError("{}: {}".format(path, wrong))
        main = main_image(paths)
        others = [path for path in paths if path != main]
        if rename:
            number = ("-" if frame < 0 else "") + str(abs(frame)).zfill(JOB["padding"])
            name = "{}.{}{}".format(JOB["stem"], number, os.path.splitext(main)[1])
            expected = os.path.join(self.root, name)
            if not os.path.exists(expected):
                os.rename(main, expected)
                main = expected
                self.seen = self.files()
        return others + [main]


def main_image(paths):
    """The frame's own image among its passes: the one that is called so, or else the one with the shortest path."""
    def rank(path):
        relative = os.path.relpath(path, JOB["staging"]).lower().replace("\\", "/")
        parts = relative.replace("/", ".").replace("_", ".").split(".")
        named = any(word in parts for word in ("beauty", "rgba", "masterbeauty"))
        return (relative.count("/") > 0 and not named, not named and len(paths) > 1, len(relative), relative)
    return min(paths, key=rank)


def tell_done(frame, paths):
    for path in paths:
        report("frame-done", frame=frame, path=path)


def is_about_licence(text):
    """Whether an exception is about a licence, and not only about a file that is called so."""
    lower = text.lower()
    words = ("license error", "license checkout", "license was not", "get a license", "obtain a license", "no license",
             "licensing error")
    return any(word in lower for word in words)


def run(work):
    """Maya around `work(cmds, mel)`, which says whether every frame came; the exit code."""
    done = False
    try:
        start_maya()
        try:
            from maya import cmds, mel
            report("fact", name="dcc-version", value=str(cmds.about(version=True)))
            done = work(cmds, mel)
        finally:
            stop_maya()
    except Stop as reason:
        log("stopped: {}".format(reason))
    except Exception as error:
        traceback.print_exc()
        fault("frame-fatal", "plugin", "farmhand's script does not work with this Maya; please report it: {}".format(error))
    sys.stdout.flush()
    sys.stderr.flush()
    return 0 if done else 1
