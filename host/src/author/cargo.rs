//! Builds a plugin that is written in Rust: finds cargo and the WebAssembly target, says what is missing, and hands on
//! the compiler's own words. What it made is for others to judge.

use serde_json::Value;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};

/// What plugins are built for.
const TARGET: &str = "wasm32-wasip2";

/// Why there is no component.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Rust is not installed.
    #[error("cargo is not on PATH; install Rust with rustup (https://rustup.rs)")]
    NoCargo,
    /// Its WebAssembly target is not.
    #[error("Rust's target {TARGET} is not installed; run: rustup target add {TARGET}")]
    NoTarget,
    /// The compiler refused.
    #[error("cargo build failed{}", told(.words))]
    Failed {
        /// Its words; empty where a person has seen them already.
        words: String,
    },
    /// There is no component among what it made.
    #[error("cargo built no component; the crate needs `crate-type = [\"cdylib\", \"rlib\"]` under [lib]")]
    NoComponent,
    /// It could not be run.
    #[error("cannot run {program}: {source}")]
    Run {
        /// Which program.
        program: String,
        /// What the system said.
        source: io::Error,
    },
}

fn told(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(":\n{}", words.trim_end()) }
}

/// What matters more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// A small component, to hand out: the profile `plugin`.
    Small,
    /// A quick build, while somebody waits: the profile `watch`.
    Quick,
}

impl Profile {
    /// In the order of preference; cargo's own comes last.
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Small => &["plugin"],
            Self::Quick => &["watch", "plugin"],
        }
    }
}

/// Where the compiler's words go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// To whoever sits in front of it, as they come.
    Live,
    /// Into the error.
    Kept,
}

/// A cargo that can build components, for one project.
#[derive(Debug)]
pub struct Cargo {
    project: PathBuf,
    /// The manifest whose profiles count: the workspace's, where the project is a member of one.
    workspace: PathBuf,
}

impl Cargo {
    /// Looks for cargo and the target, with the toolchain that the project asks for.
    ///
    /// # Errors
    /// One of them is not installed; what to do is in the error.
    pub async fn find(project: &Path) -> Result<Self, BuildError> {
        let libraries =
            said(command("rustc", project).args(["--print", "target-libdir", "--target", TARGET])).await?;
        if !libraries.is_some_and(|libraries| Path::new(libraries.trim()).is_dir()) {
            return Err(BuildError::NoTarget);
        }
        let locate = ["locate-project", "--workspace", "--message-format", "plain"];
        let workspace = said(command("cargo", project).args(locate)).await?;
        let own = project.join("Cargo.toml");
        let workspace = workspace.map_or(own, |path| PathBuf::from(path.trim()));
        Ok(Self { project: project.to_path_buf(), workspace })
    }

    /// Builds the component and says where it is. Dropping this kills cargo and everything that it started.
    ///
    /// # Errors
    /// The compiler refuses, or what it made is no component.
    pub async fn build(&self, profile: Profile, shown: Shown) -> Result<PathBuf, BuildError> {
        let mut command = command("cargo", &self.project);
        command.args(["build", "--lib", "--target", TARGET, "--message-format", "json-render-diagnostics"]);
        command.args(["--profile", self.profile(profile)]);
        if shown == Shown::Kept {
            command.arg("--quiet").stderr(Stdio::piped());
        }
        command.stdout(Stdio::piped());
        let mut running = Group::spawn(&mut command).map_err(|error| not_run("cargo", error))?;
        let (mut messages, mut words) = (String::new(), String::new());
        let (stdout, stderr) = (running.child.stdout.take(), running.child.stderr.take());
        let read = tokio::try_join!(text_of(stdout, &mut messages), text_of(stderr, &mut words));
        read.map_err(|error| not_run("cargo", error))?;
        let status = running.wait().await.map_err(|error| not_run("cargo", error))?;
        if !status.success() {
            return Err(BuildError::Failed { words });
        }
        self.component(&messages).ok_or(BuildError::NoComponent)
    }

