//! Whether somebody works at this machine, and what renders leave to that person: as the configuration has it, which a
//! daemon that was started before it was changed does not know yet.

use super::super::human;
use super::checks::Check;
use crate::config::Config;
use farmhand_resource::{ActivityProbe, NodeFacts, node};

/// Looks at this machine.
pub(super) fn look(config: &Config) -> Vec<Check> {
    checks(config, &node::probe(), ActivityProbe::is_told())
}

fn checks(config: &Config, machine: &NodeFacts, is_told: bool) -> Vec<Check> {
    let size = config.node_size(machine);
    let mut kept = format!(
        "renders leave {} of {}",
        machine.usable_cores.saturating_sub(size.threads),
        human::count(u64::from(machine.usable_cores), "core")
    );
    if machine.memory_bytes > 0 {
        let memory = machine.memory_bytes.saturating_sub(size.memory_bytes);
        kept.push_str(&format!(" and {} of memory", farmhand_model::Bytes(memory)));
    }
    let kind = match config.workstation(machine) {
        Some(sign) => format!("a workstation, by {sign}; {kept}"),
        None => format!("nobody's workstation; {kept}"),
    };
    let mut checks = vec![Check::good("artist", kind)];
    if !config.interactive.schedule.is_always() {
        checks.push(Check::good("schedule", format!("renders may start {}", config.interactive.schedule)));
    }
    if config.interactive.pause_on_activity {
        let idle = human::count(u64::from(config.interactive.idle_minutes), "minute");
        checks.push(match is_told {
            true => Check::good(
                "activity",
                format!("renders start once nobody has used this machine for {idle}; logind and terminals tell"),
            ),
            false => Check::warn(
                "activity",
                "this system does not tell farmhand whether somebody uses the machine, so renders start all the same",
                "set hours with `interactive.schedule`",
            ),
        });
    }
    checks
}

#[cfg(test)]
mod tests {
    use super::super::checks::Health;
    use super::*;
    use crate::config::{Flag, Surroundings, load};

    #[test]
    fn says_what_is_kept_and_what_cannot_be_known() {
        let around = Surroundings {
            variables: Vec::new(),
            current_dir: "/nowhere".into(),
            home: None,
            config_dir: None,
            data_dir: Some("/nowhere/data".into()),
        };
        let machine = |desktop: Option<&str>| NodeFacts {
            host_name: "ws07".to_owned(),
            physical_cores: None,
            logical_cores: 16,
            usable_cores: 16,
            memory_bytes: 64 << 30,
            os: "Linux".to_owned(),
            desktop: desktop.map(str::to_owned),
        };
        let details = |machine: &NodeFacts, set: &[(&'static str, &str)], is_told| {
            let flags: Vec<Flag> = set
                .iter()
                .map(|(key, text)| Flag { name: "--flag", key, text: (*text).to_owned() })
                .collect();
            let config = load(&around, None, &flags).unwrap();
            let found = checks(&config, machine, is_told).into_iter();
            found.map(|check| (check.health == Health::Good, check.detail)).collect::<Vec<_>>()
        };
        let good = |text: &str| (true, text.to_owned());
        let workstation =
            "a workstation, by /tmp/.X11-unix/X0; renders leave 4 of 16 cores and 2.1 GB of memory";
        assert_eq!(details(&machine(Some("/tmp/.X11-unix/X0")), &[], true), [good(workstation)]);
        let node = "nobody's workstation; renders leave 0 of 16 cores and 536 MB of memory";
        assert_eq!(details(&machine(None), &[], true), [good(node)]);
        let set = [("interactive.schedule", "sat-sun"), ("interactive.pause_on_activity", "true")];
        let told =
            "renders start once nobody has used this machine for 10 minutes; logind and terminals tell";
        assert_eq!(
            details(&machine(None), &set, true),
            [good(node), good("renders may start sat-sun"), good(told)]
        );
        let not_told = "this system does not tell farmhand whether somebody uses the machine, so renders start all the same";
        assert_eq!(details(&machine(None), &set, false)[2], (false, not_told.to_owned()));
    }
}
