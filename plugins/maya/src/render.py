

# Level `script`: the scene is opened once, changed as the job asks, and rendered frame by frame by the renderer's own
# call. What goes wrong with one frame is told, and the next one is tried; after two in a row there is little hope.

import re

PLUG_INS = {"arnold": "mtoa", "vray": "vrayformaya", "redshift": "redshift4maya", "renderman": "RenderManForMaya"}
SCENE_NAMES = {"mayaSoftware": "software", "mayaHardware2": "hardware2"}
MAYA_NAMES = {"software": "mayaSoftware", "hardware2": "mayaHardware2"}
# These run the scene's own MEL around a render by themselves.
RUNS_SCENE_MEL = ("hardware2", "redshift")
KEPT_COPIES = 5
HOPELESS = 2


def choose_renderer(cmds):
    wanted = JOB["renderer"]
    found = cmds.getAttr("defaultRenderGlobals.currentRenderer")
    renderer = wanted or SCENE_NAMES.get(found, found)
    if renderer not in JOB["settings"]:
        stop("scene", "the scene's renderer {} is none that farmhand knows; choose one of {}".format(
            found, ", ".join(sorted(JOB["settings"]))))
    plug_in = PLUG_INS.get(renderer)
    if plug_in and not cmds.pluginInfo(plug_in, query=True, loaded=True):
        try:
            cmds.loadPlugin(plug_in, quiet=True)
        except RuntimeError as error:
            stop("other", "{} is not installed here: {}".format(renderer, str(error).strip()), "worker-fatal", renderer)
    make_settings(cmds, renderer)
    if wanted:
        set_attribute(cmds, "defaultRenderGlobals.currentRenderer", MAYA_NAMES.get(renderer, renderer))
    report("fact", name="renderer", value=renderer)
    return renderer


def make_settings(cmds, renderer):
    """A scene that was made for another renderer lacks the nodes with this one's settings."""
    if renderer == "arnold" and not cmds.objExists("defaultArnoldRenderOptions"):
        try:
            from mtoa.core import createOptions
            createOptions()
        except (ImportError, RuntimeError) as error:
            stop("other", "Arnold's settings cannot be made: {}".format(str(error).strip()), "worker-fatal")
    elif renderer == "vray" and not cmds.objExists("vraySettings"):
        stop("scene", "the scene has no V-Ray settings: choose V-Ray in its render settings and save it")


def run_code(mel, code, moment):
    for language, text in (("MEL", code["mel"]), ("Python", code["python"])):
        if not text:
            continue
        log("running the job's {} {}".format(language, moment))
        try:
            if language == "MEL":
                mel.eval(text)
            else:
                exec(compile(text, "<{}>".format(moment), "exec"), {"__name__": "__main__"})
        except Exception as error:
            traceback.print_exc()
            stop("script", "the job's {} {} failed: {}".format(language, moment, str(error).strip()))


def change_scene(cmds, mel):
    """Whether the job changed anything."""
    for name, value in JOB["attributes"].items():
        try:
            set_attribute(cmds, name, value)
        except (RuntimeError, TypeError, ValueError) as error:
            stop("scene", "the attribute {} cannot be set to {}: {}".format(name, json.dumps(value), str(error).strip()))
        log("{} = {}".format(name, json.dumps(value)))
    run_code(mel, JOB["pre_render"], "before the render")
    return bool(JOB["attributes"] or JOB["pre_render"]["mel"] or JOB["pre_render"]["python"])


def choose_layers(cmds):
    """The nodes to render. Layers of both kinds in one scene are more than Maya takes."""
    nodes = cmds.ls(type="renderLayer") or []
    try:
        setup = cmds.ls(type="renderSetupLayer") or []
    except RuntimeError:
        # Without its plug-in Maya does not know the type, and there is none.
        setup = []
    legacy = [node for node in nodes if node != "defaultRenderLayer" and not node.startswith("rs_") and ":" not in node]
    if setup and legacy:
        stop("scene", "the scene contains legacy render layers ({}) and uses render setup: Maya ignores the layers and "
                      "renders everything as masterLayer; delete the legacy ones".format(", ".join(sorted(legacy))))
    return wanted_layers(cmds)


