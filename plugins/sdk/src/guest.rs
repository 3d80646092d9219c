//! Carries a [`Plugin`] over to the generated bindings of `wit/v0`: the resources' getters are read once into the
//! plain structs of this crate, and what the plugin hands back is turned into the contract's records.

use crate::{Hooks, Plugin, Reader};
use bindings::exports::farmhand::dcc::dcc;
use bindings::farmhand::dcc::context as wit_context;
use bindings::farmhand::dcc::types as wit;
use std::cell::RefCell;
use std::marker::PhantomData;

#[expect(missing_docs, reason = "generated from wit/v0")]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit/v0",
        world: "plugin",
        pub_export_macro: true,
        default_bindings_module: "farmhand_sdk::guest::bindings",
        generate_all,
    });
}

#[expect(missing_docs, reason = "generated from wit/v0")]
pub mod hooked {
    wit_bindgen::generate!({
        path: "../../wit/v0",
        world: "hooked",
        pub_export_macro: true,
        default_bindings_module: "farmhand_sdk::guest::hooked",
        with: {
            "farmhand:dcc/types@0.1.0": super::bindings::farmhand::dcc::types,
            "farmhand:dcc/context@0.1.0": super::bindings::farmhand::dcc::context,
        },
    });
}

#[expect(missing_docs, reason = "generated from wit/v0")]
pub mod needing {
    wit_bindgen::generate!({
        path: "../../wit/v0",
        world: "needing",
        pub_export_macro: true,
        default_bindings_module: "farmhand_sdk::guest::needing",
        with: {
            "farmhand:dcc/types@0.1.0": super::bindings::farmhand::dcc::types,
            "farmhand:dcc/context@0.1.0": super::bindings::farmhand::dcc::context,
        },
    });
}

use hooked::exports::farmhand::dcc::hooks;
use needing::exports::farmhand::dcc::needs;

/// The component's side of a plugin. `export!` makes one.
pub struct Component<P>(PhantomData<P>);

impl<P: Plugin> dcc::Guest for Component<P> {
    type Reader = ComponentReader<P>;

    fn describe() -> Result<wit::Descriptor, wit::PluginError> {
        report_panics();
        Ok(out::descriptor(P::describe()))
    }

    fn validate(job: &wit_context::Job) -> Result<wit::PreparedJob, Vec<wit::Problem>> {
        report_panics();
        match P::validate(&read::job(job).map_err(|error| vec![out::problem(error)])?) {
            Ok(prepared) => Ok(out::prepared_job(prepared)),
            Err(problems) => Err(problems.into_iter().map(out::problem).collect()),
        }
    }

    fn build_command(task: &wit_context::Task) -> Result<wit::Command, wit::PluginError> {
        report_panics();
        P::build_command(&read::task(task)?).map(out::command).map_err(out::error)
    }

    fn judge(
        task: &wit_context::Task,
        outcome: &wit_context::Outcome,
    ) -> Result<wit::Verdict, wit::PluginError> {
        report_panics();
        P::judge(&read::task(task)?, &read::outcome(outcome)).map(out::verdict).map_err(out::error)
    }
}

impl<P: Plugin> needs::Guest for Component<P> {
    fn needs(job: &wit_context::Job, level: u32) -> Result<needs::TaskNeeds, wit::PluginError> {
        report_panics();
        P::needs(&read::job(job).map_err(out::refusal)?, level).map(out::needs).map_err(out::error)
    }
}

impl<P: Plugin + Hooks> hooks::Guest for Component<P> {
    fn before_job(job: &wit_context::Job) -> Result<Vec<hooks::Hook>, wit::PluginError> {
        report_panics();
        P::before_job(&read::job(job).map_err(out::refusal)?).map(out::hooks).map_err(out::error)
    }

