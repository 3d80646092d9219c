"""
@HEADER@

Written by farmhand and run by `nuke -t`. It goes away once its images are verified; where something failed it stays,
and can be run again by hand in the same way while its staging directory is there.
"""
import json
import re

JOB = json.loads(@JOB@)

try:
    import nuke
except ImportError:
    nuke = None

@PRELUDE@


def seconds(since):
    return "{:.2f} s".format(time.time() - since)


def open_script():
    path = JOB["script"]
    log("opening {}".format(path))
    began = time.time()
    if not os.path.isfile(path):
        stop("missing-file", "the Nuke script {} is not there; is its share mounted on this node?".format(path),
             about=path)
    try:
        nuke.scriptOpen(path)
    except RuntimeError as error:
        stop("scene", "Nuke cannot open {}: {}".format(path, error))
    report("fact", name="dcc-version", value=str(nuke.NUKE_VERSION_STRING))
    log("opened in {}".format(seconds(began)))


def is_on(node, name):
    knob = node.knob(name)
    return bool(knob is not None and knob.value())


def find_write():
    name = JOB["write"]
    log("looking for Write node {}".format(name))
    write = nuke.toNode(name)
    if write is None:
        there = sorted(node.fullName() for node in nuke.allNodes("Write", recurseGroups=True))
        stop("scene", "the script has no Write node {}; it has {}".format(name, ", ".join(there) or "none"))
    if write.knob("file") is None:
        stop("scene", "{} is a {} node and writes no file".format(name, write.Class()))
    if is_on(write, "disable"):
        stop("scene", "Write node {} is disabled; enable it in the script".format(name))
    if is_on(write, "reading"):
        stop("scene", "Write node {} reads its file instead of writing it; switch `reading` off".format(name))
    log("Write node {} is there and enabled".format(name))
    return write


def set_size():
    if JOB["size"] is not None:
        nuke.root().knob("proxy").setValue(JOB["size"] == "proxy")
    return nuke.root().knob("proxy") is not None and bool(nuke.root().knob("proxy").value())


def file_knob(write, proxy):
    """The knob that names the images: in proxy mode another one counts where it says something."""
    knob = write.knob("proxy") if proxy else None
    return knob if knob is not None and knob.value() else write.knob("file")


def mapped(path):
    for spelled, here in JOB["path_map"]:
        head, rest = path[:len(spelled)], path[len(spelled):]
        windows = spelled.startswith("//") or spelled[1:2] == ":"
        same = head.lower() == spelled.lower() if windows else head == spelled
        if same and (not rest or rest.startswith("/")):
            return here.rstrip("/") + rest
    return path


def corrected(path):
    """Forward slashes, this system's spelling, and an absolute path: a Write node fails on backslashes."""
    path = mapped(path.strip().strip('"').replace("\\", "/"))
    if path and not os.path.isabs(path) and path[1:2] != ":":
        base = nuke.root().knob("project_directory")
        base = base.evaluate() if base is not None else None
        path = "/".join([(base or os.path.dirname(JOB["script"])).replace("\\", "/").rstrip("/"), path])
    return path


def with_frame(path, frame):
    """Fills in what Nuke has left open: `####` and `%04d`."""
    sign = "-" if frame < 0 else ""

    def padded(match):
        hashes, digits = match.group(1), match.group(2)
        return sign + str(abs(frame)).zfill(len(hashes) if hashes else int(digits or 1))

    return re.sub(r"(#+)|%(\d*)d", padded, path)


def own_images(knob, frame):
    """Where the Write node itself would write this frame: each view's image, where it names them apart."""
    raw = knob.value()
    for index, value in enumerate(JOB["argv"]):
        raw = raw.replace("[argv {}]".format(index), value)
    apart = "%V" in raw or "%v" in raw
    images = []
    for view in (JOB["views"] or nuke.views()) if apart else [None]:
        text = raw if view is None else raw.replace("%V", view).replace("%v", view[:1])
        knob.setValue(text)
        try:
            path = with_frame(corrected(knob.evaluate(frame) or ""), frame)
        finally:
            knob.setValue(raw)
        if not path:
            stop("scene", "Write node {} has no file; give the job an output".format(JOB["write"]))
        name = os.path.basename(path) if view is None else "{}.{}".format(view, os.path.basename(path))
        images.append({"view": view, "path": JOB["staging"] + "/" + name, "place": path})
    return images