def choose_cameras(cmds, renderer):
    """Transforms of the cameras to render."""
    cameras = {}
    for shape in cmds.ls(type="camera") or []:
        parents = cmds.listRelatives(shape, parent=True) or [shape]
        cameras[shape] = parents[0]
    wanted = JOB["camera"]
    if wanted is None:
        found = [shape for shape in cameras if cmds.getAttr(shape + ".renderable")]
        if not found:
            stop("scene", "the scene has no renderable camera; name one of: {}".format(", ".join(sorted(cameras.values()))))
    else:
        bare = wanted.split("|")[-1]
        found = [shape for shape, parent in cameras.items() if bare in (shape, parent, shape.split("|")[-1])]
        if not found:
            stop("scene", "the scene has no camera {}; it has: {}".format(wanted, ", ".join(sorted(cameras.values()))))
        for shape in cameras:
            if cmds.getAttr(shape + ".renderable") != (shape in found):
                set_where_it_is(cmds, shape + ".renderable", shape in found)
    if len(found) > 1 and not tells_cameras_apart(cmds, renderer):
        stop("scene", "the scene renders several cameras ({}), and their images would overwrite each other; name one "
                      "with the option camera".format(", ".join(sorted(cameras[shape] for shape in found))))
    return [cameras[shape] for shape in found]


def tells_cameras_apart(cmds, renderer):
    """Whether each camera's image gets a name of its own."""
    if JOB["stem"] is not None:
        return not JOB["main_image"]
    name = "vraySettings.fileNamePrefix" if renderer == "vray" else "defaultRenderGlobals.imageFilePrefix"
    prefix = ((cmds.getAttr(name) if cmds.objExists(name) else None) or "").lower()
    return "<camera>" in prefix or "%c" in prefix


def own_output(cmds):
    """Where the scene itself would write."""
    project = cmds.workspace(query=True, rootDirectory=True)
    images = JOB["images"] or os.path.join(project, cmds.workspace(fileRuleEntry="images") or "images")
    report("fact", name="own-output", value=forward(os.path.normpath(images)))


def set_prefix(cmds, renderer, prefix):
    if renderer == "vray":
        set_attribute(cmds, "vraySettings.fileNamePrefix", prefix)
    elif renderer == "renderman":
        set_where_it_is(cmds, "rmanGlobals.imageFileFormat", prefix + ".<f{}>.<ext>".format(JOB["padding"]))
    else:
        set_attribute(cmds, "defaultRenderGlobals.imageFilePrefix", prefix)
        if renderer == "redshift":
            set_where_it_is(cmds, "redshiftOptions.imageFilePrefix", prefix)


def choose_output(cmds, renderer):
    if JOB["stem"] is None:
        own_output(cmds)
    staging = forward(JOB["staging"])
    for rule in ("images", "depth"):
        cmds.workspace(fileRule=(rule, staging))
    if renderer == "renderman":
        set_where_it_is(cmds, "rmanGlobals.imageOutputDir", staging)
    for name, value in (("animation", True), ("outFormatControl", 0), ("putFrameBeforeExt", True), ("periodInExt", 1),
                        ("modifyExtension", False), ("skipExistingFrames", False)):
        set_where_it_is(cmds, "defaultRenderGlobals." + name, value)
    if JOB["padding"]:
        set_attribute(cmds, "defaultRenderGlobals.extensionPadding", JOB["padding"])
        if renderer == "vray":
            set_where_it_is(cmds, "vraySettings.fileNamePadding", JOB["padding"])
    for name, value in JOB["format_settings"] or []:
        set_where_it_is(cmds, name, value)


def choose_size(cmds, renderer):
    owner = "vraySettings" if renderer == "vray" else "defaultResolution"
    width, height = JOB["resolution"] or (cmds.getAttr(owner + ".width"), cmds.getAttr(owner + ".height"))
    if JOB["resolution"] or JOB["percent"]:
        ratio = float(width) / height
        if JOB["percent"]:
            width, height = (max(1, int(round(side * JOB["percent"] / 100.0))) for side in (width, height))
        set_where_it_is(cmds, "defaultResolution.lockDeviceAspectRatio", False)
        set_attribute(cmds, owner + ".width", width)
        set_attribute(cmds, owner + ".height", height)
        set_where_it_is(cmds, "defaultResolution.deviceAspectRatio", ratio)
    report("fact", name="resolution", value="{}x{}".format(int(width), int(height)))


