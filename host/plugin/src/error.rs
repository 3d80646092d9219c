//! What can go wrong with a plugin, sorted by who must act, with everything needed to act on it.

use crate::limits::Room;
use crate::logring::{LogLine, printable_line, printable_text, visible};
use farmhand_model::{Digest, PluginStamp};
use std::fmt;
use std::time::Duration;

/// Log lines that an error keeps of its call.
const LOG_LINES: usize = 20;
/// Log lines that an error's text shows.
const SHOWN_LINES: usize = 3;

/// How the message of a [`PluginErrorKind::Waiting`] begins: for those who are told a failure as text, and wait too.
pub const WAITING: &str = "waits for the ";

/// Who can make it work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Responsible {
    /// Whoever writes the plugin.
    Author,
    /// Whoever runs this farm.
    Operator,
    /// Whoever writes farmhand.
    Farmhand,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq)]
pub enum PluginErrorKind {
    /// The file could not be read.
    Unreadable {
        /// What the system said.
        message: String,
    },
    /// The file is too large for a plugin.
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// The file ends in the middle: it is being written, or was not written to its end.
    Incomplete {
        /// What is there of it.
        bytes: u64,
    },
    /// The file is no component.
    Foreign {
        /// What it is, and what to do.
        message: String,
    },
    /// The script's files are not as they must be.
    Script {
        /// What is wrong with them, and what to do.
        message: String,
    },
    /// The runner of the script's language is not installed.
    NoRunner {
        /// Where it was looked for, and how to get it.
        message: String,
    },
    /// The runner of the script's language is being compiled for the first time.
    Waiting {
        /// For what.
        message: String,
    },
    /// It passed, but the studio's own check of new versions held it back.
    Held {
        /// Why, and what to do.
        message: String,
        /// The version that was held back.
        digest: Digest,
        /// What it calls itself.
        version: String,
    },
    /// It passed, but no copy of it could be kept.
    NotKept {
        /// What the system said.
        message: String,
    },
    /// Another file already serves under this name.
    NameTaken {
        /// The file that came first.
        by: String,
    },
    /// The component was built for another contract.
    Incompatible {
        /// Both sides of it, and what to do.
        message: String,
    },
    /// The component wants what no plugin gets.
    Denied {
        /// The imports that it wants, by name.
        imports: Vec<String>,
    },
    /// What the plugin answered makes no sense.
    Invalid {
        /// All that is wrong with it, one sentence each.
        problems: Vec<String>,
    },
    /// The plugin's own code reported an error.
    Guest {
        /// What it said.
        message: String,
        /// Where, as its language tells it.
        traceback: Option<String>,
    },
    /// The plugin's code broke off.
    Trap {
        /// How.
        what: String,
        /// Where, innermost first.
        frames: Vec<String>,
    },
    /// It ran too long.
    Timeout {
        /// The limit.
        limit: Duration,
        /// Whether it waited for the host, as in a sleep or on a slow file system, rather than ran.
        waiting: bool,
    },
    /// It wanted more memory than it may have.
    Memory {
        /// Of what.
        room: Room,
        /// How much it wanted in all.
        asked: usize,
        /// How much it may have.
        limit: usize,
    },
    /// It handed the host more data in one call than it may.
    TooMuchData {
        /// The limit in bytes.
        limit: usize,
    },
    /// The reader has ended: an earlier batch failed, and its instance went with it.
    ReaderGone,
    /// The host could not do its part.
    Host {
        /// What happened.
        message: String,
    },
}

/// One failed load or call, with its circumstances.
#[derive(Debug, Clone)]
pub struct PluginError(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    kind: PluginErrorKind,
    /// The plugin's name, or its file's where it never loaded.
    plugin: String,
    stamp: Option<PluginStamp>,
    function: Option<&'static str>,
    elapsed: Option<Duration>,
    log: Vec<LogLine>,
    /// Older lines that were not kept.
    log_dropped: u64,
}

impl PluginError {
    /// An error of the plugin, or file, of this name.
    pub(crate) fn new(plugin: impl Into<String>, kind: PluginErrorKind) -> Self {
        Self(Box::new(Inner {
            kind: kind.presentable(),
            plugin: visible(&plugin.into()),
            stamp: None,
            function: None,
            elapsed: None,
            log: Vec::new(),
            log_dropped: 0,
        }))
    }

