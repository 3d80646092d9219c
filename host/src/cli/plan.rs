//! A dry run in the shell: what a job would run at each level, ready to be read and to be copied.

use super::client::Client;
use super::context::Context;
use super::error::CliError;
use super::human;
use super::output::{clean, clean_lines};
use crate::shell::{command_line, quoted};
use farmhand_model::plan::{LevelPlan, PlanView, TaskPlan};
use std::fmt::Write as _;

/// Asks for the plan and prints it.
pub(super) fn show(context: &mut Context, client: &Client, body: &str) -> Result<(), CliError> {
    let plan: PlanView = client.post_text("/jobs?dry_run=true", body, &[])?;
    if context.out.json {
        return context.out.json(&plan);
    }
    context.out.line(written(&plan).trim_end())
}

fn written(plan: &PlanView) -> String {
    let job = &plan.job;
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "nothing is kept and nothing runs: this is what would");
    let frames = human::count(job.frames.len() * job.layers.len().max(1) as u64, "frame");
    let _ = writeln!(text, "job {}: {} of {}, {frames}", clean(&job.name), job.frames, job.scene.display());
    for note in &plan.notes {
        let _ = writeln!(text, "note: {}", clean(note));
    }
    for (number, level) in (1..).zip(&plan.levels) {
        let _ = writeln!(text, "\nlevel {number}, {}: {}", level.name, clean(&level.summary));
        write_level(&mut text, level);
    }
    text
}

fn write_level(text: &mut String, level: &LevelPlan) {
    let needs = level.needs.to_string();
    if !needs.is_empty() {
        let _ = writeln!(text, "  each task needs {needs}");
    }
    if let Some(problem) = &level.problem {
        let _ = writeln!(text, "  cannot run here: {}", clean(problem));
    }
    for task in &level.tasks {
        write_task(text, task);
    }
    if level.more_tasks > 0 {
        let _ = writeln!(text, "  and {} like these", human::count(level.more_tasks, "more task"));
    }
}

fn write_task(text: &mut String, task: &TaskPlan) {
    let layer = task.layer.as_deref().map(|layer| format!(" of {}", clean(layer))).unwrap_or_default();
    let _ = writeln!(text, "  frames {}{layer}", task.frames);
    for (name, value) in &task.command.env {
        let _ = writeln!(text, "    {}", clean(&format!("{name}={}", quoted(value))));
    }
    let _ = writeln!(text, "    {}", clean(&command_line(&task.command.program, &task.command.args)));
    for file in &task.files {
        let _ = writeln!(text, "    writes {}:", clean(&file.path));
        for line in file.contents.lines() {
            let _ = writeln!(text, "      | {}", clean_lines(line).trim_end());
        }
    }
    for output in &task.outputs {
        let _ = writeln!(text, "    makes {}", clean(output));
    }
    if task.more_outputs > 0 {
        let _ = writeln!(text, "    and {}", human::count(task.more_outputs, "more image"));
    }
}
