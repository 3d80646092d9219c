//! What to run, what to write first, and what should exist afterwards.

use crate::FrameRuns;

/// A text file that the host writes before the program starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextFile {
    /// Inside the task's scratch directory, or the absolute path of a new file in the scene's directory or below: what
    /// is there is never overwritten.
    pub path: String,
    /// The whole text.
    pub contents: String,
    /// Removed once the task succeeded; a failed task's files stay for debugging.
    pub remove_on_success: bool,
}

/// One image. The DCC writes it at `path`; once verified, the host moves it to `place`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The frame it shows.
    pub frame: i32,
    /// Where the DCC writes it.
    pub path: String,
    /// Absent: it stays where it was written.
    pub place: Option<String>,
}

/// One movie file that holds many frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movie {
    /// Where the DCC writes it.
    pub path: String,
    /// Absent: it stays where it was written.
    pub place: Option<String>,
    /// Frames that it holds.
    pub frames: FrameRuns,
}

/// What should exist after a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// One frame.
    Image(Image),
    /// Many frames in one file.
    Movie(Movie),
}

/// What makes a frame of a command count as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verify {
    /// Its image exists, is newer than the attempt, and decodes to its end.
    #[default]
    Images,
    /// The tool makes no images: exit code 0 is all there is to know, and it settles all of the task's frames.
    ExitCode,
}

/// What to run: no shell ever sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Command {
    /// Id of one of the task's tools; a plugin can run nothing else.
    pub tool: String,
    /// Arguments.
    pub args: Vec<String>,
    /// Added to the environment that the host gives every render.
    pub env: Vec<(String, String)>,
    /// Absent: the scratch directory.
    pub cwd: Option<String>,
    /// Written before the program starts.
    pub files: Vec<TextFile>,
    /// What should exist afterwards, where it is known before; the reader's `FrameDone` adds the rest.
    pub outputs: Vec<Output>,
    /// What makes a frame count as done.
    pub verify: Verify,
}

impl Command {
    /// Runs this tool, without arguments so far.
    #[must_use]
    pub fn new(tool: &str) -> Self {
        Self { tool: tool.into(), ..Self::default() }
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// More arguments.
    #[must_use]
    pub fn args<A: Into<String>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// One more variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// One more file to write before the program starts, removed once the task succeeded.
    #[must_use]
    pub fn file(mut self, path: impl Into<String>, contents: impl Into<String>) -> Self {
        self.files.push(TextFile { path: path.into(), contents: contents.into(), remove_on_success: true });
        self
    }

    /// More files that should exist afterwards.
    #[must_use]
    pub fn outputs(mut self, outputs: impl IntoIterator<Item = Output>) -> Self {
        self.outputs.extend(outputs);
        self
    }

    /// Chooses what makes a frame count as done.
    #[must_use]
    pub fn verify(mut self, verify: Verify) -> Self {
        self.verify = verify;
        self
    }
}