    /// The same, of a version that serves.
    pub(crate) fn with_stamp(mut self, stamp: Option<&PluginStamp>) -> Self {
        self.0.stamp = stamp.cloned();
        self
    }

    /// The same, of a call.
    pub(crate) fn in_call(mut self, function: &'static str, elapsed: Duration) -> Self {
        self.0.function = Some(function);
        self.0.elapsed = Some(elapsed);
        self
    }

    /// The same, with what the call logged.
    pub(crate) fn with_log(mut self, (mut lines, dropped): (Vec<LogLine>, u64)) -> Self {
        let older = lines.len().saturating_sub(LOG_LINES);
        self.0.log_dropped = dropped + older as u64;
        self.0.log = lines.split_off(older);
        self
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> &PluginErrorKind {
        &self.0.kind
    }

    /// The plugin's name, or its file's name where it never loaded.
    #[must_use]
    pub fn plugin(&self) -> &str {
        &self.0.plugin
    }

    /// Which version it was; absent where it was still being loaded.
    #[must_use]
    pub fn stamp(&self) -> Option<&PluginStamp> {
        self.0.stamp.as_ref()
    }

    /// The function of the contract that was called.
    #[must_use]
    pub fn function(&self) -> Option<&'static str> {
        self.0.function
    }

    /// How long the call took.
    #[must_use]
    pub fn elapsed(&self) -> Option<Duration> {
        self.0.elapsed
    }

    /// The last lines that the call logged or printed.
    #[must_use]
    pub fn log(&self) -> &[LogLine] {
        &self.0.log
    }

    /// How many lines came before those and were not kept.
    #[must_use]
    pub fn log_dropped(&self) -> u64 {
        self.0.log_dropped
    }

    /// Who must act.
    #[must_use]
    pub fn responsible(&self) -> Responsible {
        match self.kind() {
            PluginErrorKind::Unreadable { .. }
            | PluginErrorKind::TooLarge { .. }
            | PluginErrorKind::Incomplete { .. }
            | PluginErrorKind::NoRunner { .. }
            | PluginErrorKind::Held { .. }
            | PluginErrorKind::NotKept { .. }
            | PluginErrorKind::NameTaken { .. } => Responsible::Operator,
            PluginErrorKind::Host { .. } | PluginErrorKind::Waiting { .. } => Responsible::Farmhand,
            _ => Responsible::Author,
        }
    }

    /// What to do about it; empty where the message says so already.
    fn remedy(&self) -> String {
        match self.kind() {
            PluginErrorKind::Unreadable { .. } => "make it readable for the daemon's user".into(),
            PluginErrorKind::TooLarge { .. } => {
                "strip it, or raise this plugin's component limit in the configuration".into()
            }
            PluginErrorKind::Incomplete { .. } => "copy or build it again, to its end".into(),
            PluginErrorKind::NotKept { .. } => "free some space in the data directory; it is tried again".into(),
            PluginErrorKind::NameTaken { .. } => "remove one of the two files, or rename the plugin".into(),
            PluginErrorKind::Denied { .. } => {
                "build the plugin without what needs them: files come through `read-file`, settings through `config`"
                    .into()
            }
            PluginErrorKind::Timeout { waiting: true, .. } => {
                "a plugin must not sleep or wait; let it answer at once".into()
            }
            PluginErrorKind::Timeout { .. } => {
                "find the loop, or raise this plugin's time limit in the configuration".into()
            }
            PluginErrorKind::Memory { .. } => {
                "find the leak, or raise this plugin's memory limit in the configuration".into()
            }
            PluginErrorKind::TooMuchData { .. } => "hand over less in one call".into(),
            PluginErrorKind::Invalid { .. } | PluginErrorKind::Trap { .. } => "fix the plugin and save it again".into(),
            PluginErrorKind::Foreign { .. }
            | PluginErrorKind::Incompatible { .. }
            | PluginErrorKind::Script { .. }
            | PluginErrorKind::NoRunner { .. }
            | PluginErrorKind::Waiting { .. }
            | PluginErrorKind::Held { .. }
            | PluginErrorKind::Guest { .. }
            | PluginErrorKind::ReaderGone
            | PluginErrorKind::Host { .. } => String::new(),
        }
    }
}

/// Entries of a list that an error shows.
const SHOWN_ENTRIES: usize = 20;

