"""Between the SDK's plain types and those that componentize-py makes of the contract. No decision is taken here: what
the SDK hands over has been checked by `farmhand.calls`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import farmhand
from farmhand.options import Options
from wit_world.exports import hooks as wit_hooks
from wit_world.exports import needs as wit_needs
from wit_world.imports import context, types


def _by_name(sdk: Any, wit: Any) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """An enumeration of the SDK's and the contract's of the same names, both ways."""
    return {one: wit[one.name] for one in sdk}, {wit[one.name]: one for one in sdk}


_SHAPE, _ = _by_name(farmhand.FrameShape, types.FrameShape)
_VERIFY, _ = _by_name(farmhand.Verify, types.VerifyRule)
_SEVERITY, _SDK_SEVERITY = _by_name(farmhand.Severity, types.Severity)
_CAUSE, _SDK_CAUSE = _by_name(farmhand.Cause, types.Cause)
_, _SDK_MOMENT = _by_name(farmhand.Moment, types.Moment)
_ON_FAILURE, _SDK_ON_FAILURE = _by_name(farmhand.OnFailure, types.OnFailure)
_, _SDK_ENDED_BY = _by_name(farmhand.EndedBy, context.EndedBy)


# From the host.


def job(handle: context.Job) -> farmhand.Job:
    raw = json.loads(handle.options())
    return farmhand.Job(
        id=handle.id(),
        name=handle.name(),
        scene=handle.scene(),
        output=handle.output(),
        layers=handle.layers(),
        frames=_frames(handle.frames()),
        options=Options(raw),
        raw_options=raw,
        skip_existing=handle.skip_existing(),
        hook_scripts=[
            farmhand.HookScript(one.name, one.path, _SDK_MOMENT[one.moment], _SDK_ON_FAILURE[one.on_failure])
            for one in handle.hook_scripts()
        ],
        path_map=[farmhand.PathRule(one.spelled, one.here) for one in handle.path_map()],
    )


def task(handle: context.Task) -> farmhand.Task:
    with handle.job() as of:
        its_job = job(of)
    return farmhand.Task(
        job=its_job,
        attempt=handle.attempt(),
        frames=_frames(handle.frames()),
        layer=handle.layer(),
        level=handle.level(),
        try_number=handle.try_number(),
        threads=handle.threads(),
        memory_bytes=handle.memory_bytes(),
        gpus=[farmhand.Gpu(one.index, one.uuid, one.name, one.memory_bytes) for one in handle.gpus()],
        tools=[farmhand.Tool(one.id, one.path, one.version) for one in handle.tools()],
        scratch=handle.scratch(),
        staging=handle.staging(),
    )


def job_end(handle: context.JobEnd) -> farmhand.JobEnd:
    return farmhand.JobEnd(handle.complete(), handle.frames_done(), handle.frames_failed(), handle.seconds())


def outcome(handle: context.Outcome) -> farmhand.Outcome:
    return farmhand.Outcome(
        exit_code=handle.exit_code(),
        signal=handle.signal(),
        ended_by=_SDK_ENDED_BY[handle.ended_by()],
        seconds=handle.seconds(),
        frames_done=_frames(handle.frames_done()),
        frames_missing=_frames(handle.frames_missing()),
        faults=[
            farmhand.Fault(_SDK_SEVERITY[one.severity], _SDK_CAUSE[one.cause], one.message, one.frame, one.about)
            for one in handle.faults()
        ],
        facts=[farmhand.Fact(one.name, one.value) for one in handle.facts()],
    )


def _frames(runs: list[types.FrameRun]) -> farmhand.FrameRuns:
    return farmhand.FrameRuns(tuple(farmhand.FrameRun(run.first, run.last, run.step) for run in runs))


# To the host.


def descriptor(one: farmhand.Descriptor) -> types.Descriptor:
    return types.Descriptor(
        name=one.name,
        version=one.version,
        summary=one.summary,
        extensions=list(one.extensions),
        supports=one.supports,
        tools=[
            types.ToolSpec(tool.id, list(tool.names), list(tool.globs), list(tool.version_args)) for tool in one.tools
        ],
        levels=[
            types.Level(level.name, level.summary, list(level.tools or ()), _SHAPE[level.frames])
            for level in one.levels
        ],
        options_schema=json.dumps(one.options_schema),
    )


def prepared_job(one: farmhand.PreparedJob) -> types.PreparedJob:
    return types.PreparedJob(
        layers=list(one.layers),
        frames=_runs(one.frames),
        output=one.output,
        options=json.dumps(one.options),
        whole=one.whole,
        licences=list(one.licences),
        notes=list(one.notes),
    )


def problems(several: list[farmhand.Problem]) -> list[types.Problem]:
    return [types.Problem(one.field, one.message) for one in several]


def command(one: farmhand.Command) -> types.Command:
    return types.Command(
        tool=one.tool,
        args=list(one.args),
        env=_variables(one.env),
        cwd=one.cwd,
        files=[types.TextFile(file.path, file.contents, file.remove_on_success) for file in one.files],
        outputs=[_output(output) for output in one.outputs],
        verify=_VERIFY[one.verify],
    )


def _output(one: farmhand.Image | farmhand.Movie) -> types.Output:
    if isinstance(one, farmhand.Image):
        return types.Output_Image(_image(one))
    return types.Output_Movie(types.Movie(one.path, one.place, _runs(one.frames)))


def _image(one: farmhand.Image) -> types.Image:
    return types.Image(one.frame, one.path, one.place)


def _runs(frames: farmhand.FrameRuns) -> list[types.FrameRun]:
    return [types.FrameRun(run.first, run.last, run.step) for run in frames.runs]


def _variables(env: dict[str, str]) -> list[types.EnvVar]:
    return [types.EnvVar(name, value) for name, value in env.items()]


_EVENTS: dict[type, Callable[[Any], types.Event]] = {
    farmhand.FrameStarted: lambda one: types.Event_FrameStarted(one.frame),
    farmhand.Progress: lambda one: types.Event_Progress(float(one.part)),
    farmhand.FrameDone: lambda one: types.Event_FrameDone(_image(one.image)),
    farmhand.FrameSkipped: lambda one: types.Event_FrameSkipped(_image(one.image)),
    farmhand.Warned: lambda one: types.Event_Warning(one.message),
    farmhand.Fault: lambda one: types.Event_Fault(
        types.Fault(_SEVERITY[one.severity], _CAUSE[one.cause], one.message, one.frame, one.about)
    ),
    farmhand.MemoryUsed: lambda one: types.Event_MemoryBytes(one.bytes),
    farmhand.Fact: lambda one: types.Event_Fact(types.Fact(one.name, one.value)),
}


def events(several: list[farmhand.Event]) -> list[types.Event]:
    return [_EVENTS[type(one)](one) for one in several]


_DECISIONS: dict[farmhand.Decision, Callable[[], types.Decision]] = {
    farmhand.Decision.ACCEPT: types.Decision_Accept,
    farmhand.Decision.FALL_BACK: types.Decision_FallBack,
    farmhand.Decision.FAIL_FRAMES: types.Decision_FailFrames,
    farmhand.Decision.FAIL_JOB: types.Decision_FailJob,
    farmhand.Decision.QUARANTINE_NODE: types.Decision_QuarantineNode,
    farmhand.Decision.HOLD_JOB: types.Decision_HoldJob,
}


def verdict(one: farmhand.Verdict) -> types.Verdict:
    if one.decision is farmhand.Decision.RETRY:
        return types.Verdict(types.Decision_Retry(one.after_ms), one.reason)
    return types.Verdict(_DECISIONS[one.decision](), one.reason)


def needs(one: farmhand.Needs) -> wit_needs.TaskNeeds:
    gpus = one.gpus and wit_needs.GpuNeed(one.gpus.count, one.gpus.memory_bytes, one.gpus.required)
    return wit_needs.TaskNeeds(one.memory_bytes, gpus)


_ACTIONS: dict[type, Callable[[Any], wit_hooks.Action]] = {
    farmhand.Run: lambda one: wit_hooks.Action_Run(
        wit_hooks.Program(one.tool, list(one.args), _variables(one.env), one.seconds)
    ),
    farmhand.Write: lambda one: wit_hooks.Action_Write(wit_hooks.NewFile(one.path, one.contents)),
    farmhand.Copy: lambda one: wit_hooks.Action_Copy(wit_hooks.FilePair(one.source, one.target)),
    farmhand.Move: lambda one: wit_hooks.Action_Move(wit_hooks.FilePair(one.source, one.target)),
    farmhand.MakeDirectory: lambda one: wit_hooks.Action_MakeDirectory(one.path),
    farmhand.Remove: lambda one: wit_hooks.Action_Remove(one.path),
    farmhand.Note: lambda one: wit_hooks.Action_Note(one.message),
}


def hooks(several: list[farmhand.Hook]) -> list[wit_hooks.Hook]:
    return [
        wit_hooks.Hook(hook.name, [_ACTIONS[type(one)](one) for one in hook.actions], _ON_FAILURE[hook.on_failure])
        for hook in several
    ]
