r"""What a task's images are called while they are rendered, and where they belong.

A renderer writes into the task's staging directory, which is empty and the attempt's own; once an image is verified the
host moves it to its place. So nobody ever sees half of one, and an attempt that was given up overwrites nothing. Which
file is a good image is the host's business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from . import path as paths
from .command import Image
from .frames import FrameRuns
from .template import Template

__all__ = ["Images"]

_LAST_NUMBER = re.compile(r"(-?\d+)(?!.*\d)", re.ASCII)


@dataclass(frozen=True)
class Images:
    """The names of one task's images; `task.images()` makes it from the job's output.

    An output without a frame number gets `.####` before its extension, one that ends in a separator the scene's name as
    well, and a task of a layer the layer's name where the output has no `{layer}`. Without an output, images go beside
    the scene.
    """

    #: The names in the task's staging directory.
    staged: Template
    #: The names where the images belong.
    placed: Template
    frames: FrameRuns
    staging: str
    #: The directory that staging stands for.
    directory: str
    #: What a relative path of the renderer's is relative to.
    relative_to: str

    @classmethod
    def of(
        cls,
        output: str | None,
        scene: str,
        frames: FrameRuns,
        layer: str | None,
        staging: str,
        *,
        relative_to: str = "",
        extension: str | None = None,
    ) -> Images:
        """Where images of this output go. Raises `TemplateError` where the output is no output name."""
        directory, _ = paths.split(scene)
        text = output or paths.join(directory, "")
        if text.endswith(("/", "\\")) or not text:
            # A scene's name may have a dot before what is no extension of an image: `shot.v2.blend`.
            text += f"{paths.stem(scene)}.####" + (f".{extension}" if extension else "")
        elif extension:
            text = paths.with_extension(text, extension)
        template = Template.parse(text)
        if not template.has_frame:
            template = Template.parse(_before_extension(str(template)))
        placed = (template.by_layer() if layer else template).filled(layer)
        before, *rest = placed.parts
        directory, name = paths.split(str(before))
        staged = Template((paths.join(staging, name), *rest))
        return cls(staged, placed, frames, staging, directory, relative_to)

    @property
    def pattern(self) -> str:
        """The path that the renderer writes to, with the frame left open as `####`."""
        return self.staged.hashes()

    def written(self, token: str) -> str:
        """The same with the frame as a DCC's own token, a format string: `%0{count}d` gives `%04d`, `$F{count}` gives
        `$F4`. `{count}` is the number of digits."""
        return self.staged.pattern(token)

    def path(self, frame: int) -> str:
        """Where the renderer writes this frame."""
        return self.staged.name(frame)

    def image(self, frame: int) -> Image:
        """This frame's image, for a command's outputs."""
        return Image(frame, self.staged.name(frame), self.placed.name(frame))

    def all(self) -> list[Image]:
        """The images of all of the task's frames, for a command's outputs."""
        return [self.image(frame) for frame in self.frames]

    def frame_of(self, path: str) -> int | None:
        """Which of the task's frames a path shows: by the name that was asked for, else by the last number in it, else
        the task's only frame."""
        found = self.staged.frame_of(path)
        if found:
            return found[0]
        number = _LAST_NUMBER.search(paths.split(path)[1])
        if number:
            # In `shot-12.png` the `-` stands between words unless the task renders a frame -12.
            for frame in (int(number[1]), abs(int(number[1]))):
                if frame in self.frames:
                    return frame
        return self.frames.first if self.frames.count == 1 else None

    def at(self, path: str, frame: int | None = None) -> Image | None:
        """The image that the renderer says it wrote at this path; None where nothing tells which frame it shows. What
        lies in the staging directory has its place where the output goes; what does not stays where it is."""
        path = paths.join(self.relative_to, path)
        frame = self.frame_of(path) if frame is None else frame
        if frame is None:
            return None
        inside = self.staging.replace("\\", "/").rstrip("/") + "/"
        is_inside = bool(self.staging) and path.replace("\\", "/").startswith(inside)
        return Image(frame, path, paths.join(self.directory, path[len(inside) :]) if is_inside else None)


def _before_extension(text: str) -> str:
    extension = paths.extension(text)
    return f"{text.removesuffix('.' + extension)}.####.{extension}" if extension else f"{text}.####"
