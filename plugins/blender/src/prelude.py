
# Written by farmhand for one attempt. It runs inside Blender after the scene is loaded and before the first frame,
# applies what the job asks for, and prints facts as `farmhand: key=value`. It works in 2.80 to 5.x.
import atexit

import bpy

JOB = json.loads(@JOB@)

# Blender's own limit for frame numbers: a number that no scene's name is likely to contain.
PROBE_FRAME = 1048573
# Those whose GPUs farmhand leases come first; it knows nothing of the others.
BACK_ENDS = ("OPTIX", "CUDA", "HIP", "ONEAPI", "METAL")
LEASED_BACK_ENDS = BACK_ENDS[:2]


class Refused(Exception):
    """The job cannot be rendered like this; the cause is one of farmhand's words."""

    def __init__(self, cause, message):
        super().__init__(message)
        self.cause = cause


def say(key, value):
    text = "farmhand: %s=%s" % (key, str(value).replace("\r", " ").replace("\n", " "))
    sys.stdout.flush()
    # Past Python's encoder, which may be ASCII on a farm node.
    os.write(1, (text + "\n").encode("utf-8", "replace"))


def listed(names):
    names = sorted(names)
    more = "" if len(names) <= 20 else ", and %d more" % (len(names) - 20)
    return (", ".join(names[:20]) + more) or "none"


def set_if_there(owner, name, value):
    """Sets what this version has; says whether it did."""
    try:
        setattr(owner, name, value)
        return True
    except (AttributeError, TypeError, ValueError):
        return False


def choose_scene():
    scene = bpy.context.scene
    wanted = JOB["scene"]
    if wanted is not None and scene.name != wanted:
        raise Refused("scene", "the file has no scene `%s`; it has: %s" % (wanted, listed(bpy.data.scenes.keys())))
    return scene


def choose_engine(scene):
    names = JOB["engine"]
    if not names:
        return
    if "CYCLES" in names and "cycles" not in bpy.context.preferences.addons:
        import addon_utils

        addon_utils.enable("cycles")
    for name in names:
        if set_if_there(scene.render, "engine", name) and scene.render.engine == name:
            return
    raise Refused("scene", "this Blender has no engine %s; choose another engine or another Blender" % names[0])


def choose_camera(scene):
    wanted = JOB["camera"]
    if wanted is None:
        return
    cameras = [one.name for one in scene.objects if one.type == "CAMERA"]
    if wanted not in cameras:
        raise Refused("scene", "scene `%s` has no camera `%s`; it has: %s" % (scene.name, wanted, listed(cameras)))
    scene.camera = scene.objects[wanted]
    for marker in scene.timeline_markers:
        marker.camera = None


def choose_layer(scene):
    wanted = JOB["layer"]
    if wanted is None:
        return
    layers = scene.view_layers
    if wanted not in layers:
        names = listed(layers.keys())
        raise Refused("scene", "scene `%s` has no view layer `%s`; it has: %s" % (scene.name, wanted, names))
    for layer in layers:
        layer.use = layer.name == wanted


def choose_quality(scene):
    render = scene.render
    if JOB["resolution"]:
        render.resolution_x, render.resolution_y = JOB["resolution"]
        render.resolution_percentage = 100
    if JOB["percentage"]:
        render.resolution_percentage = JOB["percentage"]
    is_cycles = render.engine == "CYCLES"
    if JOB["samples"]:
        if is_cycles:
            scene.cycles.samples = JOB["samples"]
        elif not set_if_there(getattr(scene, "eevee", None), "taa_render_samples", JOB["samples"]):
            say("warning", "this engine takes no samples")
    if not is_cycles:
        return
    if JOB["persistent_data"] is not None:
        set_if_there(render, "use_persistent_data", JOB["persistent_data"])
    if JOB["denoise"] is not None:
        # 2.8x has the switch on the view layers, later versions on both.
        owners = [scene.cycles] + [getattr(layer, "cycles", None) for layer in scene.view_layers]
        for owner in owners:
            set_if_there(owner, "use_denoising", JOB["denoise"])


def gpus_of(preferences, back_end):
    """The devices of a back-end; none where this Blender or this node does not have it."""
    if not set_if_there(preferences, "compute_device_type", back_end):
        return []
    for refresh in ("refresh_devices", "get_devices"):
        if hasattr(preferences, refresh):
            getattr(preferences, refresh)()
            break
    return [device for device in preferences.devices if device.type == back_end]


def use_cpu(scene, why):
    scene.cycles.device = "CPU"
    say("device", "CPU")
    if why:
        say("warning", why)