    fn after_job(
        job: &wit_context::Job,
        end: &wit_context::JobEnd,
    ) -> Result<Vec<hooks::Hook>, wit::PluginError> {
        report_panics();
        let job = read::job(job).map_err(out::refusal)?;
        P::after_job(&job, &read::job_end(end)).map(out::hooks).map_err(out::error)
    }

    fn before_task(task: &wit_context::Task) -> Result<Vec<hooks::Hook>, wit::PluginError> {
        report_panics();
        P::before_task(&read::task(task)?).map(out::hooks).map_err(out::error)
    }

    fn after_task(
        task: &wit_context::Task,
        outcome: &wit_context::Outcome,
    ) -> Result<Vec<hooks::Hook>, wit::PluginError> {
        report_panics();
        P::after_task(&read::task(task)?, &read::outcome(outcome)).map(out::hooks).map_err(out::error)
    }
}

/// One process's reader. A reader cannot fail to be made in the contract, so what went wrong then is told by its
/// first batch.
pub struct ComponentReader<P: Plugin>(RefCell<Result<P::Reader, wit::PluginError>>);

impl<P: Plugin> dcc::GuestReader for ComponentReader<P> {
    fn new(task: &wit_context::Task) -> Self {
        report_panics();
        Self(RefCell::new(read::task(task).map(|task| P::reader(&task))))
    }

    fn read(&self, lines: Vec<String>) -> Result<Vec<wit::Event>, wit::PluginError> {
        match &mut *self.0.borrow_mut() {
            Ok(reader) => reader.read(&lines).map(out::events).map_err(out::error),
            Err(error) => Err(error.clone()),
        }
    }

    fn finish(&self) -> Result<Vec<wit::Event>, wit::PluginError> {
        match &mut *self.0.borrow_mut() {
            Ok(reader) => {
                let mut events = Vec::new();
                reader.finish(&mut events);
                Ok(out::events(events))
            }
            Err(error) => Err(error.clone()),
        }
    }
}

/// A panic becomes a trap, which says nothing to a plugin's author; its message and place go to the host's log
/// before that.
fn report_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            let place = info.location().map(|place| format!(" at {}:{}", place.file(), place.line()));
            let message = info.payload_as_str().unwrap_or("no message");
            crate::host::log(
                crate::host::LogLevel::Error,
                &format!("panicked{}: {message}", place.unwrap_or_default()),
            );
        }));
    });
}

/// From the host's resources to plain structs.
mod read {
    use super::{wit, wit_context};
    use crate::{
        Cause, EndedBy, Fact, Fault, FrameRun, FrameRuns, Gpu, HookScript, Job, JobEnd, Moment, OnFailure,
        Outcome, PathRule, Problem, Severity, Task, Tool,
    };

    pub(super) fn job(job: &wit_context::Job) -> Result<Job, Problem> {
        let raw_options = serde_json::from_str(&job.options())
            .map_err(|error| Problem::new("/options", format!("not a JSON object: {error}")))?;
        Ok(Job {
            id: job.id(),
            name: job.name(),
            scene: job.scene(),
            output: job.output(),
            layers: job.layers(),
            frames: frames(job.frames()),
            raw_options,
            skip_existing: job.skip_existing(),
            hook_scripts: job.hook_scripts().into_iter().map(hook_script).collect(),
            path_map: job
                .path_map()
                .into_iter()
                .map(|rule| PathRule { spelled: rule.spelled, here: rule.here })
                .collect(),
        })
    }

    fn hook_script(script: wit_context::HookScript) -> HookScript {
        HookScript {
            name: script.name,
            path: script.path,
            moment: match script.moment {
                wit::Moment::BeforeJob => Moment::BeforeJob,
                wit::Moment::AfterJob => Moment::AfterJob,
                wit::Moment::BeforeTask => Moment::BeforeTask,
                wit::Moment::AfterTask => Moment::AfterTask,
                wit::Moment::BeforeFrame => Moment::BeforeFrame,
                wit::Moment::AfterFrame => Moment::AfterFrame,
            },
            on_failure: match script.on_failure {
                wit::OnFailure::Fail => OnFailure::Fail,
                wit::OnFailure::Warn => OnFailure::Warn,
                wit::OnFailure::Hold => OnFailure::Hold,
            },
        }
    }