    /// The profile of this kind that the project has.
    fn profile(&self, profile: Profile) -> &'static str {
        let manifest = std::fs::read_to_string(&self.workspace).unwrap_or_default();
        let manifest: toml::Table = manifest.parse().unwrap_or_default();
        let profiles = manifest.get("profile").and_then(toml::Value::as_table);
        let has = |name: &&&str| profiles.is_some_and(|profiles| profiles.contains_key(**name));
        profile.names().iter().find(has).copied().unwrap_or("release")
    }

    /// The project's own component, among what cargo says that it made.
    fn component(&self, messages: &str) -> Option<PathBuf> {
        let manifest = self.project.join("Cargo.toml").canonicalize().ok()?;
        let of_line = |line: &str| {
            let message: Value = serde_json::from_str(line).ok()?;
            let is_own = Path::new(message["manifest_path"].as_str()?).canonicalize().ok()? == manifest;
            let files = message["filenames"].as_array().filter(|_| is_own)?;
            let wasm = files.iter().filter_map(Value::as_str).find(|file| file.ends_with(".wasm"))?;
            Some(PathBuf::from(wasm))
        };
        messages.lines().filter_map(of_line).next_back()
    }
}

/// A program of the toolchain. What a build inside another cargo's would inherit is left out.
fn command(program: &str, project: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(project).stdin(Stdio::null()).kill_on_drop(true);
    for name in ["CARGO_ENCODED_RUSTFLAGS", "RUSTFLAGS", "CARGO_MANIFEST_DIR", "CARGO_PKG_NAME"] {
        command.env_remove(name);
    }
    command
}

/// What a program prints; absent where it ends with an error.
async fn said(command: &mut Command) -> Result<Option<String>, BuildError> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    let output = command.output().await.map_err(|error| not_run(&program, error))?;
    Ok(output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned()))
}

fn not_run(program: &str, source: io::Error) -> BuildError {
    match source.kind() {
        io::ErrorKind::NotFound => BuildError::NoCargo,
        _ => BuildError::Run { program: program.to_owned(), source },
    }
}

async fn text_of(pipe: Option<impl tokio::io::AsyncRead + Unpin>, text: &mut String) -> io::Result<()> {
    if let Some(mut pipe) = pipe {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).await?;
        *text = String::from_utf8_lossy(&bytes).into_owned();
    }
    Ok(())
}

/// A program with everything that it starts; all of it is killed when this is dropped before the program has ended.
struct Group {
    child: Child,
    /// Its process group, as long as it runs.
    #[cfg_attr(not(unix), expect(dead_code, reason = "there, only the program itself can be killed"))]
    group: Option<u32>,
}

impl Group {
    fn spawn(command: &mut Command) -> io::Result<Self> {
        #[cfg(unix)]
        command.process_group(0);
        let child = command.spawn()?;
        let group = child.id();
        Ok(Self { child, group })
    }

    async fn wait(&mut self) -> io::Result<std::process::ExitStatus> {
        let status = self.child.wait().await;
        self.group = None;
        status
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(group) = self.group.and_then(|group| i32::try_from(group).ok()) {
            use nix::sys::signal::{Signal, killpg};
            // It may have ended a moment ago; then there is nothing to kill.
            let _ = killpg(nix::unistd::Pid::from_raw(group), Signal::SIGKILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_is_one_that_the_project_has() {
        let dir = tempfile::tempdir().expect("a directory");
        let cargo = Cargo { project: dir.path().to_path_buf(), workspace: dir.path().join("Cargo.toml") };
        let check = |manifest: &str, small: &str, quick: &str| {
            std::fs::write(&cargo.workspace, manifest).expect("written");
            assert_eq!((cargo.profile(Profile::Small), cargo.profile(Profile::Quick)), (small, quick));
        };
        check("[package]\nname = \"a\"", "release", "release");
        check("[profile.plugin]\nlto = true", "plugin", "plugin");
        check("[profile.plugin]\nlto = true\n[profile.watch]\nlto = false", "plugin", "watch");
    }

    #[test]
    fn the_component_is_the_projects_own() {
        let dir = tempfile::tempdir().expect("a directory");
        let manifest = dir.path().join("Cargo.toml");
        std::fs::write(&manifest, "").expect("written");
        let cargo = Cargo { project: dir.path().to_path_buf(), workspace: manifest.clone() };
        let artifact = |manifest: &Path, files: &[&str]| {
            serde_json::json!({ "reason": "compiler-artifact", "manifest_path": manifest, "filenames": files })
                .to_string()
        };
        let messages = [
            artifact(Path::new("/elsewhere/Cargo.toml"), &["/t/other.wasm"]),
            artifact(&manifest, &["/t/libglow.rlib", "/t/glow.wasm"]),
            "not JSON".to_owned(),
            r#"{"reason":"build-finished","success":true}"#.to_owned(),
        ];
        assert_eq!(cargo.component(&messages.join("\n")), Some(PathBuf::from("/t/glow.wasm")));
        assert_eq!(cargo.component(&messages[0]), None);
    }
}