def choose_settings(cmds, mel, renderer):
    for name, value in JOB["settings"][renderer]:
        set_where_it_is(cmds, name, value)
    if renderer == "software":
        try:
            mel.eval("threadCount -n {};".format(JOB["threads"]))
        except RuntimeError as error:
            log("the number of threads stays as it is: {}".format(str(error).strip()))
    gpus = JOB["gpu_indexes"]
    if gpus and renderer == "redshift":
        try:
            mel.eval("redshiftSelectCudaDevices({" + ",".join(str(index) for index in gpus) + "});")
        except RuntimeError as error:
            stop("gpu", "Redshift cannot be told its GPUs: {}".format(str(error).strip()), "worker-fatal", str(gpus[0]))
    elif gpus and renderer == "arnold":
        set_where_it_is(cmds, "defaultArnoldRenderOptions.manual_gpu_devices", True)
        set_where_it_is(cmds, "defaultArnoldRenderOptions.render_devices", str(gpus[0]))


def device_of(cmds, renderer):
    """What the scene renders on as it stands now; None where it does not say."""
    fixed = {"software": "CPU", "renderman": "CPU", "redshift": "GPU"}
    if renderer in fixed:
        return fixed[renderer]
    switches = {"arnold": "defaultArnoldRenderOptions.renderDevice", "vray": "vraySettings.productionEngine"}
    switch = switches.get(renderer)
    if switch is None:
        return None
    if JOB["device"] != "scene":
        return JOB["device"].upper()
    return "GPU" if cmds.objExists(switch) and cmds.getAttr(switch) else "CPU"


def check_device(device, renderer):
    if device is not None:
        report("fact", name="device", value=device)
    # Redshift says itself that it finds none.
    if device == "GPU" and not JOB["leased_gpus"] and renderer != "redshift":
        stop("scene", "the scene renders on the GPU, and this task has none: set the option device to gpu, or to cpu")


def scene_mel(cmds, mel, name):
    """MEL that the scene brings along; in mayapy nothing runs it."""
    text = cmds.getAttr("defaultRenderGlobals." + name) if cmds.objExists("defaultRenderGlobals." + name) else None
    if text and text.strip():
        log("running the scene's {}".format(name))
        try:
            mel.eval(text)
        except RuntimeError as error:
            stop("script", "the scene's own {} failed: {}".format(name, str(error).strip()))


def keep_copy(cmds, changed):
    if JOB["scene_copy"] == "never" or (JOB["scene_copy"] == "changed" and not changed):
        return
    scene = JOB["scene"]
    directory = os.path.join(os.path.dirname(scene), ".farmhand", "scenes")
    stem = os.path.splitext(os.path.basename(scene))[0]
    layer = JOB["layer"] or ("all" if JOB["layers"] or not JOB["main_image"] else "masterLayer")
    layer = "".join("_" if sign in "/\\:*?\"<>|" else sign for sign in layer)
    name = "render_{}_{}_{}_{}.ma".format(stem, time.strftime("%Y%m%d-%H%M%S"), layer, os.getpid())
    path = os.path.join(directory, name)
    try:
        os.makedirs(directory, exist_ok=True)
        cmds.file(rename=forward(path))
        try:
            cmds.file(save=True, force=True, type="mayaAscii")
        finally:
            # The scene's name is part of image names.
            cmds.file(rename=forward(scene))
        log("kept a copy of the scene: {}".format(path))
        drop_old_copies(directory, stem)
    except (OSError, RuntimeError) as error:
        report("warning", message="no copy of the scene was kept: {}".format(str(error).strip()))


def drop_old_copies(directory, stem):
    # With the time in it, so that `shot` does not take the copies of `shot_b` for its own.
    own = re.compile(re.escape("render_{}_".format(stem)) + r"\d{8}-\d{6}_.*\.ma$")
    copies = []
    for name in os.listdir(directory):
        if own.match(name):
            path = os.path.join(directory, name)
            try:
                copies.append((os.stat(path).st_mtime, path))
            except OSError:
                # Another task of this scene was quicker.
                continue
    for _, path in sorted(copies, reverse=True)[KEPT_COPIES:]:
        try:
            os.remove(path)
        except OSError as error:
            log("an old copy stays: {}".format(error))