    pub(super) fn job_end(end: &wit_context::JobEnd) -> JobEnd {
        JobEnd {
            complete: end.complete(),
            frames_done: end.frames_done(),
            frames_failed: end.frames_failed(),
            seconds: end.seconds(),
        }
    }

    pub(super) fn task(task: &wit_context::Task) -> Result<Task, wit::PluginError> {
        let job = job(&task.job()).map_err(super::out::refusal)?;
        Ok(Task {
            job,
            attempt: task.attempt(),
            frames: frames(task.frames()),
            layer: task.layer(),
            level: task.level(),
            try_number: task.try_number(),
            threads: task.threads(),
            memory_bytes: task.memory_bytes(),
            gpus: task
                .gpus()
                .into_iter()
                .map(|gpu| Gpu {
                    index: gpu.index,
                    uuid: gpu.uuid,
                    name: gpu.name,
                    memory_bytes: gpu.memory_bytes,
                })
                .collect(),
            tools: task
                .tools()
                .into_iter()
                .map(|tool| Tool { id: tool.id, path: tool.path, version: tool.version })
                .collect(),
            scratch: task.scratch(),
            staging: task.staging(),
        })
    }

    pub(super) fn outcome(outcome: &wit_context::Outcome) -> Outcome {
        Outcome {
            exit_code: outcome.exit_code(),
            signal: outcome.signal(),
            ended_by: match outcome.ended_by() {
                wit_context::EndedBy::Itself => EndedBy::Itself,
                wit_context::EndedBy::TimeLimit => EndedBy::TimeLimit,
                wit_context::EndedBy::Stall => EndedBy::Stall,
                wit_context::EndedBy::Lost => EndedBy::Lost,
            },
            seconds: outcome.seconds(),
            frames_done: frames(outcome.frames_done()),
            frames_missing: frames(outcome.frames_missing()),
            faults: outcome.faults().into_iter().map(fault).collect(),
            facts: outcome
                .facts()
                .into_iter()
                .map(|fact| Fact { name: fact.name, value: fact.value })
                .collect(),
        }
    }

    fn frames(runs: Vec<wit::FrameRun>) -> FrameRuns {
        let run = |run: wit::FrameRun| FrameRun { first: run.first, last: run.last, step: run.step };
        FrameRuns::new(runs.into_iter().map(run).collect())
    }

    fn fault(fault: wit::Fault) -> Fault {
        Fault {
            severity: match fault.severity {
                wit::Severity::Transient => Severity::Transient,
                wit::Severity::FrameFatal => Severity::FrameFatal,
                wit::Severity::WorkerFatal => Severity::WorkerFatal,
            },
            cause: match fault.cause {
                wit::Cause::Licence => Cause::Licence,
                wit::Cause::Memory => Cause::Memory,
                wit::Cause::MissingFile => Cause::MissingFile,
                wit::Cause::Script => Cause::Script,
                wit::Cause::Crash => Cause::Crash,
                wit::Cause::Timeout => Cause::Timeout,
                wit::Cause::Disk => Cause::Disk,
                wit::Cause::Gpu => Cause::Gpu,
                wit::Cause::Scene => Cause::Scene,
                wit::Cause::Plugin => Cause::Plugin,
                wit::Cause::Other => Cause::Other,
            },
            message: fault.message,
            frame: fault.frame,
            about: fault.about,
        }
    }
}

/// From plain structs to the contract's records.
mod out {
    use super::{hooks as wit_hooks, needs as wit_needs, wit};
    use crate::{
        Action, Cause, Command, Decision, Descriptor, Event, Fault, FrameRuns, FrameShape, Hook, Image,
        Needs, OnFailure, Output, PluginError, PreparedJob, Problem, Severity, Verdict, Verify,
    };

