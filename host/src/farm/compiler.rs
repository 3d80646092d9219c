//! Compiles the runners of scripts in a process of this very program, at a low priority: the daemon keeps its memory,
//! and renders and answers keep the machine.

use farmhand_plugin::OutsideCompiler;
use std::path::{Path, PathBuf};

/// Added to the niceness of the compiler: as much as renders get by default, so that a busy node still comes to an end
/// with it.
const NICE: i32 = 5;

/// This program, as a compiler.
#[derive(Debug)]
pub(crate) struct SelfCompiler {
    program: PathBuf,
    cache: PathBuf,
}

impl SelfCompiler {
    /// `program` is this program's own file, `cache` the code cache.
    pub(crate) fn new(program: PathBuf, cache: PathBuf) -> Self {
        Self { program, cache }
    }
}

impl OutsideCompiler for SelfCompiler {
    fn compile(&self, component: &Path) -> Result<(), String> {
        let args = ["compile-plugin".into(), component.into(), self.cache.clone().into_os_string()];
        let output =
            farmhand_runner::run_aside(&self.program, &args, NICE).map_err(|error| error.to_string())?;
        match output.status.success() {
            true => Ok(()),
            false => Err(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim())),
        }
    }
}
