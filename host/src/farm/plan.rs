//! A dry run: what a submission would run at each level, without keeping or running anything.

use super::attempt::{fixed_directory, program_of, render_env};
use super::parts::Parts;
use super::{FarmError, Submission, needing, submit, views};
use farmhand_model::dcc::{Command, FrameShape, JobContext, Level, Output, TaskContext, Tool};
use farmhand_model::plan::{LevelPlan, PlanView, PlannedFile, TaskPlan};
use farmhand_model::{AttemptId, Chunking, FrameSet, JobId, JobRecord, Needs};
use farmhand_plugin::LoadedPlugin;
use farmhand_runner::Staging;
use std::sync::Arc;

/// Tasks shown of each level; the others are like them.
const TASKS: usize = 4;
/// Images named of each task.
const OUTPUTS: usize = 20;

/// What it would run.
pub(super) async fn plan(parts: &Parts, submission: Submission) -> Result<PlanView, FarmError> {
    let (record, plugin) = submit::prepare(parts, submission).await?;
    let job = super::attempt::job_context(parts, JobId(0), &record.spec).map_err(FarmError::Internal)?;
    let job = Arc::new(job);
    let mut levels = Vec::new();
    for (index, level) in (0..).zip(&plugin.descriptor().levels) {
        if record.spec.levels.is_empty() || record.spec.levels.contains(&level.name) {
            levels.push(plan_level(parts, &plugin, &job, &record, index, level).await);
        }
    }
    let JobRecord { spec, notes, .. } = record;
    Ok(PlanView { job: spec, notes, levels })
}

async fn plan_level(
    parts: &Parts,
    plugin: &LoadedPlugin,
    job: &Arc<JobContext>,
    record: &JobRecord,
    index: u32,
    level: &Level,
) -> LevelPlan {
    let needs = record.spec.needs_at(&level.name).cloned().unwrap_or_default();
    let mut plan = LevelPlan {
        name: level.name.clone(),
        summary: level.summary.clone(),
        needs: needs.clone(),
        problem: None,
        tasks: Vec::new(),
        more_tasks: 0,
    };
    let tools = match parts.level_tools(plugin, level, record.spec.dcc_version.as_ref()).await {
        Ok(tools) => tools,
        Err(problem) => {
            plan.problem = Some(problem);
            return plan;
        }
    };
    let chunks = chunks(&job.frames, level.frames, record.spec.chunk);
    let layers: Vec<Option<String>> =
        (0..record.layer_count() as u32).map(|index| record.layer_name(index).map(str::to_owned)).collect();
    let all = chunks.count.saturating_mul(layers.len() as u64);
    let mut shown = Vec::new();
    for layer in &layers {
        shown.extend(chunks.first.iter().map(|frames| (layer.clone(), frames.clone())));
    }
    shown.truncate(TASKS);
    for (layer, frames) in shown {
        let task = task(parts, job, record, (index, &needs), layer, frames, tools.clone());
        match plugin.build_command(&task).await {
            Ok(command) => match plan_task(parts, &task, command) {
                Ok(task) => plan.tasks.push(task),
                Err(problem) => plan.problem = Some(problem),
            },
            Err(error) => plan.problem = Some(error.to_string()),
        }
        if plan.problem.is_some() {
            return plan;
        }
    }
    plan.more_tasks = all.saturating_sub(plan.tasks.len() as u64);
    plan
}