    pub(super) fn descriptor(descriptor: Descriptor) -> wit::Descriptor {
        wit::Descriptor {
            name: descriptor.name,
            version: descriptor.version,
            summary: descriptor.summary,
            extensions: descriptor.extensions,
            supports: descriptor.supports,
            tools: descriptor
                .tools
                .into_iter()
                .map(|tool| wit::ToolSpec {
                    id: tool.id,
                    names: tool.names,
                    globs: tool.globs,
                    version_args: tool.version_args,
                })
                .collect(),
            levels: descriptor
                .levels
                .into_iter()
                .map(|level| wit::Level {
                    name: level.name,
                    summary: level.summary,
                    tools: level.tools,
                    frames: match level.frames {
                        FrameShape::Any => wit::FrameShape::Any,
                        FrameShape::Stepped => wit::FrameShape::Stepped,
                        FrameShape::Single => wit::FrameShape::Single,
                    },
                })
                .collect(),
            options_schema: descriptor.options_schema.to_string(),
        }
    }

    pub(super) fn prepared_job(job: PreparedJob) -> wit::PreparedJob {
        wit::PreparedJob {
            layers: job.layers,
            frames: frames(&job.frames),
            output: job.output,
            licences: job.licences,
            options: serde_json::Value::Object(job.options).to_string(),
            whole: job.whole,
            notes: job.notes,
        }
    }

    pub(super) fn problem(problem: Problem) -> wit::Problem {
        wit::Problem { field: problem.field, message: problem.message }
    }

    pub(super) fn refusal(problem: Problem) -> wit::PluginError {
        wit::PluginError { message: format!("{}: {}", problem.field, problem.message), traceback: None }
    }

    pub(super) fn hooks(hooks: Vec<Hook>) -> Vec<wit_hooks::Hook> {
        let hook = |hook: Hook| wit_hooks::Hook {
            name: hook.name,
            actions: hook.actions.into_iter().map(action).collect(),
            on_failure: match hook.on_failure {
                OnFailure::Fail => wit::OnFailure::Fail,
                OnFailure::Warn => wit::OnFailure::Warn,
                OnFailure::Hold => wit::OnFailure::Hold,
            },
        };
        hooks.into_iter().map(hook).collect()
    }

    pub(super) fn needs(needs: Needs) -> wit_needs::TaskNeeds {
        wit_needs::TaskNeeds {
            memory_bytes: needs.memory_bytes,
            gpus: needs.gpus.map(|gpus| wit_needs::GpuNeed {
                count: gpus.count,
                memory_bytes: gpus.memory_bytes,
                required: gpus.required,
            }),
        }
    }

    fn action(action: Action) -> wit_hooks::Action {
        match action {
            Action::Run { tool, args, env, seconds } => {
                wit_hooks::Action::Run(wit_hooks::Program { tool, args, env: variables(env), seconds })
            }
            Action::Write { path, contents } => {
                wit_hooks::Action::Write(wit_hooks::NewFile { path, contents })
            }
            Action::Copy { source, target } => {
                wit_hooks::Action::Copy(wit_hooks::FilePair { source, target })
            }
            Action::Move { source, target } => {
                wit_hooks::Action::Move(wit_hooks::FilePair { source, target })
            }
            Action::MakeDirectory(path) => wit_hooks::Action::MakeDirectory(path),
            Action::Remove(path) => wit_hooks::Action::Remove(path),
            Action::Note(text) => wit_hooks::Action::Note(text),
        }
    }

    fn variables(env: Vec<(String, String)>) -> Vec<wit::EnvVar> {
        env.into_iter().map(|(name, value)| wit::EnvVar { name, value }).collect()
    }

