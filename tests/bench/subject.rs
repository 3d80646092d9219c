//! The plugins that are measured, and what they are asked.

use crate::farm::{prebuilt, root};
use farmhand_model::dcc::JobContext;
use farmhand_model::{FrameSet, JobId};
use farmhand_plugin::{CallObserver, CallReport, Language};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// One plugin.
pub struct Subject {
    pub title: &'static str,
    pub name: &'static str,
    pub path: PathBuf,
    /// The id of the program that it runs.
    pub tool: &'static str,
    pub options: Value,
    /// A line of its renderer's output.
    pub line: fn(usize) -> String,
}

impl Subject {
    pub fn all() -> [Self; 4] {
        let glow = |title, path| Self {
            title,
            name: "glow",
            path,
            tool: "glow",
            options: json!({"quality": 80}),
            line: |at| format!("frame 12 {}%", at * 100 / 64),
        };
        let examples = root().join("plugins/examples");
        [
            glow("glow, in Rust", prebuilt("glow")),
            glow("glow, in Python", examples.join("python/plugin.py")),
            glow("glow, in JavaScript", examples.join("javascript/plugin.js")),
            Self {
                title: "Blender's, in Rust",
                name: "blender",
                path: prebuilt("blender"),
                tool: "blender",
                options: json!({"format": "PNG", "samples": 16, "engine": "CYCLES"}),
                line: |at| {
                    format!(
                        "Fra:12 Mem:245.31M (Peak 512.00M) | Time:00:04.21 | Mem:1.00M, Peak:2.00M | Scene, ViewLayer | \
                         Sample {at}/64"
                    )
                },
            },
        ]
    }

    /// What its file is called in a plugins directory.
    pub fn file_name(&self) -> String {
        let extension = self.path.extension().expect("it has one").to_string_lossy();
        format!("{}.{extension}", self.name)
    }

    /// Other bytes that mean the same: a comment, or a custom section that says nothing to anybody.
    pub fn changed(&self, number: u32) -> Vec<u8> {
        let mut bytes = std::fs::read(&self.path).expect("readable");
        match Language::of_file(&self.path) {
            Some(Language::Python) => bytes.extend(format!("\n# {number}\n").bytes()),
            Some(Language::JavaScript) => bytes.extend(format!("\n// {number}\n").bytes()),
            None => bytes.extend([0, 3, 1, b'n', number as u8]),
        }
        bytes
    }
}

pub fn job_context(subject: &Subject) -> JobContext {
    JobContext {
        id: JobId(1),
        name: "shot".to_owned(),
        scene: "/shows/x/shot.scene".into(),
        output: Some("/renders/x/shot_####.png".to_owned()),
        layers: Vec::new(),
        frames: FrameSet::range(1, 240),
        options: subject.options.as_object().cloned().unwrap_or_default(),
        skip_existing: false,
        hook_scripts: Vec::new(),
        path_map: Vec::new(),
    }
}

/// Keeps what observers are told.
#[derive(Debug, Default)]
pub struct Meter {
    instances: Mutex<Vec<Duration>>,
    memory: AtomicUsize,
}

impl Meter {
    pub fn instances(&self) -> Vec<Duration> {
        self.instances.lock().expect("whole").clone()
    }

    pub fn memory(&self) -> usize {
        self.memory.load(Ordering::Relaxed)
    }
}

impl CallObserver for Meter {
    fn called(&self, report: &CallReport<'_>) {
        if let Some(time) = report.instantiate {
            self.instances.lock().expect("whole").push(time);
        }
        self.memory.fetch_max(report.memory, Ordering::Relaxed);
    }
}