fn task(
    parts: &Parts,
    job: &Arc<JobContext>,
    record: &JobRecord,
    (level, needs): (u32, &Needs),
    layer: Option<String>,
    frames: FrameSet,
    tools: Vec<Tool>,
) -> TaskContext {
    let dir = parts.attempt_dir(AttemptId(0));
    let staging = match job.output.as_deref().map(fixed_directory) {
        Some(output) => Staging::open(&output, AttemptId(0)).path().to_owned(),
        None => dir.join("staging"),
    };
    // Which it will be is known when it starts; one of the same kind shows what is run.
    let gpus = needs.gpus.as_ref().map_or_else(Vec::new, |need| {
        needing::usable(need, &parts.gpus.known()).take(need.count as usize).cloned().collect()
    });
    TaskContext {
        job: Arc::clone(job),
        attempt: AttemptId(0),
        frames,
        layer,
        level,
        try_number: 1,
        threads: record.spec.threads.unwrap_or(parts.settings.capacity.threads_per_task),
        memory_bytes: needs.memory_bytes.unwrap_or_default(),
        gpus,
        tools,
        scratch: dir.join("scratch"),
        staging,
    }
}

fn plan_task(parts: &Parts, task: &TaskContext, command: Command) -> Result<TaskPlan, String> {
    let program = program_of(task, &command)?;
    let places = command.outputs.iter().map(|output| match output {
        Output::Image(image) => image.place.as_ref().unwrap_or(&image.path),
        Output::Movie(movie) => movie.place.as_ref().unwrap_or(&movie.path),
    });
    let outputs: Vec<String> = places.take(OUTPUTS).map(|path| path.display().to_string()).collect();
    let more_outputs = (command.outputs.len() - outputs.len()) as u64;
    let file = |file: farmhand_model::dcc::TextFile| PlannedFile {
        path: file.path.display().to_string(),
        contents: file.contents,
    };
    Ok(TaskPlan {
        layer: task.layer.clone(),
        frames: task.frames.clone(),
        command: views::command(
            program.display().to_string(),
            command.args,
            &render_env(command.env, &task.gpus, parts.gpus.any())?,
            command.cwd.unwrap_or_else(|| task.scratch.clone()).display().to_string(),
        ),
        files: command.files.into_iter().map(file).collect(),
        outputs,
        more_outputs,
    })
}

/// The first pieces that a layer's frames are cut into, and how many there are.
struct Chunks {
    first: Vec<FrameSet>,
    count: u64,
}

/// As the level's shape and a fixed chunk size have it. Sizes that are learned are not known beforehand, so that as
/// much goes into one process as the shape allows.
fn chunks(frames: &FrameSet, shape: FrameShape, chunk: Chunking) -> Chunks {
    let most = match (shape, chunk) {
        (FrameShape::Single, _) => 1,
        (_, Chunking::Fixed(size)) => u64::from(size.max(1)),
        _ => u64::MAX,
    };
    let runs = || frames.runs().into_iter().filter_map(|run| FrameSet::from_runs([run]).ok());
    let pieces = match shape {
        FrameShape::Any => vec![frames.clone()],
        FrameShape::Stepped | FrameShape::Single => runs().collect(),
    };
    let mut first = Vec::new();
    let mut count = 0;
    for mut piece in pieces {
        count += piece.len().div_ceil(most);
        while first.len() < TASKS && !piece.is_empty() {
            let some = piece.take_first(most);
            piece.subtract(&some);
            first.push(some);
        }
    }
    Chunks { first, count }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_cut_as_the_level_takes_them() {
        let check = |frames: &str, shape, chunk, expect: &[&str], count: u64| {
            let chunks = chunks(&frames.parse().unwrap(), shape, chunk);
            let first: Vec<_> = chunks.first.iter().map(ToString::to_string).collect();
            assert_eq!(first, expect);
            assert_eq!(chunks.count, count);
        };
        use FrameShape::{Any, Single, Stepped};
        check("1-10,20", Any, Chunking::Auto, &["1-10,20"], 1);
        check("1-10,20", Any, Chunking::Fixed(4), &["1-4", "5-8", "9,10,20"], 3);
        check("1-10,20", Stepped, Chunking::Auto, &["1-10", "20"], 2);
        check("1-10,20", Stepped, Chunking::Fixed(8), &["1-8", "9,10", "20"], 3);
        check("1-10", Single, Chunking::Whole, &["1", "2", "3", "4"], 10);
    }
}
