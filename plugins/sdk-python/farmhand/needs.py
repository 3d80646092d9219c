"""What a plugin's tasks need of a node besides CPU threads and licences."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["GpuNeed", "Needs"]


@dataclass(frozen=True)
class GpuNeed:
    """GPUs that one task needs."""

    #: 1 to 64.
    count: int = 1
    #: Bytes on each of them, which other tasks may share; None: each of them whole.
    memory_bytes: int | None = None
    #: Whether a task waits for them for ever. Where it does not, it starts without GPUs on a node whose GPUs are all
    #: missing, kept for people or broken, and `build_command` has to do without.
    required: bool = True


@dataclass(frozen=True)
class Needs:
    """What one task needs."""

    #: Bytes of memory; None: what the job's earlier attempts took, or the node's guess before there was one.
    memory_bytes: int | None = None
    #: None: no GPU, and its process sees none.
    gpus: GpuNeed | None = None