def plan(knob):
    """Every frame with its images, and a stop where two frames would write the same one."""
    log("the Write node's own file is {}".format(knob.value() or "empty"))
    seen = {}
    for entry in JOB["frames"]:
        if not entry["images"]:
            entry["images"] = own_images(knob, entry["frame"])
        for image in entry["images"]:
            other = seen.setdefault(image["place"], entry["frame"])
            if other != entry["frame"]:
                stop("scene", "frames {} and {} would both write {}; put a frame number into the name".format(
                    other, entry["frame"], image["place"]))
    first = JOB["frames"][0]["images"][0]
    log("the first image is {}, written to {}".format(first["place"], first["path"]))
    return JOB["frames"]


def make_directories(frames):
    made = set()
    for entry in frames:
        for image in entry["images"]:
            for path in (image["path"], image["place"]):
                directory = os.path.dirname(path)
                if directory in made or os.path.isdir(directory):
                    continue
                if not JOB["make_directories"]:
                    stop("disk", "the directory {} is not there, and the job has `make_directories` off".format(
                        directory), about=directory)
                try:
                    os.makedirs(directory, exist_ok=True)
                except OSError as error:
                    stop("disk", "cannot make the directory {}: {}".format(directory, error.strerror),
                         about=directory)
                log("made the directory {}".format(directory))
                made.add(directory)


def execute(write, knob, frame, image):
    # Plain names, one image at a time: Nuke's own padding of negative frames and its views need no guessing then.
    knob.setValue(image["path"])
    views = [image["view"]] if image["view"] is not None else JOB["views"]
    if views:
        nuke.execute(write, frame, frame, 1, views=views)
    else:
        nuke.execute(write, frame, frame, 1)
    wrong = what_is_wrong_with(image["path"])
    if wrong is not None:
        raise RuntimeError("Nuke rendered frame {} without an error, but {}: {}".format(frame, image["path"], wrong))
    log("verified {} ({} bytes)".format(image["path"], os.path.getsize(image["path"])))


def render(write, knob, hooks, entry):
    """One frame; whether it went well. What went wrong has been reported."""
    frame, images = entry["frame"], entry["images"]
    context = {"scene": JOB["script"], "layer": JOB["write"], "staging": JOB["staging"],
               "paths": [image["path"] for image in images]}
    began = time.time()
    report("frame-started", frame=frame)
    try:
        hooks.run("before-frame", frame, **context)
    except RuntimeError as error:
        fault("frame-fatal", "script", str(error), frame=frame)
        return False
    try:
        for image in images:
            execute(write, knob, frame, image)
    except RuntimeError as error:
        # The reader knows more causes than this script: `other` asks it to look at the words.
        fault("frame-fatal", "other", str(error), frame=frame)
        return False
    try:
        hooks.run("after-frame", frame, **context)
    except RuntimeError as error:
        fault("frame-fatal", "script", str(error), frame=frame)
        return False
    for image in images:
        report("frame-done", frame=frame, path=image["path"], place=image["place"], more=image is not images[-1])
    log("frame {} took {}".format(frame, seconds(began)))
    return True


def main():
    if nuke is None:
        stop("plugin", "this script is for Nuke: run it by `nuke -t`")
    hooks = FrameHooks(JOB["hooks"])
    open_script()
    write = find_write()
    knob = file_knob(write, set_size())
    frames = plan(knob)
    make_directories(frames)
    began, done = time.time(), 0
    for index, entry in enumerate(frames):
        log("frame {} ({} of {})".format(entry["frame"], index + 1, len(frames)))
        if render(write, knob, hooks, entry):
            done += 1
        elif not JOB["continue_on_error"]:
            log("ending here: the job does not go on after a frame that failed")
            break
    log("{} of {} frames in {}".format(done, len(frames), seconds(began)))
    return 0 if done == len(frames) else 1


try:
    code = main()
except Stop:
    code = 1
except Exception as error:
    traceback.print_exc()
    fault("frame-fatal", "plugin", "the generated script failed: {}: {}".format(type(error).__name__, error))
    code = 1
sys.exit(code)
