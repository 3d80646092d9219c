

# Level `minimal`: opens the scene and renders its frames by Maya's batch procedure, which every renderer knows.
# Nothing in the scene is changed but the range, the layer, the resolution, and the images' names and format.


def check_format(path):
    """Without a renderer's own settings a format may not be had; another one must not pass for it."""
    found = os.path.splitext(path)[1].lower().replace("jpeg", "jpg").replace("tiff", "tif")
    if JOB["format"] and found != "." + JOB["format"]:
        raise RuntimeError("the renderer wrote {}, and the job asks for {}".format(
            found, JOB["format"]))


def minimal(cmds, mel):
    map_paths(cmds)
    open_project(cmds)
    open_scene(cmds)
    report("fact", name="renderer", value=JOB["renderer"] or cmds.getAttr("defaultRenderGlobals.currentRenderer"))
    staging = forward(JOB["staging"])
    if JOB["stem"] is None:
        report("fact", name="own-output", value=JOB["images"])
    for rule in ("images", "depth"):
        cmds.workspace(fileRule=(rule, staging))
    nodes = wanted_layers(cmds)
    activate(cmds, nodes[0])
    for name, value in JOB["basics"]:
        set_where_it_is(cmds, name, value)
    images = Staging(JOB["staging"])
    failed = False
    for frame in frames():
        report("frame-started", frame=frame)
        try:
            for name in ("startFrame", "endFrame"):
                set_attribute(cmds, "defaultRenderGlobals." + name, frame)
            cmds.currentTime(frame)
            if cmds.objExists("vraySettings.animFrames"):
                set_attribute(cmds, "vraySettings.animFrames", str(frame))
            for node in nodes:
                if len(nodes) > 1:
                    activate(cmds, node)
                mel.eval('mayaBatchRenderProcedure(0, "", "", "{}", "");'.format(JOB["renderer_in_maya"] or ""))
            paths = images.settle(frame, JOB["main_image"])
            check_format(paths[-1])
        except (RuntimeError, OSError) as error:
            text = str(error).strip() or type(error).__name__
            images.new()
            failed = True
            if is_about_licence(text):
                fault("transient", "licence", "the renderer got no licence: {}".format(text), frame, JOB["renderer"])
            else:
                fault("frame-fatal", "other", "frame {} failed: {}".format(frame, text), frame)
            continue
        tell_done(frame, paths)
    return not failed


sys.exit(run(minimal))