    pub(super) fn error(error: PluginError) -> wit::PluginError {
        wit::PluginError { message: error.message, traceback: error.traceback }
    }

    pub(super) fn command(command: Command) -> wit::Command {
        wit::Command {
            tool: command.tool,
            args: command.args,
            env: variables(command.env),
            cwd: command.cwd,
            files: command
                .files
                .into_iter()
                .map(|file| wit::TextFile {
                    path: file.path,
                    contents: file.contents,
                    remove_on_success: file.remove_on_success,
                })
                .collect(),
            outputs: command
                .outputs
                .into_iter()
                .map(|output| match output {
                    Output::Image(one) => wit::Output::Image(image(one)),
                    Output::Movie(movie) => wit::Output::Movie(wit::Movie {
                        path: movie.path,
                        place: movie.place,
                        frames: frames(&movie.frames),
                    }),
                })
                .collect(),
            verify: match command.verify {
                Verify::Images => wit::VerifyRule::Images,
                Verify::ExitCode => wit::VerifyRule::ExitCode,
            },
        }
    }

    pub(super) fn events(events: Vec<Event>) -> Vec<wit::Event> {
        let event = |event| match event {
            Event::FrameStarted(frame) => wit::Event::FrameStarted(frame),
            Event::Progress(part) => wit::Event::Progress(part),
            Event::FrameDone(one) => wit::Event::FrameDone(image(one)),
            Event::FrameSkipped(one) => wit::Event::FrameSkipped(image(one)),
            Event::Warning(text) => wit::Event::Warning(text),
            Event::Fault(one) => wit::Event::Fault(fault(one)),
            Event::MemoryBytes(bytes) => wit::Event::MemoryBytes(bytes),
            Event::Fact(fact) => wit::Event::Fact(wit::Fact { name: fact.name, value: fact.value }),
        };
        events.into_iter().map(event).collect()
    }

    pub(super) fn verdict(verdict: Verdict) -> wit::Verdict {
        wit::Verdict {
            decision: match verdict.decision {
                Decision::Accept => wit::Decision::Accept,
                Decision::Retry { after_ms } => wit::Decision::Retry(after_ms),
                Decision::FallBack => wit::Decision::FallBack,
                Decision::FailFrames => wit::Decision::FailFrames,
                Decision::FailJob => wit::Decision::FailJob,
                Decision::QuarantineNode => wit::Decision::QuarantineNode,
                Decision::HoldJob => wit::Decision::HoldJob,
            },
            reason: verdict.reason,
        }
    }

    fn image(image: Image) -> wit::Image {
        wit::Image { frame: image.frame, path: image.path, place: image.place }
    }

    fn frames(frames: &FrameRuns) -> Vec<wit::FrameRun> {
        frames
            .runs()
            .iter()
            .map(|run| wit::FrameRun { first: run.first, last: run.last, step: run.step })
            .collect()
    }

    fn fault(fault: Fault) -> wit::Fault {
        wit::Fault {
            severity: match fault.severity {
                Severity::Transient => wit::Severity::Transient,
                Severity::FrameFatal => wit::Severity::FrameFatal,
                Severity::WorkerFatal => wit::Severity::WorkerFatal,
            },
            cause: match fault.cause {
                Cause::Licence => wit::Cause::Licence,
                Cause::Memory => wit::Cause::Memory,
                Cause::MissingFile => wit::Cause::MissingFile,
                Cause::Script => wit::Cause::Script,
                Cause::Crash => wit::Cause::Crash,
                Cause::Timeout => wit::Cause::Timeout,
                Cause::Disk => wit::Cause::Disk,
                Cause::Gpu => wit::Cause::Gpu,
                Cause::Scene => wit::Cause::Scene,
                Cause::Plugin => wit::Cause::Plugin,
                Cause::Other => wit::Cause::Other,
            },
            message: fault.message,
            frame: fault.frame,
            about: fault.about,
        }
    }
}