def choose_device(scene):
    if scene.render.engine != "CYCLES":
        return
    wanted = JOB["device"]
    if wanted == "CPU" or (wanted == "AUTO" and scene.cycles.device == "CPU"):
        return use_cpu(scene, None)
    addon = bpy.context.preferences.addons.get("cycles")
    preferences = addon.preferences if addon else None
    for back_end in back_ends(wanted, preferences):
        gpus = gpus_of(preferences, back_end) if preferences and back_end in BACK_ENDS else []
        if gpus:
            return use_gpus(scene, preferences, back_end, gpus)
    unleased = wanted in LEASED_BACK_ENDS and not JOB["leased_gpus"]
    missing = "this node has no %s device that this Blender can use" % ("GPU" if wanted == "AUTO" else wanted)
    if unleased:
        missing = "this task was given no GPU for %s" % wanted
    if JOB["allow_cpu"] and (unleased or wanted == "AUTO"):
        asks = "scene" if wanted == "AUTO" else "job"
        return use_cpu(scene, "the %s asks for a GPU, and %s; it renders on the CPU" % (asks, missing))
    say("device", "none")
    raise Refused("gpu", missing)


def back_ends(wanted, preferences):
    """Those to try, in order: without a lease none of those that farmhand leases, with one no others."""
    if wanted == "AUTO":
        own = getattr(preferences, "compute_device_type", "NONE")
        order = [own] + [one for one in BACK_ENDS if one != own]
        return [one for one in order if (one in LEASED_BACK_ENDS) == bool(JOB["leased_gpus"])]
    return [] if wanted in LEASED_BACK_ENDS and not JOB["leased_gpus"] else [wanted]


def use_gpus(scene, preferences, back_end, gpus):
    leased = JOB["leased_gpus"]
    if back_end in LEASED_BACK_ENDS and len(gpus) > leased:
        say("device", "none")
        raise Refused(
            "gpu",
            "Blender sees %d GPUs and the task has %d: CUDA_VISIBLE_DEVICES does not keep it to its own; look for "
            "what sets that variable" % (len(gpus), leased),
        )
    for device in preferences.devices:
        device.use = device.type == back_end
    scene.cycles.device = "GPU"
    say("device", back_end)
    say("gpus", ", ".join(gpu.name for gpu in gpus))


def set_format(render, name):
    settings = render.image_settings
    media = {"FFMPEG": "VIDEO", "OPEN_EXR_MULTILAYER": "MULTI_LAYER_IMAGE"}.get(name, "IMAGE")
    # 5.0 offers only the formats of the chosen kind of media.
    set_if_there(settings, "media_type", media)
    if not set_if_there(settings, "file_format", name):
        raise Refused("scene", "this Blender cannot write %s; choose another format or another Blender" % name)


def choose_output(scene):
    render = scene.render
    render.use_file_extension = True
    render.use_overwrite = True
    render.use_placeholder = False
    if JOB["format"]:
        set_format(render, JOB["format"])
    elif JOB["format_unless"]:
        name, extension = JOB["format_unless"]
        if render.file_extension.lower() != "." + extension:
            set_format(render, name)
    check_views(render)
    movie = JOB["movie"]
    if movie:
        set_if_there(render.ffmpeg, "format", movie["container"])
        set_if_there(render.ffmpeg, "codec", movie["codec"])
        render.filepath = movie["path"]
        return
    if render.is_movie_format:
        raise Refused(
            "scene",
            "the scene writes a movie (%s); set the option format to an image format such as PNG, or to FFMPEG "
            "with an output such as /out/shot.mp4" % render.image_settings.file_format,
        )
    if JOB["stage_pattern"]:
        render.filepath = JOB["stage_pattern"]
        return
    place = own_output(scene)
    say("own-output", place)
    render.filepath = os.path.join(JOB["staging"], os.path.basename(place))


def check_views(render):
    views = [view.name for view in render.views if view.use]
    if render.use_multiview and render.image_settings.views_format == "INDIVIDUAL" and len(views) > 1:
        raise Refused(
            "scene",
            "the scene writes its views (%s) into files of their own, and a frame here is one file: set Views Format "
            "to Stereo 3D, or to Multi-View with OpenEXR, in Blender's output properties" % listed(views),
        )


def own_output(scene):
    """Where the scene itself would write, with # for the frame and with the extension."""
    render = scene.render
    if render.filepath.strip() in ("", "/tmp", "/tmp/", "/tmp\\", "//"):
        stem = os.path.splitext(os.path.basename(bpy.data.filepath))[0] or "untitled"
        for sign in "#{}":
            stem = stem.replace(sign, "_")
        render.filepath = "//renders/%s_####" % stem
        say("warning", "the scene has no output of its own; its images go to %s" % bpy.path.abspath(render.filepath))
    name = os.path.basename(render.filepath.replace("\\", "/"))
    hashes = last_hashes(name)
    probe = str(PROBE_FRAME).zfill(hashes)
    path = os.path.normpath(bpy.path.abspath(render.frame_path(frame=PROBE_FRAME)))
    directory, name = os.path.split(path)
    before, _, after = name.rpartition(probe)
    return os.path.join(directory, before + "#" * hashes + after)