impl PluginErrorKind {
    /// The same with texts that can be shown. Much of them is the plugin's own: names in its code, paths, messages.
    fn presentable(self) -> Self {
        let lines = |lines: Vec<String>, one: fn(&str) -> String| {
            let more = lines.len().saturating_sub(SHOWN_ENTRIES);
            let shown = lines.iter().take(SHOWN_ENTRIES).map(|line| one(line));
            shown.chain((more > 0).then(|| format!("and {more} more"))).collect()
        };
        match self {
            Self::Unreadable { message } => Self::Unreadable { message: printable_text(&message) },
            Self::Foreign { message } => Self::Foreign { message: printable_text(&message) },
            Self::Incompatible { message } => Self::Incompatible { message: printable_text(&message) },
            Self::Host { message } => Self::Host { message: printable_text(&message) },
            Self::NameTaken { by } => Self::NameTaken { by: visible(&by) },
            Self::Denied { imports } => Self::Denied { imports: lines(imports, visible) },
            Self::Invalid { problems } => Self::Invalid { problems: lines(problems, printable_line) },
            Self::Guest { message, traceback } => Self::Guest {
                message: printable_line(&message),
                traceback: traceback.map(|traceback| printable_text(&traceback)),
            },
            Self::Trap { what, frames } => {
                Self::Trap { what: printable_line(&what), frames: lines(frames, printable_line) }
            }
            other => other,
        }
    }
}

impl fmt::Display for PluginErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { message } => write!(f, "cannot be read: {message}"),
            Self::TooLarge { bytes, limit } => {
                write!(f, "is {bytes} bytes large, where {limit} is the limit")
            }
            Self::Incomplete { bytes } => write!(f, "ends in the middle, after {bytes} bytes"),
            Self::Foreign { message }
            | Self::Incompatible { message }
            | Self::Script { message }
            | Self::NoRunner { message }
            | Self::NotKept { message }
            | Self::Waiting { message }
            | Self::Held { message, .. } => f.write_str(message),
            Self::NameTaken { by } => write!(f, "claims a name that {by} already serves"),
            Self::Denied { imports } => {
                write!(f, "imports what no plugin gets: {}", imports.join(", "))
            }
            Self::Invalid { problems } => f.write_str(&problems.join("; ")),
            Self::Guest { message, traceback } => {
                f.write_str(message)?;
                match traceback {
                    Some(traceback) => write!(f, "\n{traceback}"),
                    None => Ok(()),
                }
            }
            Self::Trap { what, frames } => {
                f.write_str(what)?;
                match frames.first() {
                    Some(frame) => write!(f, " in {frame}"),
                    None => Ok(()),
                }
            }
            Self::Timeout { limit, waiting: false } => write!(f, "ran longer than {limit:?}"),
            Self::Timeout { limit, waiting: true } => write!(f, "waited far longer than its {limit:?}"),
            Self::Memory { room: Room::Memory, asked, limit } => {
                write!(
                    f,
                    "wanted {:.1} MiB of memory, where {:.1} MiB is the limit",
                    mib(*asked),
                    mib(*limit)
                )
            }
            Self::Memory { room: Room::Table, asked, limit } => {
                write!(f, "wanted {asked} table elements, where {limit} is the limit")
            }
            Self::TooMuchData { limit } => {
                write!(f, "handed over more than {:.1} MiB in one call", mib(*limit))
            }
            Self::ReaderGone => f.write_str("this reader failed before and takes no more lines"),
            Self::Host { message } => f.write_str(message),
        }
    }
}

fn mib(bytes: usize) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

impl fmt::Display for PluginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, plugin, stamp, function, elapsed, log, .. } = &*self.0;
        write!(f, "plugin {plugin}")?;
        if let Some(stamp) = stamp {
            write!(f, " {} (generation {}, {})", stamp.version, stamp.generation, stamp.digest.short())?;
        }
        if let Some(function) = function {
            write!(f, " in {function}")?;
        }
        if let Some(elapsed) = elapsed
            && *elapsed >= Duration::from_millis(100)
        {
            write!(f, " after {:.2} s", elapsed.as_secs_f64())?;
        }
        write!(f, ": {kind}")?;
        let remedy = self.remedy();
        if !remedy.is_empty() {
            write!(f, "; {remedy}")?;
        }
        let shown = &log[log.len().saturating_sub(SHOWN_LINES)..];
        if !shown.is_empty() {
            write!(f, "; it said last:")?;
            for line in shown {
                write!(f, "\n  {line}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for PluginError {}
