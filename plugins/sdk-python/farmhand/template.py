"""Output names with tokens: `/out/{layer}/shot_####.exr`. Which tokens a DCC wants is the plugin's business; this reads
them, fills them in, and finds a frame's number in a name again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from . import path as paths

__all__ = ["Template", "TemplateError"]

_LAST_HASHES = re.compile(r"#+(?=[^#/\\]*$)")
_NUMBER = re.compile(r"-?(\d+)", re.ASCII)


class TemplateError(ValueError):
    """Why a text is no output name."""

    def __init__(self, column: int, message: str) -> None:
        super().__init__(f"column {column}: {message}")
        #: Where, counted in characters from 1.
        self.column = column
        #: What is wrong and what is allowed.
        self.message = message


@dataclass(frozen=True)
class _Layer:
    pass


@dataclass(frozen=True)
class _Frame:
    digits: int


_Part = str | _Layer | _Frame


@dataclass(frozen=True)
class Template:
    """An output name. Its tokens are `{layer}`; `{frame}` or `{frame:6}`; and a run of `#`, one for each digit, which
    counts only in the last component, and only the last run there, as most DCCs have it."""

    parts: tuple[_Part, ...]

    @classmethod
    def parse(cls, text: str) -> Template:
        """Reads an output name. Raises `TemplateError` for an unknown token, an unclosed brace, or more than one
        frame number."""
        parts: list[_Part] = []
        last = _LAST_HASHES.search(text)
        hashes = (last.start(), last.end()) if last else None
        rest = 0
        while rest < len(text):
            if hashes and hashes[0] == rest:
                parts.append(_Frame(hashes[1] - hashes[0]))
                rest = hashes[1]
                continue
            if text[rest] == "{":
                end = text.find("}", rest)
                if end < 0:
                    raise TemplateError(rest + 1, "`{` without `}`")
                parts.append(_token(text[rest + 1 : end], rest + 1))
                rest = end + 1
                continue
            stops = [at for at in (text.find("{", rest), hashes[0] if hashes else -1) if at > rest]
            stop = min(stops, default=len(text))
            parts.append(text[rest:stop])
            rest = stop
        if sum(isinstance(part, _Frame) for part in parts) > 1:
            raise TemplateError(1, "more than one frame number; keep either `####` or `{frame}`")
        return cls(tuple(parts))

    @property
    def has_frame(self) -> bool:
        """Whether every frame gets a name of its own."""
        return any(isinstance(part, _Frame) for part in self.parts)

    @property
    def has_layer(self) -> bool:
        """Whether every layer gets a name of its own."""
        return any(isinstance(part, _Layer) for part in self.parts)

    def by_layer(self) -> Template:
        """The same with the layer before the frame's number, where it has no `{layer}` of its own."""
        if self.has_layer:
            return self
        at = next((at for at, part in enumerate(self.parts) if isinstance(part, _Frame)), len(self.parts))
        return Template((*self.parts[:at], _Layer(), ".", *self.parts[at:]))

    def filled(self, layer: str | None = None) -> Template:
        """The same with the layer filled in: a text before the frame's number, the number, and a text behind it."""
        parts: list[_Part] = [""]
        for part in self.parts:
            if isinstance(part, _Frame):
                parts += [part, ""]
            else:
                parts[-1] = f"{parts[-1]}{_text(part, layer)}"
        return Template(tuple(parts))

    def name(self, frame: int, layer: str | None = None) -> str:
        """The name of one frame of one layer. A layer's name is made safe for a path first; without a layer, its
        token becomes empty."""
        number, sign = str(abs(frame)), "-" if frame < 0 else ""
        return "".join(
            sign + number.zfill(part.digits) if isinstance(part, _Frame) else _text(part, layer) for part in self.parts
        )

    def hashes(self, layer: str | None = None) -> str:
        """The name of one layer with the frame left open as `####`."""
        return "".join("#" * part.digits if isinstance(part, _Frame) else _text(part, layer) for part in self.parts)

    def pattern(self, token: str, layer: str | None = None) -> str:
        """The name of one layer with the frame as a DCC's own token, a format string: `%0{count}d` gives `%04d`,
        `$F{count}` gives `$F4`. `{count}` is the number of digits."""
        return "".join(
            token.format(count=part.digits) if isinstance(part, _Frame) else _text(part, layer) for part in self.parts
        )

    def frame_of(self, path: str, layer: str | None = None) -> tuple[int, str] | None:
        """The frame whose name `path` starts with, and what follows it, such as an extension that the DCC added."""
        at = next((at for at, part in enumerate(self.parts) if isinstance(part, _Frame)), None)
        if at is None:
            return None
        before = "".join(_text(part, layer) for part in self.parts[:at])
        behind = "".join(_text(part, layer) for part in self.parts[at + 1 :])
        found = _NUMBER.match(path, len(before)) if path.startswith(before) else None
        part = self.parts[at]
        if not found or not isinstance(part, _Frame) or not path.startswith(behind, found.end()):
            return None
        # A longer number has no leading zeros: `shot_00123` is not frame 123 of `shot_###`.
        if len(found[1]) < part.digits or (len(found[1]) > part.digits and found[1].startswith("0")):
            return None
        return int(found[0]), path[found.end() + len(behind) :]

    def __str__(self) -> str:
        texts = ("{layer}" if isinstance(part, _Layer) else part for part in self.parts)
        return "".join("#" * text.digits if isinstance(text, _Frame) else text for text in texts)


def _text(part: _Part, layer: str | None) -> str:
    if isinstance(part, _Layer):
        return paths.safe_name(layer) if layer else ""
    return part if isinstance(part, str) else ""


def _token(inner: str, column: int) -> _Part:
    name, colon, digits = inner.partition(":")
    if inner == "layer":
        return _Layer()
    if name == "frame" and not colon:
        return _Frame(4)
    if name == "frame":
        if digits.isascii() and digits.isdigit() and 1 <= int(digits) <= 10:
            return _Frame(int(digits))
        raise TemplateError(column, f"`{{{inner}}}`: the number of digits is 1 to 10, such as `{{frame:4}}`")
    raise TemplateError(column, f"unknown token `{{{inner}}}`; there are `{{layer}}`, `{{frame}}` and `####`")
