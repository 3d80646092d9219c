# Makes the scenes of `tests/it/cases.rs` in the directory after `--`.
import os
import sys

import bpy

FARM = sys.argv[sys.argv.index("--") + 1]


def fresh():
    bpy.ops.wm.read_factory_settings()
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.samples = 2
    scene.cycles.use_denoising = False
    scene.render.resolution_x = 64
    scene.render.resolution_y = 48
    scene.render.resolution_percentage = 100
    scene.view_layers.new("fg")
    return scene


def save(name):
    bpy.ops.wm.save_as_mainfile(filepath=os.path.join(FARM, name), copy=True, compress=True)


def text(name, body):
    block = bpy.data.texts.new(name)
    block.write(body)
    block.use_module = True


fresh()
save("cube.blend")

fresh().render.filepath = "//pictures/v1/look_###"
save("own-output.blend")

scene = fresh()
scene.cycles.use_denoising = True
for layer in scene.view_layers:
    layer.cycles.use_denoising = True
save("denoise.blend")

fresh().camera = None
save("no-camera.blend")

fresh().cycles.device = "GPU"
save("gpu.blend")

scene = fresh()
scene.use_nodes = True
node = scene.node_tree.nodes.new("CompositorNodeOutputFile")
node.base_path = os.path.join(FARM, "side")
scene.node_tree.links.new(scene.node_tree.nodes["Render Layers"].outputs[0], node.inputs[0])
text("rig.py", "import bpy\ndef f(*a): raise KeyError('rig')\nbpy.app.handlers.frame_change_pre.append(f)\n")
save("side.blend")

# The staging directory goes away while the frame is rendered, as when a share is unmounted.
fresh()
text(
    "unplug.py",
    "import bpy, os, shutil\n"
    "def f(scene, *a):\n"
    "    staging = os.path.dirname(scene.render.filepath)\n"
    "    shutil.rmtree(staging)\n"
    "    open(staging, 'w').close()\n"
    "bpy.app.handlers.render_pre.append(f)\n",
)
save("unplug.blend")

scene = fresh()
scene.render.use_multiview = True
save("stereo.blend")

scene = fresh()
scene.render.image_settings.file_format = "FFMPEG"
save("movie.blend")

fresh()
save("prop.blend")
with bpy.data.libraries.load(os.path.join(FARM, "prop.blend"), link=True) as (theirs, ours):
    ours.objects = ["Cube"]
bpy.context.scene.collection.objects.link(ours.objects[0])
save("linked.blend")
os.remove(os.path.join(FARM, "prop.blend"))

fresh()
picture = os.path.join(FARM, "wood.png")
image = bpy.data.images.new("wood", 8, 8)
image.filepath_raw = picture
image.file_format = "PNG"
image.save()
material = bpy.data.objects["Cube"].data.materials[0]
node = material.node_tree.nodes.new("ShaderNodeTexImage")
node.image = bpy.data.images.load(picture)
material.node_tree.links.new(node.outputs[0], material.node_tree.nodes["Principled BSDF"].inputs[0])
bpy.data.images.remove(image)
save("textured.blend")
os.remove(picture)

with open(os.path.join(FARM, "cube.blend"), "rb") as whole, open(os.path.join(FARM, "damaged.blend"), "wb") as part:
    part.write(whole.read()[:4000])
with open(os.path.join(FARM, "foreign.blend"), "w") as file:
    file.write("not a blend file at all\n")
with open(os.path.join(FARM, "raises.py"), "w") as file:
    file.write("def rig(name):\n    raise KeyError(name)\n\n\nrig('arm.L')\n")