def last_hashes(name):
    """How long the last run of # is; Blender adds four where there is none."""
    end = name.rfind("#") + 1
    start = end
    while start > 0 and name[start - 1] == "#":
        start -= 1
    return (end - start) or 4


def is_there(path, library=None):
    return os.path.exists(bpy.path.abspath(path, library=library))


def tiles_of(image):
    """The files of an image: one, or one for each UDIM tile."""
    if image.source == "TILED":
        return [image.filepath.replace("<UDIM>", str(tile.number)) for tile in image.tiles]
    return [image.filepath] if image.source == "FILE" else []


def check_files():
    """Blender renders without what is missing, and its exit code does not tell: 3.4 says nothing of textures."""
    libraries = [one.filepath for one in bpy.data.libraries if not one.packed_file and not is_there(one.filepath)]
    images = []
    for image in bpy.data.images:
        if image.users and not image.packed_file and image.filepath:
            images += [path for path in tiles_of(image) if "<UVTILE>" not in path and not is_there(path, image.library)]
    for what, missing, policy in (
        ("linked libraries", libraries, JOB["missing_libraries"]),
        ("images", images, JOB["missing_images"]),
    ):
        if not missing:
            continue
        text = "these %s are not there: %s" % (what, listed(set(missing)))
        if policy == "fail":
            raise Refused("missing-file", text)
        say("warning", text)


def choose_frames(scene):
    if JOB["relative_frames"]:
        # On the command line a negative number counts back from the last frame: with 0 there, it is what it says.
        scene.frame_start = 0
        scene.frame_end = 0


def describe(scene):
    render = scene.render
    scale = render.resolution_percentage / 100.0
    say("blender", bpy.app.version_string)
    say("scene", scene.name)
    say("engine", render.engine)
    say("resolution", "%dx%d" % (int(render.resolution_x * scale), int(render.resolution_y * scale)))
    say("format", render.image_settings.file_format)
    say("view-layers", ", ".join(layer.name for layer in scene.view_layers if layer.use))
    if render.engine == "CYCLES":
        say("samples", scene.cycles.samples)
        say("denoise", "on" if getattr(scene.cycles, "use_denoising", False) else "off")
        say("persistent-data", "on" if getattr(render, "use_persistent_data", False) else "off")
    say("addons", listed(bpy.context.preferences.addons.keys()))


def on_frame(scene, *_):
    say("frame", scene.frame_current)


def listen(handlers, handler):
    handlers.append(handler)
    # Some versions crash on their way out where a handler is still there.
    atexit.register(handlers.remove, handler)


def run_hooks_around_frames():
    """Blender renders on whatever a handler does, so a frame counts only once farmhand has been told that it passed."""
    hooks = FrameHooks(JOB["hooks"])
    failed = set()

    def run(moment, scene):
        frame = scene.frame_current
        if frame in failed:
            return
        paths = [bpy.path.abspath(scene.render.frame_path(frame=frame))] if moment == "after-frame" else []
        try:
            hooks.run(moment, frame, scene=bpy.data.filepath, layer=JOB["layer"], paths=paths)
        except Stop:
            # A person is to look before anything more is rendered, and a handler cannot end a render.
            sys.stdout.flush()
            os._exit(JOB["refused_exit"])
        except Exception as error:
            failed.add(frame)
            fault("frame-fatal", "script", str(error), frame)
            return
        if moment == "after-frame":
            say("passed", frame)

    listen(bpy.app.handlers.render_pre, lambda scene, *_: run("before-frame", scene))
    listen(bpy.app.handlers.render_write, lambda scene, *_: run("after-frame", scene))


def main():
    scene = choose_scene()
    choose_engine(scene)
    choose_camera(scene)
    choose_layer(scene)
    check_files()
    choose_quality(scene)
    choose_device(scene)
    choose_output(scene)
    choose_frames(scene)
    describe(scene)
    listen(bpy.app.handlers.render_pre, on_frame)
    if JOB["hooks"]:
        run_hooks_around_frames()


try:
    main()
except Refused as refused:
    say("error", "%s|%s" % (refused.cause, refused))
    sys.exit(JOB["refused_exit"])
except Stop:
    # What is wrong has been reported.
    sys.exit(JOB["refused_exit"])
