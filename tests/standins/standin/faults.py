"""The names of all faults: where and when each can strike, and its variants. What it says is in `maya_faults` and
`nuke_faults`.

Moments: `start` before anything is read, `plugin` when a renderer's plug-in is loaded, `run` between reading and the
first frame, `frame` instead of rendering a frame, `image` while its image is written, `end` after the last frame.
"""


class Kind:
    def __init__(self, moments, variants=()):
        self.moments = moments
        self.variants = variants


def _maya(moment):
    return {"Render": moment, "mayapy": moment}


def _all(moment):
    return {"Render": moment, "mayapy": moment, "nuke": moment}


# A licence's first variants are Arnold's, the next Redshift's, the last Nuke's.
_LICENCES = ("clm22", "clm44", "rlm", "library", "in-use", "maxon", "comm", "badhost", "noproduct", "rlm-short")

FAULTS = {
    "licence": Kind({"nuke": "start"}, _LICENCES),
    "watermark": Kind(_maya("frame")),
    "memory": Kind(_all("frame"), ("host", "gpu", "killed")),
    "missing-texture": Kind(_all("frame"), ("unreadable",)),
    "missing-asset": Kind(_all("frame"), ("alembic", "ass", "vrscene", "script", "lut", "denied")),
    "crash": Kind(_all("frame"), ("segv", "abort", "fatal-error", "access-violation")),
    "exit-0-without-image": Kind(_all("frame")),
    "211-with-images": Kind({"Render": "end"}),
    "210": Kind(_maya("frame")),
    "206": Kind({"Render": "start"}),
    "211": Kind({"Render": "run"}),
    "library-missing": Kind(_maya("start")),
    "hang": Kind(_all("frame"), ("start", "png")),
    "dialog": Kind(_all("frame"), ("anyway",)),
    "truncated-image": Kind(_all("image")),
    "wrong-name": Kind(_all("image")),
    "child-left-behind": Kind(_all("end")),
    "slow-frame": Kind(_all("frame")),
    "gpu-init": Kind(_all("frame"), ("driver", "unknown", "compute", "no-devices", "illegal-access")),
    "gpu-invalid-device": Kind(_maya("run")),
    "plugin-missing": Kind(_maya("plugin")),
    "script-error": Kind(_all("run")),
    "startup-script": Kind(_all("start")),
    "disk-full": Kind(_all("image")),
    "missing-argv": Kind({"nuke": "run"}),
    "read-error": Kind({"nuke": "frame"}, ("scanline", "early-end", "channel")),
    "cont-past-errors": Kind({"nuke": "frame"}),
    "exit": Kind(_all("frame")),
}

LICENCE_PRODUCTS = {
    "arnold": "arnold",
    "vray": "vray",
    "redshift": "redshift",
    "renderman": "renderman",
    "octane": "octane",
}
