//! What a job's tasks need at each level: what the person who submits it says, and for the rest what its plugin says.

use super::submission::GpuRequest;
use farmhand_model::dcc::{Descriptor, Gpu, JobContext};
use farmhand_model::{Bytes, GpuNeed, LevelNeeds, Needs};
use farmhand_plugin::{LoadedPlugin, PluginError};
use farmhand_scheduler::NodeCapacity;

/// What the plugin says of the levels that the job may use, in its order.
///
/// # Errors
/// It cannot say, or asks for what no node could give.
pub(super) async fn of_plugin(
    plugin: &LoadedPlugin,
    job: &JobContext,
    allowed: &[String],
) -> Result<Vec<LevelNeeds>, PluginError> {
    let mut said = Vec::new();
    for (index, level) in (0..).zip(&plugin.descriptor().levels) {
        if allowed.is_empty() || allowed.contains(&level.name) {
            said.push(LevelNeeds { level: level.name.clone(), needs: plugin.needs(job, index).await? });
        }
    }
    Ok(said)
}

/// What counts in the end. A person's `gpus` stand in for the plugin's at the levels where the plugin wants some, and at all
/// levels where it wants none anywhere; a person's `memory` counts at all levels.
pub(super) fn resolve(
    mut said: Vec<LevelNeeds>,
    memory: Option<Bytes>,
    gpus: Option<&GpuRequest>,
) -> Vec<LevelNeeds> {
    let wants_some = said.iter().any(|level| level.needs.gpus.is_some());
    for LevelNeeds { needs, .. } in &mut said {
        if let Some(Bytes(bytes)) = memory {
            needs.memory_bytes = Some(bytes);
        }
        if let Some(asked) = gpus
            && (needs.gpus.is_some() || !wants_some)
        {
            needs.gpus = asked.need();
        }
    }
    said
}

/// What a person should know of the job's needs before it starts.
pub(super) fn notes(
    said: &[LevelNeeds],
    needs: &[LevelNeeds],
    plugin: &Descriptor,
    capacity: &NodeCapacity,
    gpus: &[Gpu],
) -> Vec<String> {
    let mut notes = Vec::new();
    for (said, LevelNeeds { level, needs }) in said.iter().zip(needs) {
        if said.needs.gpus.as_ref().is_some_and(|need| need.required) && needs.gpus.is_none() {
            let (name, wanted) = (&plugin.name, Needs { memory_bytes: None, gpus: said.needs.gpus.clone() });
            notes.push(format!(
                "`gpus` is 0, and by this job's options {name} needs {wanted} at level {level}: it will most likely fail \
                 there"
            ));
        }
        let mut too_big = |what: String, has: String| {
            notes.push(format!(
                "at level {level} a task needs {what}, and this node has {has}: it waits until that changes"
            ));
        };
        if let Some(bytes) = needs.memory_bytes.filter(|bytes| *bytes > capacity.memory_bytes) {
            let has = format!("{} for renders", Bytes(capacity.memory_bytes));
            too_big(format!("{} of memory", Bytes(bytes)), has);
        }
        if let Some(need) = needs.gpus.as_ref().filter(|need| need.required)
            && usable(need, gpus).count() < need.count as usize
        {
            let wanted = Needs { memory_bytes: None, gpus: Some(need.clone()) };
            let has = match (gpus.len(), gpus.iter().map(|gpu| gpu.memory_bytes).max()) {
                (1, Some(most)) => format!("1, of {}", Bytes(most)),
                (count, Some(most)) => format!("{count}, the largest of {}", Bytes(most)),
                (_, None) => "none".to_owned(),
            };
            too_big(wanted.to_string(), has);
        }
    }
    notes
}

