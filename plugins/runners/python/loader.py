"""Imports a script's files by the host's `script` interface, under their own names, so that a traceback shows the file,
the line and its text. What the script holds is not its business.

The script is one package, whose name no module of Python's has: its main file is the package, its other files are the
package's modules. So `from . import rules` works, and `import rules` is led to the same module.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import importlib.abc
import importlib.machinery
import linecache
import marshal
import sys
from collections.abc import Sequence
from types import CodeType, ModuleType

from componentize_py_types import Err
from wit_world.imports import script

PACKAGE = "__plugin__"

#: A copy of the SDK, as editors and unit tests want it beside a plugin. The runner has its own.
_SDK = ("farmhand/", "farmhand.py")

#: What a plugin has instead of a module that needs a system around it.
_INSTEAD = {
    "subprocess": "a plugin runs nothing itself: `build_command` returns what to run",
    "multiprocessing": "a plugin runs nothing itself: `build_command` returns what to run",
    "socket": "a plugin has no network",
    "ssl": "a plugin has no network",
    "requests": "a plugin has no network",
    "select": "a plugin has no network",
    "selectors": "a plugin has no network",
    "http": "a plugin has no network",
    "ctypes": "a plugin loads no libraries",
    "numpy": "it is not written in Python alone",
    "yaml": "for data files there are `json`, `tomllib` and `configparser`",
    "sqlite3": "for data files there are `json`, `tomllib` and `configparser`",
    "tkinter": "a plugin has no screen",
    "asyncio": "a call of a plugin is one function; nothing runs beside it",
}


def hide_systems() -> None:
    """Forgets the modules that need a system around them: componentize-py imports some for its own use, and a script
    that imported one would only fail later, at its first use."""
    for name in list(sys.modules):
        if name.partition(".")[0] in _INSTEAD:
            del sys.modules[name]


class Script:
    """The files of the script in hand, and their code."""

    def __init__(self) -> None:
        self.main = script.main()
        own = (name for name in script.files() if name.endswith(".py") and not name.startswith(_SDK))
        self.files = {_module_of(name, self.main): name for name in own}
        self._code: dict[str, CodeType] = {}

    def is_prepared(self) -> bool:
        """Whether this version was found good before."""
        return self._compiled(self.main) is not None

    def source(self, file: str) -> bytes:
        try:
            return script.read(file)
        except Err as refused:
            raise ImportError(f"{file}: {refused.value}") from None

    def code(self, file: str) -> CodeType:
        """The file's code: made just now, or when this version was loaded."""
        if file not in self._code:
            compiled = self._compiled(file)
            self._code[file] = (
                marshal.loads(compiled)
                if compiled is not None
                else compile(self.source(file), file, "exec", dont_inherit=True)
            )
        return self._code[file]

    @functools.cache
    def _compiled(self, file: str) -> bytes | None:
        return script.compiled(file)

    def compile_all(self) -> tuple[list[tuple[str, bytes]], list[SyntaxError]]:
        """The code of every file as the host keeps it, or every mistake in their syntax."""
        units, mistakes = [], []
        for file in sorted(self.files.values()):
            try:
                units.append((file, marshal.dumps(self.code(file))))
            except SyntaxError as mistake:
                # A file with null bytes is refused before anyone asks where it stands.
                mistake.filename, mistake.lineno = mistake.filename or file, mistake.lineno or 1
                mistakes.append(mistake)
        return units, mistakes

    def remember_lines(self) -> None:
        """Hands the text of each file to whoever writes a traceback."""
        for file in self.files.values():
            if file not in linecache.cache:
                text = self.source(file).decode(errors="replace")
                linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)

    def install(self) -> None:
        """Lets `import` find the script's files, and nothing on a disk."""
        keep = [finder for finder in sys.meta_path if finder is not importlib.machinery.PathFinder]
        sys.meta_path[:] = [_Own(self), *keep, _Nothing(self)]
        sys.path[:] = []
        # As everywhere in Python, a script's own `library.py` comes before any other module of this name.
        for module in self.files:
            _, _, own = module.partition(".")
            if own and own not in sys.builtin_module_names:
                sys.modules.pop(own, None)

    def run(self) -> ModuleType:
        """Runs the main file."""
        return importlib.import_module(PACKAGE)


def _module_of(file: str, main: str) -> str:
    """The full name of a file's module."""
    if file == main:
        return PACKAGE
    parts = file.removesuffix(".py").split("/")
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join([PACKAGE, *parts])


class _Own(importlib.abc.MetaPathFinder):
    """Finds the script's modules: by their full names, and by the names that `import rules` uses."""

    def __init__(self, of: Script) -> None:
        self._script = of
        folders = {name.rpartition(".")[0] for name in of.files} - set(of.files) - {""}
        # A folder without `__init__.py` is a package too, and so is one that holds only such folders.
        for folder in list(folders):
            while (folder := folder.rpartition(".")[0]) and folder not in of.files:
                folders.add(folder)
        self._folders = folders
        self._main_stem = of.main.removesuffix(".py").rpartition("/")[2]

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname == PACKAGE or fullname.startswith(PACKAGE + "."):
            return self._spec(fullname)
        own = PACKAGE if fullname == self._main_stem else f"{PACKAGE}.{fullname}"
        if own in self._script.files or own in self._folders:
            return importlib.machinery.ModuleSpec(fullname, _Alias(own), is_package=True)
        return None

    def _spec(self, fullname: str) -> importlib.machinery.ModuleSpec | None:
        file = self._script.files.get(fullname)
        if file is None and fullname not in self._folders:
            return None
        is_package = file is None or fullname == PACKAGE or file.endswith("__init__.py")
        spec = importlib.machinery.ModuleSpec(fullname, _Loader(self._script, file), origin=file, is_package=is_package)
        spec.has_location = file is not None
        return spec


class _Loader(importlib.abc.Loader):
    def __init__(self, of: Script, file: str | None) -> None:
        self._script = of
        self._file = file

    def exec_module(self, module: ModuleType) -> None:
        if self._file is not None:
            exec(self._script.code(self._file), module.__dict__)


class _Alias(importlib.abc.Loader):
    """Gives the same module under a second name."""

    def __init__(self, own: str) -> None:
        self._own = own

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        self._module = importlib.import_module(self._own)
        self._spec = self._module.__spec__
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        # The import system has just written the second name's into it.
        module.__spec__ = self._spec


class _Nothing(importlib.abc.MetaPathFinder):
    """Says what there is in place of a module that nobody found."""

    def __init__(self, of: Script) -> None:
        self._script = of

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        name = fullname.removeprefix(PACKAGE + ".")
        top = name.partition(".")[0]
        own = [module.removeprefix(PACKAGE + ".") for module in self._script.files if module != PACKAGE]
        known = {module.partition(".")[0] for module in sys.modules if not module.startswith("_")} | set(own)
        near = difflib.get_close_matches(name, own, 1) or difflib.get_close_matches(top, known, 2)
        words = [f"no module `{name}` here"]
        if top in _INSTEAD:
            words.append(_INSTEAD[top])
        elif near:
            words.append(f"there is {' and '.join(f'`{one}`' for one in near)}")
        words.append(
            "a script imports its own files, `farmhand`, and the modules of the standard library that are pure"
        )
        raise ModuleNotFoundError("; ".join(words), name=fullname)
