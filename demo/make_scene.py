"""Makes the demo's scene: a field of 331 pillars that a wave runs through, with 40 glossy balls riding on it, in a
landscape of dunes. The dunes are what makes it like a real shot: geometry that has to be made ready for every frame.

Run by Blender itself:  blender -b --factory-startup --python-exit-code 1 -P make_scene.py -- OUT.blend [FRAMES]
"""

import math
import random
import sys

import bpy

arguments = sys.argv[sys.argv.index("--") + 1:]
path = arguments[0]
frame_count = int(arguments[1]) if len(arguments) > 1 else 48
random.seed(7)

bpy.ops.wm.read_homefile(use_empty=True)
scene = bpy.context.scene
scene.frame_start, scene.frame_end = 1, frame_count
scene.render.fps = 24


def material(name, colour, roughness, metallic=0.0):
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    shader = made.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = (*colour, 1.0)
    shader.inputs["Roughness"].default_value = roughness
    shader.inputs["Metallic"].default_value = metallic
    return made


def mix(a, b, t):
    return tuple(x + (y - x) * t for x, y in zip(a, b))


STRAW, CLAY, MOSS = (0.90, 0.55, 0.14), (0.55, 0.13, 0.06), (0.07, 0.22, 0.13)
pillar_materials = [
    material(f"pillar {i}", mix(MOSS, STRAW, i / 5) if i < 5 else mix(STRAW, CLAY, (i - 5) / 4), 0.45)
    for i in range(10)
]
ball_materials = [
    material("ivory", (0.85, 0.80, 0.70), 0.15),
    material("copper", (0.95, 0.45, 0.25), 0.18, 1.0),
    material("night", (0.02, 0.04, 0.09), 0.08),
]

bpy.ops.mesh.primitive_cylinder_add(vertices=6, radius=0.53, depth=4.0)
pillar = bpy.context.object
bevel = pillar.modifiers.new("bevel", "BEVEL")
bevel.width, bevel.segments = 0.07, 3
bpy.ops.object.convert(target="MESH")
pillar_mesh = pillar.data
bpy.data.objects.remove(pillar)
bpy.ops.mesh.primitive_uv_sphere_add(segments=48, ring_count=24, radius=0.42)
ball = bpy.context.object
bpy.ops.object.shade_smooth()
ball_mesh = ball.data
bpy.data.objects.remove(ball)


def height(x, y, turn):
    """The wave repeats after `frame_count` frames, so that the animation loops."""
    return 0.75 * math.sin(0.55 * x + 0.25 * y - turn) + 0.45 * math.sin(0.6 * y - 0.3 * x + turn)


def animate(thing, value_at):
    """Keys z at every second frame, with linear steps in between."""
    for frame in range(1, frame_count + 2, 2):
        thing.location.z = value_at(2 * math.pi * (frame - 1) / frame_count)
        thing.keyframe_insert("location", index=2, frame=frame)
    for curve in thing.animation_data.action.fcurves:
        for key in curve.keyframe_points:
            key.interpolation = "LINEAR"


RADIUS = 10
cells = [(q, r) for q in range(-RADIUS, RADIUS + 1) for r in range(-RADIUS, RADIUS + 1) if abs(q + r) <= RADIUS]
places = [(q + r / 2, r * math.sqrt(3) / 2) for q, r in cells]
for number, (x, y) in enumerate(places):
    made = bpy.data.objects.new(f"pillar {number}", pillar_mesh)
    made.location = (x, y, 0)
    level = (height(x, y, 0) + 1.2) / 2.4
    made.data = pillar_mesh
    scene.collection.objects.link(made)
    if not made.material_slots:
        pillar_mesh.materials.append(None)
    made.material_slots[0].link = "OBJECT"
    shade = min(9, max(0, int(level * 10 + random.uniform(-1.2, 1.2))))
    made.material_slots[0].material = pillar_materials[shade]
    animate(made, lambda turn, x=x, y=y: height(x, y, turn) - 2.0)

