//! What each SDK calls an item of the contract: by rule, and where an SDK has its own word for it, by the table here.

/// A language with an SDK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Python,
    JavaScript,
    Rust,
}

impl Language {
    /// In the order of the page's columns.
    pub const ALL: [Self; 3] = [Self::Python, Self::JavaScript, Self::Rust];
}

/// What an item is, which says how it is spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `FrameRun` everywhere.
    Type,
    /// `frames_done` or `framesDone`.
    Field,
    /// `FrameFatal` or `FRAME_FATAL`.
    Value,
    /// `FrameStarted` everywhere: a case with data is a class.
    Class,
    /// `build_command` or `buildCommand`.
    Function,
}

/// Items for which no rule holds: in Python, JavaScript and Rust. What is not in backticks is no name.
const OWN: &[(&str, [&str; 3])] = &[
    ("types.frame", ["int", "number", "i32"]),
    ("types.verify-rule", ["`Verify`", "`Verify`", "`Verify`"]),
    ("types.env-var", ["an entry of `env`", "an entry of `env`", "an entry of `env`"]),
    ("types.output", ["an entry of `outputs`", "an entry of `outputs`", "`Output`"]),
    ("types.event.warning", ["`Warned`", "`Warned`", "`Warning`"]),
    ("types.event.memory-bytes", ["`MemoryUsed`", "`MemoryUsed`", "`MemoryBytes`"]),
    ("types.decision.retry", ["`RETRY`, `after_ms`", "`RETRY`, `afterMs`", "`Retry`"]),
    ("types.env-var.name", ["the key", "the key", "the first"]),
    ("types.env-var.value", ["the value", "the value", "the second"]),
    ("types.plugin-error.message", ["the exception's text", "`message`", "`message`"]),
    ("types.plugin-error.traceback", ["made by the runner", "made by the runner", "`traceback`"]),
    ("types.descriptor", ["attributes of `Plugin`", "fields of `Plugin`", "`Descriptor`"]),
    ("types.descriptor.options-schema", ["`options`", "`options`", "`options_schema`"]),
    ("hooks.program", ["`Run`", "`Run`", "`Action::Run`"]),
    ("hooks.new-file", ["`Write`", "`Write`", "`Action::Write`"]),
    ("hooks.file-pair", ["`Copy`, `Move`", "`Copy`, `Move`", "`Action::Copy`, `Action::Move`"]),
    (
        "context.job.options",
        ["`options`, `raw_options`", "`options`, `rawOptions`", "`options`, `raw_options`"],
    ),
    ("needs.task-needs", ["`Needs`", "`Needs`", "`Needs`"]),
    ("dcc.describe", ["attributes of `Plugin`", "fields of `Plugin`", "`Plugin::describe`"]),
    ("dcc.reader", ["`Reader`", "`Reader`", "`Reader`"]),
    ("dcc.reader.reader", ["`Plugin.reader`", "`Plugin.reader`", "`Plugin::reader`"]),
    ("dcc.reader.read", ["`line`, each by itself", "`line`, each by itself", "`line`, each by itself"]),
    (
        "host.log",
        [
            "`host.debug`, `info`, `warn`, `error`",
            "`host.debug`, `info`, `warn`, `error`",
            "`debug`, `info`, `warn`, `error`",
        ],
    ),
    ("host.log-level", ["`host.LogLevel`", "`host.LogLevel`", "`host::LogLevel`"]),
    ("host.read-part", ["`host.read_part`, `host.scan`", "`host.readPart`, `host.scan`", "`host::scan`"]),
];

/// The name of an item in a language, as the page shows it.
pub fn of(item: &str, kind: Kind, language: Language) -> String {
    let at = Language::ALL.iter().position(|one| *one == language).unwrap_or_default();
    if let Some((_, own)) = OWN.iter().find(|(own, _)| *own == item) {
        return own[at].to_owned();
    }
    let mut parts = item.split('.');
    let (interface, name) = (parts.next().unwrap_or_default(), item.rsplit('.').next().unwrap_or_default());
    let spelled = match (kind, language) {
        (Kind::Type | Kind::Class, _) | (Kind::Value, Language::Rust) => words(name, capital).concat(),
        (Kind::Value, _) => words(name, str::to_uppercase).join("_"),
        (Kind::Field | Kind::Function, Language::JavaScript) => {
            let (first, rest) = name.split_once('-').unwrap_or((name, ""));
            format!("{first}{}", words(rest, capital).concat())
        }
        (Kind::Field | Kind::Function, _) => name.replace('-', "_"),
    };
    let dot = if language == Language::Rust { "::" } else { "." };
    match (kind, interface) {
        (Kind::Function, "host") => format!("`host{dot}{spelled}`"),
        (Kind::Function, "hooks") if language == Language::Rust => format!("`Hooks{dot}{spelled}`"),
        (Kind::Function, _) => format!("`Plugin{dot}{spelled}`"),
        _ => format!("`{spelled}`"),
    }
}

/// The names in a cell of the page: what is in backticks.
pub fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

fn words(name: &str, spell: impl Fn(&str) -> String) -> Vec<String> {
    name.split('-').filter(|word| !word.is_empty()).map(spell).collect()
}

fn capital(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}