/// The GPUs that are large enough.
pub(super) fn usable<'a>(need: &'a GpuNeed, gpus: &'a [Gpu]) -> impl Iterator<Item = &'a Gpu> {
    gpus.iter().filter(|gpu| need.memory_bytes.is_none_or(|bytes| bytes <= gpu.memory_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GB: u64 = 1_000_000_000;

    fn gpus(count: u32, memory: Option<u64>, required: bool) -> Option<GpuNeed> {
        Some(GpuNeed { count, memory_bytes: memory, required })
    }

    fn said(gpus: [Option<GpuNeed>; 2]) -> Vec<LevelNeeds> {
        let level = |(name, gpus): (&str, Option<GpuNeed>)| LevelNeeds {
            level: name.into(),
            needs: Needs { memory_bytes: Some(4 * GB), gpus },
        };
        ["render", "safe"].into_iter().zip(gpus).map(level).collect()
    }

    #[test]
    fn what_a_person_says_goes_before_what_the_plugin_says() {
        let request =
            |count, memory: Option<u64>, required| GpuRequest { count, memory: memory.map(Bytes), required };
        let asked = request(2, Some(12 * GB), false);
        let told = gpus(2, Some(12 * GB), false);
        let own = gpus(1, None, true);
        for (of_plugin, by_person, expect) in [
            ([None, None], None, [None, None]),
            ([own.clone(), None], None, [own.clone(), None]),
            ([own.clone(), None], Some(&asked), [told.clone(), None]),
            ([own.clone(), own.clone()], Some(&asked), [told.clone(), told.clone()]),
            ([None, None], Some(&asked), [told.clone(), told]),
            ([own, None], Some(&request(0, None, true)), [None, None]),
        ] {
            let needs = resolve(said(of_plugin), None, by_person);
            let got: Vec<_> = needs.iter().map(|level| level.needs.gpus.clone()).collect();
            assert_eq!(got, expect);
            assert!(needs.iter().all(|level| level.needs.memory_bytes == Some(4 * GB)));
        }
        let needs = resolve(said([None, None]), Some(Bytes(9 * GB)), None);
        assert!(needs.iter().all(|level| level.needs.memory_bytes == Some(9 * GB)));
    }

    #[test]
    fn what_this_node_can_never_give_is_noted() {
        let gpu = |index, memory: u64| Gpu {
            index,
            uuid: format!("GPU-{index}"),
            name: "GPU".into(),
            memory_bytes: memory * GB,
        };
        let capacity = NodeCapacity {
            slots: 1,
            threads: 8,
            threads_per_task: 8,
            memory_bytes: 64 * GB,
            limits: Default::default(),
        };
        let plugin = Descriptor {
            name: "glow".into(),
            version: semver::Version::new(1, 0, 0),
            summary: String::new(),
            extensions: vec![],
            supports: semver::VersionReq::STAR,
            tools: vec![],
            levels: vec![],
            options_schema: serde_json::Value::Null,
        };
        let check = |of_plugin: Option<GpuNeed>,
                     memory: Option<u64>,
                     asked: Option<GpuRequest>,
                     here: &[Gpu],
                     expect: &str| {
            let said = vec![LevelNeeds {
                level: "render".into(),
                needs: Needs { memory_bytes: None, gpus: of_plugin },
            }];
            let needs = resolve(said.clone(), memory.map(Bytes), asked.as_ref());
            assert_eq!(notes(&said, &needs, &plugin, &capacity, here).join("; "), expect);
        };
        let two = [gpu(0, 12), gpu(1, 24)];
        check(gpus(2, Some(12 * GB), true), Some(64 * GB), None, &two, "");
        check(gpus(9, None, false), None, None, &[], "");
        check(
            None,
            Some(65 * GB),
            None,
            &two,
            "at level render a task needs 65 GB of memory, and this node has 64 GB for renders: it waits until that changes",
        );
        check(
            gpus(2, Some(16 * GB), true),
            None,
            None,
            &two,
            "at level render a task needs 2 GPUs with 16 GB each, and this node has 2, the largest of 24 GB: it waits until \
             that changes",
        );
        check(
            gpus(1, None, true),
            None,
            None,
            &[],
            "at level render a task needs 1 GPU, and this node has none: it waits until that changes",
        );
        check(
            gpus(1, None, true),
            None,
            Some(GpuRequest { count: 0, memory: None, required: true }),
            &two,
            "`gpus` is 0, and by this job's options glow needs 1 GPU at level render: it will most likely fail there",
        );
    }
}