ball_mesh.materials.append(None)
for number, (x, y) in enumerate(random.sample(places, 40)):
    made = bpy.data.objects.new(f"ball {number}", ball_mesh)
    made.location = (x, y, 0)
    scene.collection.objects.link(made)
    made.material_slots[0].link = "OBJECT"
    made.material_slots[0].material = ball_materials[number % 3]
    hop = random.uniform(0.0, 2 * math.pi)
    animate(made, lambda turn, x=x, y=y, hop=hop: height(x, y, turn) + 0.42 + 0.5 * abs(math.sin(turn + hop)))

def dune(x, y):
    """Low under the field, rolling around it."""
    distance = math.hypot(x, y)
    rise = min(1.0, max(0.0, (distance - 11.5) / 9.0))
    ripple = 0.05 * math.sin(5.5 * x + 1.5 * math.sin(0.7 * y))
    return -2.6 + rise * (1.6 * math.sin(0.23 * x + 0.4) * math.cos(0.19 * y) + 1.4 + ripple)


SIDE, SPAN = 420, 110.0
steps = [(i / SIDE - 0.5) * SPAN for i in range(SIDE + 1)]
ground_mesh = bpy.data.meshes.new("dunes")
ground_mesh.from_pydata(
    [(x, y, dune(x, y)) for y in steps for x in steps],
    [],
    [
        (row * (SIDE + 1) + i, row * (SIDE + 1) + i + 1, (row + 1) * (SIDE + 1) + i + 1, (row + 1) * (SIDE + 1) + i)
        for row in range(SIDE)
        for i in range(SIDE)
    ],
)
ground_mesh.polygons.foreach_set("use_smooth", [True] * len(ground_mesh.polygons))
ground_mesh.materials.append(material("sand", (0.62, 0.36, 0.17), 0.8))
ground = bpy.data.objects.new("dunes", ground_mesh)
ground.modifiers.new("finer", "SUBSURF").render_levels = 1
scene.collection.objects.link(ground)

sun = bpy.data.objects.new("sun", bpy.data.lights.new("sun", "SUN"))
sun.data.energy, sun.data.angle, sun.data.color = 3.5, 0.03, (1.0, 0.86, 0.68)
sun.rotation_euler = (math.radians(58), 0, math.radians(35))
scene.collection.objects.link(sun)

world = bpy.data.worlds.new("sky")
world.use_nodes = True
world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.35, 0.55, 0.85, 1.0)
world.node_tree.nodes["Background"].inputs["Strength"].default_value = 0.55
scene.world = world

target = bpy.data.objects.new("target", None)
target.location = (0, 0, -0.4)
scene.collection.objects.link(target)
camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
camera.data.lens = 42
camera.data.dof.use_dof = True
camera.data.dof.focus_object = target
camera.data.dof.aperture_fstop = 1.2
look = camera.constraints.new("TRACK_TO")
look.target, look.track_axis, look.up_axis = target, "TRACK_NEGATIVE_Z", "UP_Y"
scene.collection.objects.link(camera)
scene.camera = camera
for frame in (1, frame_count + 1):
    turn = math.radians(-62 + 24 * (frame - 1) / frame_count)
    camera.location = (12.5 * math.cos(turn), 12.5 * math.sin(turn), 7.2)
    camera.keyframe_insert("location", frame=frame)

scene.render.engine = "CYCLES"
scene.cycles.device = "CPU"
scene.cycles.samples = 8
scene.cycles.use_adaptive_sampling = False
scene.cycles.use_denoising = False
scene.cycles.max_bounces = 4
scene.cycles.seed = 0
scene.render.resolution_x, scene.render.resolution_y = 384, 216
scene.render.resolution_percentage = 100
scene.render.image_settings.file_format = "PNG"
scene.render.filepath = "//render/field_####"
scene.view_settings.view_transform = "Filmic"
scene.view_settings.look = "Medium High Contrast"
bpy.ops.wm.save_as_mainfile(filepath=path, compress=True)
print(f"{path}: {len(scene.objects)} objects, {frame_count} frames")
