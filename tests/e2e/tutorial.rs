//! The pages for plugin authors that show what to do, followed to the letter: `tutorial.md`, `how-to.md` and `README.md`
//! of `docs/plugins`. Every command is run in the order of the page, every file that it shows is written, and every output that
//! it shows must come. A file that is a plugin must load.
//!
//! What a fenced block is says the word after its fence:
//!
//! - `sh`: typed into the reader's terminal. With a name behind it, into another terminal of that name, where it goes on
//!   running. With `again`, the command only looks, and is repeated until it shows what the page says.
//! - `text`: what comes out. `…` stands for what varies, alone on its line for any lines. With a name, what comes out in
//!   the terminal of that name, next.
//! - `python`, `toml` and the like with a file's name: the file.
//! - `diff` with a file's name: a change of the file.
//!
//! Anything else is only read.

use crate::harness::{Client, images, keep_cache, seed_cache};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Longer than any step takes on the slowest machine; reached only when a test has failed.
const PATIENCE: Duration = Duration::from_secs(180);
/// What a shell prints once it is done with a block.
const DONE: &str = "--- done ---";

#[test]
fn the_tutorial_ends_in_a_render() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut reader = Reader::new(dir.path());
    reader.follow_page("tutorial.md");
    let rendered = images(&reader.home.join("out"));
    assert!(rendered.len() > 10, "the page renders images into `out`: {rendered:?}");
}

#[test]
fn every_plugin_of_the_how_tos_loads() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut reader = Reader::new(dir.path());
    let loaded: usize = ["README.md", "how-to.md"].map(|page| reader.follow_page(page)).iter().sum();
    assert!(loaded > 10, "{loaded}");
}

/// What tells a plugin's main file from a module of it.
const MAIN: [&str; 2] = ["(farmhand.Plugin):", " extends Plugin {"];

/// One fenced block.
#[derive(Debug, Clone)]
struct Block {
    /// Where its fence stands.
    line: usize,
    /// Its first word.
    kind: String,
    /// The word after that.
    about: Option<String>,
    text: String,
}

/// A block with the output that is shown after it.
struct Step<'a> {
    block: &'a Block,
    shown: Option<&'a Block>,
}

fn blocks_of(page: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut is_open = false;
    for (at, line) in page.lines().enumerate() {
        match (line.strip_prefix("```"), is_open) {
            (Some(info), false) => {
                let mut words = info.split_whitespace().map(str::to_owned);
                let kind = words.next().unwrap_or_default();
                blocks.push(Block { line: at + 1, kind, about: words.next(), text: String::new() });
                is_open = true;
            }
            (Some(_), true) => is_open = false,
            (None, true) => {
                if let Some(block) = blocks.last_mut() {
                    block.text.push_str(line);
                    block.text.push('\n');
                }
            }
            (None, false) => {}
        }
    }
    assert!(!is_open, "a block has no end");
    blocks
}

/// The blocks that do something, each with the output that stands after it.
fn steps(blocks: &[Block]) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    for block in blocks {
        let is_output_of_last = block.kind == "text" && block.about.is_none();
        match steps.last_mut().filter(|step| is_output_of_last && step.block.kind == "sh") {
            Some(step) => step.shown = Some(block),
            None => steps.push(Step { block, shown: None }),
        }
    }
    steps
}

/// Somebody who follows the page, in a home of their own.
struct Reader {
    home: PathBuf,
    terminal: Terminal,
    /// The others, by their names.
    others: BTreeMap<String, Terminal>,
}

impl Reader {
    fn new(dir: &Path) -> Self {
        let home = dir.join("home");
        seed_cache(&home.join("farm/cache"));
        std::fs::create_dir_all(home.join("farm")).expect("writable");
        Self { terminal: Terminal::open(&home), others: BTreeMap::new(), home }
    }

    /// Does all that a page says, and has every plugin that it shows loaded in the end; how many those are.
    fn follow_page(&mut self, name: &str) -> usize {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/plugins").join(name);
        let blocks = blocks_of(&std::fs::read_to_string(page).expect("the page is there"));
        let mut mains = Vec::new();
        for step in steps(&blocks) {
            let Block { line, about, text, .. } = step.block;
            if let Err(problem) = self.follow(&step) {
                panic!("docs/plugins/{name}:{line}: {problem}");
            }
            let is_main = MAIN.iter().any(|main| text.contains(main));
            mains.extend(about.as_ref().filter(|_| is_main).map(|file| (*line, file.clone())));
        }
        for (line, file) in &mains {
            let path = file.trim_end_matches("/plugin.py").trim_end_matches("/plugin.js");
            let checked = self.terminal.run(&format!("farmhand plugin check {path} || echo refused"));
            let said = checked.unwrap_or_else(|problem| problem);
            assert!(!said.contains("refused"), "docs/plugins/{name}:{line}: {file} does not load: {said}");
        }
        mains.len()
    }

