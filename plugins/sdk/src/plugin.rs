//! The two traits that a plugin implements. What carries them over to the host is in `guest`.

use crate::{
    Command, Descriptor, Event, Job, Needs, Outcome, PluginError, PreparedJob, Problem, Task, Verdict, policy,
};

/// A plugin for one DCC. The host may make a new instance for every call, so nothing is kept between calls; only a
/// [`Reader`] lives as long as its process.
pub trait Plugin: 'static {
    /// What reads this DCC's output.
    type Reader: Reader;

    /// What this plugin is: the same answer every time.
    fn describe() -> Descriptor;

    /// The job as it will be kept, or everything that is wrong with it. The host has checked the options against
    /// the schema before. By default every job is kept as it is, unless it asks for scripts around frames, which only
    /// a plugin's own generated script could run.
    ///
    /// # Errors
    /// Everything that is wrong at once, so that a person has to come back only once.
    fn validate(job: &Job) -> Result<PreparedJob, Vec<Problem>> {
        match job.without_frame_hooks() {
            problems if problems.is_empty() => Ok(job.prepared()),
            problems => Err(problems),
        }
    }

    /// What a task of this job needs at this level, an index into the descriptor's levels. Asked once, when the job is
    /// submitted; what the person who submits says goes before it. By default nothing: no GPU, and the memory that the
    /// job's attempts turn out to take.
    ///
    /// # Errors
    /// Only what `validate` could not know; the job is refused then.
    fn needs(job: &Job, level: u32) -> Result<Needs, PluginError> {
        let _ = (job, level);
        Ok(Needs::default())
    }

    /// What to run for these frames, at the level that the task asks for.
    ///
    /// # Errors
    /// Only what `validate` could not know.
    fn build_command(task: &Task) -> Result<Command, PluginError>;

    /// A reader for one process.
    fn reader(task: &Task) -> Self::Reader;

    /// What the end of an attempt means, on success too: exit code 0 alone is never success. By default
    /// [`policy::standard`].
    ///
    /// # Errors
    /// The host decides in the plugin's place then.
    fn judge(task: &Task, outcome: &Outcome) -> Result<Verdict, PluginError> {
        Ok(policy::standard(task, outcome, Self::describe().levels.len()))
    }
}

/// Reads one process's output as it comes.
pub trait Reader: 'static {
    /// One line, without its end. It sees every line that a renderer prints, millions at times: look for what
    /// excludes most lines first.
    fn line(&mut self, line: &str, events: &mut Vec<Event>);

    /// The output has ended; what was still being put together comes out now.
    fn finish(&mut self, events: &mut Vec<Event>) {
        let _ = events;
    }

    /// A batch of lines, as the host hands them over.
    ///
    /// # Errors
    /// The reader cannot go on. By default it always can.
    fn read(&mut self, lines: &[String]) -> Result<Vec<Event>, PluginError> {
        let mut events = Vec::new();
        for line in lines {
            self.line(line.trim_end_matches(['\r', '\n']), &mut events);
        }
        Ok(events)
    }
}

/// For a DCC whose output says nothing that matters.
impl Reader for () {
    fn line(&mut self, _line: &str, _events: &mut Vec<Event>) {}
}

/// Makes a type that implements [`Plugin`] the component's export, and with `hooks` one that implements
/// [`Hooks`](crate::Hooks) too. Once per crate, of type `cdylib`.
#[macro_export]
macro_rules! export {
    ($plugin:ty) => {
        #[cfg(target_arch = "wasm32")]
        type FarmhandComponent = $crate::guest::Component<$plugin>;
        #[cfg(target_arch = "wasm32")]
        $crate::guest::bindings::export!(FarmhandComponent with_types_in $crate::guest::bindings);
        #[cfg(target_arch = "wasm32")]
        $crate::guest::needing::export!(FarmhandComponent with_types_in $crate::guest::needing);
    };
    ($plugin:ty, hooks) => {
        $crate::export!($plugin);
        #[cfg(target_arch = "wasm32")]
        $crate::guest::hooked::export!(FarmhandComponent with_types_in $crate::guest::hooked);
    };
}
