"""What each renderer says of a frame while all goes well, and which devices it sees."""

import os
import re

from .output import complain, say

MACHINE = 8


def visible_devices():
    """How many GPUs a CUDA process sees here: STANDIN_GPUS of them, 8 unless told, as CUDA_VISIBLE_DEVICES allows:
    unset means all, empty none, and an index that is none hides itself and all that follow."""
    count = int(os.environ.get("STANDIN_GPUS", MACHINE))
    wanted = os.environ.get("CUDA_VISIBLE_DEVICES")
    if wanted is None:
        return count
    seen = 0
    for entry in wanted.split(","):
        entry = entry.strip()
        if re.match(r"^(GPU|MIG)-[0-9a-fA-F-]+", entry):
            seen += 1
        elif entry.isdigit() and int(entry) < count:
            seen += 1
        else:
            break
    return seen


def devices(session, renderer):
    """Redshift's choice of GPUs. A device that is none is told once, and then all are used: the render goes on."""
    if renderer != "redshift" or session.device_problem_told:
        return
    chosen = session.redshift_gpus
    count = visible_devices()
    wrong = [index for index in chosen or () if index >= count]
    fault = session.kit.strike("run", renderer=renderer, names=("gpu-invalid-device",))
    if fault is not None:
        wrong = wrong or [chosen[0] if chosen else 0]
    if wrong and (count or fault is not None):
        session.device_problem_told = True
        complain("Error: redshiftSelectCudaDevices.mel line 43: Invalid device id: %d" % wrong[0])


def layer_of(layer):
    return "masterLayer" if layer == "defaultRenderLayer" else layer


def _arnold_talks(session, level):
    return session.value("defaultArnoldRenderOptions.log_verbosity", 1) >= level and session.value(
        "defaultArnoldRenderOptions.log_to_console", True
    )


def begin(session, renderer, frame, layer):
    if renderer in ("sw", "hw", "hw2"):
        say("Constructing shading groups.")
        say("Rendering current frame.")
    elif renderer == "vray":
        say("V-Ray: Building light cache...")
        say("V-Ray: Prepass 1 of 4...")
    elif renderer == "redshift":
        say("[Redshift] Rendering frame %g (1/1)" % frame)
    elif renderer == "renderman":
        say("rfm Notice: Rendering %s at %g" % (layer_of(layer), frame))
    elif renderer == "octane":
        say("Octane: starting animation of frame %g" % frame)


def progress(session, renderer, frame):
    if renderer == "arnold" and _arnold_talks(session, 2):
        for percent in (0, 45, 100):
            say("00:00:01      32MB         |  %3d%% done - 23 rays/pixel" % percent)
    elif renderer == "vray":
        for percent in (12, 60, 100):
            say("[PROGRESS] %d percent" % percent)
    elif renderer == "redshift":
        # Blocks come out of order, as they do from several GPUs.
        for block in (2, 1, 4, 3):
            say("[Redshift] Block %d/4 (%d,0) rendered by GPU %d in 2ms" % (block, block - 1, block % 2))
    elif renderer == "renderman":
        for percent in (12, 64, 100):
            say("R90000  %3d%%" % percent)
    elif renderer == "octane":
        for samples in (12, 100):
            say("Octane: Refreshed image, %d samples per pixel of 100" % samples)
    elif renderer == "mr":
        say("progr:   45.2%  rendered on localhost")


def finish(session, renderer, frame, path):
    if renderer == "arnold" and _arnold_talks(session, 2):
        say("00:00:01      64MB         | render done")
        say("00:00:01      64MB         |  peak CPU memory used        64.00MB")
        say("00:00:01      12MB         | releasing resources")
    elif renderer == "vray":
        say('Successfully written image file "%s"' % path)
        say("V-Ray: Total frame time 0h  0m  0.1s (0.1 s)")
        say("V-Ray: Render complete")
    elif renderer == "redshift":
        say("[Redshift] Rendering done")
    elif renderer == "mr":
        say("progr: writing image file %s (frame %g)" % (path, frame))
    say("Finished Rendering %s." % path)
