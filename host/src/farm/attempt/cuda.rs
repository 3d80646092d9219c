//! What of the node's GPUs a render sees: those of its lease, whatever its plugin says, by the variables that everything
//! that speaks CUDA and OptiX obeys.

use farmhand_model::dcc::Gpu;

const VISIBLE: &str = "CUDA_VISIBLE_DEVICES";
const ORDER: &str = "CUDA_DEVICE_ORDER";
/// Numbers of GPUs mean the same to everybody then, whichever is the fastest.
const BY_BUS: &str = "PCI_BUS_ID";

/// What is added to a render's environment: the plugin's variables, and those that show it its GPUs and no others. A node
/// without GPUs has none to hide. A plugin may choose among the leased ones itself.
///
/// # Errors
/// The plugin chose a GPU that the task has no lease on.
pub(crate) fn render_env(
    mut env: Vec<(String, String)>,
    leased: &[Gpu],
    node_has_gpus: bool,
) -> Result<Vec<(String, String)>, String> {
    if leased.is_empty() && !node_has_gpus {
        return Ok(env);
    }
    for (_, chosen) in env.iter().filter(|(name, _)| name == VISIBLE) {
        for one in chosen.split(',').map(str::trim).filter(|one| !is_none(one)) {
            if !leased.iter().any(|gpu| names(one, gpu)) {
                return Err(refusal(one, leased));
            }
        }
    }
    if !env.iter().any(|(name, _)| name == VISIBLE) {
        let uuids: Vec<&str> = leased.iter().map(|gpu| gpu.uuid.as_str()).collect();
        env.push((VISIBLE.to_owned(), uuids.join(",")));
    }
    env.retain(|(name, _)| name != ORDER);
    env.push((ORDER.to_owned(), BY_BUS.to_owned()));
    Ok(env)
}

/// Those of a render's variables that are about GPUs, for the hooks of its task.
pub(super) fn gpu_variables(env: &[(String, String)]) -> Vec<(String, String)> {
    env.iter().filter(|(name, _)| name == VISIBLE || name == ORDER).cloned().collect()
}

/// Whether an attempt's variables were made on a node with GPUs.
pub(crate) fn had_gpus(env: &[(String, String)]) -> bool {
    env.iter().any(|(name, _)| name == ORDER)
}

/// What CUDA reads as no GPU.
fn is_none(one: &str) -> bool {
    matches!(one, "" | "-1" | "NoDevFiles")
}

/// By number in the bus's order, or by UUID or how that begins, as CUDA has it.
fn names(one: &str, gpu: &Gpu) -> bool {
    match one.parse::<u32>() {
        Ok(index) => gpu.index == index,
        Err(_) => one.len() > 4 && gpu.uuid.starts_with(one),
    }
}

fn refusal(one: &str, leased: &[Gpu]) -> String {
    let leased: Vec<String> = leased.iter().map(|gpu| format!("{} ({})", gpu.index, gpu.uuid)).collect();
    let held = if leased.is_empty() { "none".to_owned() } else { leased.join(", ") };
    format!(
        "the plugin's command sets {VISIBLE} to GPU `{one}`, and the task holds {held}; take the GPUs of the task's \
         context, or leave the variable to farmhand"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gpu(index: u32) -> Gpu {
        Gpu { index, uuid: format!("GPU-{index}aaa-b"), name: "A".into(), memory_bytes: 1 }
    }

    fn env(of: &[(&str, &str)]) -> Vec<(String, String)> {
        of.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_render_sees_the_gpus_of_its_lease() {
        let check = |own: &[(&str, &str)], leased: &[u32], node: bool, expect: &[(&str, &str)]| {
            let leased: Vec<Gpu> = leased.iter().copied().map(gpu).collect();
            assert_eq!(render_env(env(own), &leased, node), Ok(env(expect)), "{own:?} {leased:?}");
        };
        let order = ("CUDA_DEVICE_ORDER", "PCI_BUS_ID");
        let visible = |value| ("CUDA_VISIBLE_DEVICES", value);
        check(&[("A", "1")], &[], false, &[("A", "1")]);
        check(&[visible("0")], &[], false, &[visible("0")]);
        check(&[("A", "1")], &[], true, &[("A", "1"), visible(""), order]);
        check(&[], &[1], true, &[visible("GPU-1aaa-b"), order]);
        check(&[], &[1, 3], true, &[visible("GPU-1aaa-b,GPU-3aaa-b"), order]);
        check(&[("CUDA_DEVICE_ORDER", "FASTEST_FIRST")], &[1], true, &[visible("GPU-1aaa-b"), order]);
        // A plugin may choose among them, and may choose none.
        check(&[visible("3")], &[1, 3], true, &[visible("3"), order]);
        check(&[visible("GPU-3aaa, 1")], &[1, 3], true, &[visible("GPU-3aaa, 1"), order]);
        check(&[visible("")], &[1], true, &[visible(""), order]);
        check(&[visible("-1")], &[], true, &[visible("-1"), order]);
    }

    #[test]
    fn a_plugin_cannot_take_what_was_not_leased() {
        let check = |chosen: &str, leased: &[u32], expect: &str| {
            let leased: Vec<Gpu> = leased.iter().copied().map(gpu).collect();
            let refused = render_env(env(&[("CUDA_VISIBLE_DEVICES", chosen)]), &leased, true).unwrap_err();
            assert!(refused.contains(expect), "{refused}");
        };
        check("0", &[1], "to GPU `0`, and the task holds 1 (GPU-1aaa-b)");
        check("1,0", &[1], "to GPU `0`");
        check("GPU-0aaa-b", &[1], "to GPU `GPU-0aaa-b`");
        check("0", &[], "and the task holds none");
        check("GPU-", &[1], "to GPU `GPU-`");
        check("all", &[1], "to GPU `all`");
    }
}