def render_once(cmds, mel, renderer, frame, node, camera):
    """One frame of the layer that is on, by the renderer's own call."""
    set_attribute(cmds, "defaultRenderGlobals.startFrame", frame)
    set_attribute(cmds, "defaultRenderGlobals.endFrame", frame)
    set_where_it_is(cmds, "defaultRenderGlobals.byFrameStep", 1)
    cmds.currentTime(frame)
    if renderer == "software":
        cmds.render(camera, layer=node)
    elif renderer == "arnold":
        cmds.arnoldRender(batch=True, seq=str(frame), camera=camera)
    elif renderer == "vray":
        set_attribute(cmds, "vraySettings.animFrames", str(frame))
        cmds.vrend(camera=camera)
    elif renderer == "renderman":
        from rfm2 import render as rfm
        rfm.frame("-s {0} -e {0} -layer {1} -camera {2}".format(frame, node, camera))
    else:
        mel.eval('mayaBatchRenderProcedure(0, "", "", "{}", "");'.format(MAYA_NAMES.get(renderer, renderer)))


def prefix_of(renderer, several_layers, several_cameras):
    """The image's name before the frame: a directory for each layer and for each camera, where there are several. By
    tokens, since Maya adds directories of its own to a name without them."""
    layer = {"vray": "<Layer>", "renderman": "<layer>"}.get(renderer, "<RenderLayer>")
    parts = [layer] if several_layers else []
    parts += ["<camera>" if renderer == "renderman" else "<Camera>"] if several_cameras else []
    return "/".join(parts + [JOB["stem"]])


def render_frame(cmds, mel, renderer, frame, nodes, cameras, staging):
    """Every layer and camera of a frame; the paths of its images."""
    if JOB["stem"] is not None:
        set_prefix(cmds, renderer, prefix_of(renderer, len(nodes) > 1, len(cameras) > 1))
    for node in nodes:
        if len(nodes) > 1:
            activate(cmds, node)
        # The batch procedures go through the renderable cameras by themselves.
        for camera in cameras[:1] if renderer in RUNS_SCENE_MEL else cameras:
            render_once(cmds, mel, renderer, frame, node, camera)
    return staging.settle(frame, JOB["stem"] is not None and len(nodes) == 1 and len(cameras) == 1)


def render(cmds, mel):
    map_paths(cmds)
    open_project(cmds)
    open_scene(cmds)
    changed = change_scene(cmds, mel)
    renderer = choose_renderer(cmds)
    nodes = choose_layers(cmds)
    activate(cmds, nodes[0])
    cameras = choose_cameras(cmds, renderer)
    report("fact", name="cameras", value=", ".join(cameras))
    choose_output(cmds, renderer)
    choose_size(cmds, renderer)
    choose_settings(cmds, mel, renderer)
    check_device(device_of(cmds, renderer), renderer)
    if renderer not in RUNS_SCENE_MEL:
        scene_mel(cmds, mel, "preMel")
    keep_copy(cmds, changed)
    hooks = FrameHooks(JOB["hooks"])
    context = {"scene": JOB["scene"], "layer": JOB["layer"], "renderer": renderer, "staging": JOB["staging"]}
    staging = Staging(JOB["staging"])
    failed = in_a_row = 0
    for frame in frames():
        report("frame-started", frame=frame)
        moment = "before-frame"
        try:
            hooks.run(moment, frame, **context)
            moment, began = "render", time.time()
            paths = render_frame(cmds, mel, renderer, frame, nodes, cameras, staging)
            log("frame {} took {:.1f} s".format(frame, time.time() - began))
            moment = "after-frame"
            hooks.run(moment, frame, paths=paths, **context)
        except (RuntimeError, TypeError, ValueError, OSError, ImportError) as error:
            text = str(error).strip() or type(error).__name__
            # What is half done is not the next frame's.
            staging.new()
            failed, in_a_row = failed + 1, in_a_row + 1
            if moment != "render":
                fault("frame-fatal", "script", text, frame)
            elif is_about_licence(text):
                fault("transient", "licence", "the renderer got no licence: {}".format(text), frame, renderer)
            else:
                traceback.print_exc()
                fault("frame-fatal", "other", "frame {} failed: {}".format(frame, text), frame)
            if in_a_row >= HOPELESS:
                log("{} frames in a row failed; the rest is left to another attempt".format(in_a_row))
                break
            continue
        in_a_row = 0
        tell_done(frame, paths)
    if renderer not in RUNS_SCENE_MEL:
        scene_mel(cmds, mel, "postMel")
    run_code(mel, JOB["post_render"], "after the render")
    return failed == 0


sys.exit(run(render))