    fn follow(&mut self, step: &Step<'_>) -> Result<(), String> {
        let Step { block, shown } = step;
        match (block.kind.as_str(), block.about.as_deref()) {
            ("sh", None) => {
                let output = self.terminal.run(&block.text)?;
                shown.map_or(Ok(()), |shown| compare(&shown.text, &output))
            }
            ("sh", Some("again")) => {
                let shown = shown.ok_or("nothing says what it should show in the end")?;
                self.repeat(&block.text, &shown.text)
            }
            ("sh", Some(name)) => {
                let terminal =
                    self.others.entry(name.to_owned()).or_insert_with(|| Terminal::open(&self.home));
                terminal.type_in(&block.text);
                shown.map_or(Ok(()), |shown| terminal.shows(&shown.text))
            }
            ("text", Some(name)) => {
                self.others.get_mut(name).ok_or(format!("no terminal is called {name}"))?.shows(&block.text)
            }
            ("diff", Some(file)) => self.change(file, &block.text),
            (_, Some(file)) => {
                let path = self.home.join(file);
                std::fs::create_dir_all(path.parent().unwrap_or(&self.home))
                    .map_err(|error| error.to_string())?;
                std::fs::write(path, &block.text).map_err(|error| error.to_string())
            }
            _ => Ok(()),
        }
    }

    /// Runs what only looks until it shows this: again after every event of the farm.
    fn repeat(&mut self, command: &str, shown: &str) -> Result<(), String> {
        let daemon = std::fs::read_to_string(self.home.join("farm/daemon.json"));
        let daemon: Value =
            serde_json::from_str(&daemon.unwrap_or_default()).map_err(|_| "no daemon runs")?;
        let events = Client::new(daemon["url"].as_str().unwrap_or_default()).events();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let compared = compare(shown, &self.terminal.run(command)?);
            if compared.is_ok() {
                return compared;
            }
            match events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(_) => while events.try_recv().is_ok() {},
                Err(_) => return compared,
            }
        }
    }

    /// Replaces the lines that the change takes out by those that it brings.
    fn change(&self, file: &str, change: &str) -> Result<(), String> {
        let side = |mark: char| -> String {
            let lines = change.lines().filter_map(|line| match line.split_at_checked(1) {
                Some((" ", rest)) => Some(rest),
                Some((first, rest)) if first.starts_with(mark) => Some(rest),
                None => Some(""),
                _ => None,
            });
            lines.map(|line| format!("{line}\n")).collect()
        };
        let path = self.home.join(file);
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{file}: {error}"))?;
        let old = side('-');
        if text.matches(&old).count() != 1 {
            return Err(format!("{file} has these lines not once:\n{old}\nit is:\n{text}"));
        }
        // By rename, as editors save.
        let draft = path.with_extension("draft~");
        std::fs::write(&draft, text.replacen(&old, &side('+'), 1)).map_err(|error| error.to_string())?;
        std::fs::rename(&draft, &path).map_err(|error| error.to_string())
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        keep_cache(&self.home.join("farm/cache"));
        // Renders have sessions of their own; their shims name the directory.
        let attempts = self.home.join("farm/attempts");
        let _ = Command::new("pkill").args(["-KILL", "-f", &attempts.display().to_string()]).status();
    }
}

/// A shell that keeps its directory and its variables from block to block.
struct Terminal {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
    /// What came out and was not compared yet.
    pending: Vec<String>,
    blocks: usize,
    home: PathBuf,
}

