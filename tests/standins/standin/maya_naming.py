"""Where Maya and its renderers put an image, from the scene's settings."""

import os
import re

# Maya's own image formats by number; 50 and 51 mean that imfPluginKey names it.
FORMATS = {3: "tif", 4: "tif", 7: "iff", 8: "jpg", 32: "png", 40: "exr"}
REDSHIFT_FORMATS = {0: "iff", 1: "exr", 2: "png", 3: "tga", 4: "jpg", 5: "tif"}
# How `-of` may name a format, in any case.
OUTPUT_FORMATS = {
    "exr": "exr",
    "openexr": "exr",
    "deepexr": "exr",
    "png": "png",
    "tif": "tif",
    "tiff": "tif",
    "tiff16": "tif",
    "jpg": "jpg",
    "jpeg": "jpg",
    "iff": "iff",
    "maya": "iff",
    "mayaiff": "iff",
}
NAMING = {
    "name": 1,
    "name.ext": 2,
    "name.#.ext": 3,
    "name.ext.#": 4,
    "name.#": 5,
    "name#.ext": 6,
    "name_#.ext": 7,
    "namec": 8,
    "namec.ext": 9,
}


def layer_name(layer):
    """A layer as tokens and people call it."""
    if layer == "defaultRenderLayer":
        return "masterLayer"
    return layer[3:] if layer.startswith("rs_") else layer


def extension(session, renderer):
    if renderer == "arnold":
        translator = session.value("defaultArnoldDriver.aiTranslator", "exr")
        return {"jpeg": "jpg", "tiff": "tif", "deepexr": "exr"}.get(translator, translator)
    if renderer == "vray":
        return (session.value("vraySettings.imageFormatStr") or "png").split()[0]
    if renderer == "redshift":
        return REDSHIFT_FORMATS.get(session.value("redshiftOptions.imageFormat", 1), "exr")
    if renderer == "renderman":
        return session.value("rmanGlobals.ext") or "exr"
    number = session.value("defaultRenderGlobals.imageFormat", 7)
    if number in (50, 51):
        key = (session.value("defaultRenderGlobals.imfPluginKey") or "exr").lower()
        return OUTPUT_FORMATS.get(key, key)
    return FORMATS.get(number, "iff")


def set_format(session, renderer, name):
    """What `-of` does. LookupError for a format that the renderer does not list."""
    found = OUTPUT_FORMATS.get(name.lower())
    if found is None:
        raise LookupError(name)
    if renderer == "arnold":
        session.set("defaultArnoldDriver.aiTranslator", {"jpg": "jpeg"}.get(found, found))
    elif renderer == "vray":
        session.set("vraySettings.imageFormatStr", found)
    elif renderer == "redshift":
        session.set("redshiftOptions.imageFormat", {name: number for number, name in REDSHIFT_FORMATS.items()}[found])
    elif renderer == "renderman":
        session.set("rmanGlobals.ext", found)
    else:
        session.set("defaultRenderGlobals.imageFormat", {name: number for number, name in FORMATS.items()}[found])


def images_folder(session):
    return os.path.normpath(os.path.join(session.project, os.path.expanduser(session.rules.get("images") or "images")))


def prefix(session, renderer):
    if renderer == "vray":
        return session.value("vraySettings.fileNamePrefix") or ""
    if renderer == "redshift":
        own = session.value("redshiftOptions.imageFilePrefix")
        return own or session.value("defaultRenderGlobals.imageFilePrefix") or ""
    return session.value("defaultRenderGlobals.imageFilePrefix") or ""


def scene_name(session):
    return os.path.splitext(os.path.basename(session.scene.path))[0] or "untitled"


def expand(session, text, layer, camera):
    """A prefix with its tokens replaced, whatever their case."""
    values = {
        "scene": scene_name(session),
        "renderlayer": layer_name(layer),
        "layer": layer_name(layer),
        "camera": camera.parent or camera.name,
        "renderpass": "beauty",
        "aov": "beauty",
        "version": session.value("defaultRenderGlobals.renderVersion") or "",
        "ws": session.project.rstrip("/"),
    }
    short = {"s": "scene", "l": "layer", "a": "aov", "c": "camera"}
    text = re.sub(r"<(\w+)>", lambda found: values.get(found.group(1).lower(), found.group(0)), text)
    return re.sub(r"%([slac])", lambda found: values[short[found.group(1)]], text)


def padded(number, digits):
    """The number with its digits; a part behind the point stays as it is."""
    whole, dot, part = ("%g" % number).partition(".")
    sign = "-" if whole.startswith("-") else ""
    return sign + whole.lstrip("-").zfill(int(digits)) + dot + part


def image_path(session, renderer, layer, camera, frame):
    if renderer == "renderman":
        return _renderman_path(session, layer, camera, frame)
    given = prefix(session, renderer)
    name = expand(session, given or scene_name(session), layer, camera)
    named_by_layer = re.search(r"<(renderlayer|layer)>|%l", given, re.I)
    if len(session.scene.layers()) > 1 and not named_by_layer:
        # Each layer gets a folder of its own; render setup's show the prefix that Maya gives them.
        folder = layer if layer != "defaultRenderLayer" else "masterLayer"
        name = "/".join((folder, name))
    ending = extension(session, renderer)
    if renderer == "vray":
        digits = session.value("vraySettings.fileNamePadding", 4)
        if session.value("vraySettings.animType") or session.value("defaultRenderGlobals.animation"):
            name = "%s.%s" % (name.rstrip("."), padded(frame, digits))
        name = "%s.%s" % (name, ending)
    else:
        name = _numbered(session, name, ending, frame)
    return os.path.normpath(os.path.join(images_folder(session), name))


def _numbered(session, name, ending, frame):
    number = padded(frame, session.value("defaultRenderGlobals.extensionPadding", 1))
    naming = session.naming
    if naming is None:
        if not session.value("defaultRenderGlobals.animation"):
            naming = 2
        elif session.value("defaultRenderGlobals.putFrameBeforeExt"):
            naming = {0: 6, 1: 3, 2: 7}.get(session.value("defaultRenderGlobals.periodInExt"), 3)
        else:
            naming = 4
    shapes = {
        1: "{n}",
        2: "{n}.{e}",
        3: "{n}.{f}.{e}",
        4: "{n}.{e}.{f}",
        5: "{n}.{f}",
        6: "{n}{f}.{e}",
        7: "{n}_{f}.{e}",
        8: "{n}",
        9: "{n}.{e}",
    }
    return shapes[naming].format(n=name, f=number, e=ending)


def _renderman_path(session, layer, camera, frame):
    folder = expand(session, session.value("rmanGlobals.imageOutputDir") or "<ws>/images", layer, camera)
    name = expand(session, session.value("rmanGlobals.imageFileFormat") or "<layer>.<f4>.<ext>", layer, camera)
    name = re.sub(r"<f(\d?)>", lambda found: padded(frame, found.group(1) or 1), name)
    return os.path.normpath(os.path.join(folder, name.replace("<ext>", extension(session, "renderman"))))
