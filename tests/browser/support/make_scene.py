"""Makes the scene of the page's tests: a turning cube, 96 by 54 pixels, one sample.

Run by Blender itself:  blender -b --factory-startup --python-exit-code 1 -P make_scene.py -- OUT.blend
"""

import sys

import bpy

path = sys.argv[sys.argv.index("--") + 1]
scene = bpy.context.scene
scene.render.engine = "CYCLES"
scene.cycles.samples = 1
scene.cycles.use_denoising = False
scene.render.resolution_x, scene.render.resolution_y = 96, 54
scene.frame_start, scene.frame_end = 1, 12
scene.render.image_settings.file_format = "PNG"
cube = bpy.data.objects["Cube"]
cube.keyframe_insert("rotation_euler", frame=1)
cube.rotation_euler.z = 3.0
cube.keyframe_insert("rotation_euler", frame=12)
bpy.ops.wm.save_as_mainfile(filepath=path)