impl Terminal {
    fn open(home: &Path) -> Self {
        let mut command = Command::new("sh");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("FARMHAND_") {
                command.env_remove(name);
            }
        }
        let bin = Path::new(env!("CARGO_BIN_EXE_farmhand")).parent().expect("a directory");
        let path = std::env::var("PATH").unwrap_or_default();
        let mut child = command
            .current_dir(home)
            .env("HOME", home)
            .env("PATH", format!("{}/bin:{}:{path}", home.display(), bin.display()))
            .env("FARMHAND_DATA_DIR", home.join("farm"))
            // Tests run side by side.
            .env("FARMHAND_SERVER_LISTEN", "127.0.0.1:0")
            .env("COLUMNS", "200")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("a shell");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        let input = child.stdin.take().expect("piped");
        Self { child, input, lines, pending: Vec::new(), blocks: 0, home: home.to_path_buf() }
    }

    /// Has it run a block. From a file, so that no command of it reads the next one as its input.
    fn type_in(&mut self, block: &str) {
        self.blocks += 1;
        let file = self.home.join(format!(".block-{}-{}", self.child.id(), self.blocks));
        std::fs::write(&file, block).expect("writable");
        let line = format!(". '{}' </dev/null 2>&1; echo '{DONE}'", file.display());
        writeln!(self.input, "{line}").and_then(|()| self.input.flush()).expect("the shell listens");
    }

    /// Runs a block to its end; what came out.
    fn run(&mut self, block: &str) -> Result<String, String> {
        self.type_in(block);
        let deadline = Instant::now() + PATIENCE;
        let mut output = String::new();
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) if line == DONE => return Ok(output),
                Ok(line) => {
                    output.push_str(&line);
                    output.push('\n');
                }
                Err(_) => return Err(format!("it does not end; so far it printed:\n{output}")),
            }
        }
    }

    /// Waits until what comes out next is this.
    fn shows(&mut self, shown: &str) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let compared = compare(shown, &self.pending.join("\n"));
            if compared.is_ok() {
                self.pending.clear();
                return Ok(());
            }
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => self.pending.push(line),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return compared,
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // With everything that was started in it.
        let _ = Command::new("kill").args(["-TERM", "--", &format!("-{}", self.child.id())]).status();
        let _ = self.child.wait();
    }
}

/// Whether an output is what the page shows. Spaces count as one: columns are as wide as what varies in them.
fn compare(shown: &str, output: &str) -> Result<(), String> {
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let tidy = |text: &str| -> Vec<String> { text.trim_end().lines().map(words).collect() };
    match is_like(&tidy(shown), &tidy(output)) {
        true => Ok(()),
        false => Err(format!("the page shows:\n{shown}\nand this came:\n{output}")),
    }
}

fn is_like(shown: &[String], output: &[String]) -> bool {
    match shown.split_first() {
        None => output.is_empty(),
        Some((line, rest)) if line == "…" => {
            (0..=output.len()).any(|skipped| is_like(rest, &output[skipped..]))
        }
        Some((line, rest)) => output
            .split_first()
            .is_some_and(|(first, others)| is_line_like(line, first) && is_like(rest, others)),
    }
}

fn is_line_like(shown: &str, line: &str) -> bool {
    let mut parts = shown.split('…');
    let Some(rest) = parts.next().and_then(|first| line.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    let mut rest = rest;
    for part in middle {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[test]
fn outputs_are_compared_line_by_line() {
    for (shown, output, expect) in [
        ("job 1 is done\n", "job 1 is done\n", true),
        ("job 1 is done\n", "job 2 is done\n", false),
        ("took … s\n", "took 0.2 s\n", true),
        ("a … b … c", "a 1 b 2 c", true),
        ("a … b … c", "a 1 c", false),
        ("a … b", "a 1 b 2", false),
        ("A  B", "A       B", true),
        ("first\n…\nlast", "first\none\ntwo\nlast", true),
        ("first\n…\nlast", "first\nlast", true),
        ("first\n…", "second", false),
        ("first", "first\nsecond", false),
    ] {
        assert_eq!(compare(shown, output).is_ok(), expect, "{shown:?} and {output:?}");
    }
}

#[test]
fn blocks_know_their_lines_and_outputs() {
    let page = "text\n```sh\nls\n```\nIt shows:\n```text\na\n```\n```python bin/a.py\n1\n```\n```text watch\nb\n```\n";
    let blocks = blocks_of(page);
    let told: Vec<_> = blocks.iter().map(|block| (block.line, block.kind.as_str())).collect();
    assert_eq!(told, [(2, "sh"), (6, "text"), (9, "python"), (12, "text")]);
    let steps = steps(&blocks);
    assert_eq!(steps.len(), 3);
    assert_eq!(steps[0].shown.map(|shown| shown.text.as_str()), Some("a\n"));
    assert_eq!(blocks[2].about.as_deref(), Some("bin/a.py"));
}
