//! `farmhand doctor`: what is here, what is missing or broken, and what to do about each.
//!
//! It works with and without a daemon. Where one answers, it is asked for its machine and plugins, since what the
//! daemon sees is what counts; otherwise this process looks for itself.

mod artist;
mod checks;
mod disk;
mod machine;
mod runners;

use super::context::Context;
use super::daemon::{self, Found};
use super::error::CliError;
use super::output::{Cell, Table, Tone};
use checks::{Check, Health};
use farmhand_model::view::{NodeView, PluginView};

/// What is on this machine, as the daemon or this process sees it.
pub(super) struct Findings {
    pub(super) node: NodeView,
    pub(super) plugins: Vec<PluginView>,
}

pub(super) fn run(context: &mut Context) -> Result<(), CliError> {
    let checks = match context.config() {
        Ok(config) => {
            let mut checks = vec![checks::program(), checks::configuration(&config)];
            let found = daemon::find(&config);
            checks.push(checks::daemon(&config, &found));
            let findings = match found {
                Ok(Found { client, .. }) => client
                    .get("/node")
                    .and_then(|node| Ok(Findings { node, plugins: client.get("/plugins")? })),
                Err(_) => machine::look(&config),
            };
            match &findings {
                Ok(findings) => {
                    checks.extend(checks::machine(findings));
                    checks.extend(checks::reserved_gpus(&config, findings));
                }
                Err(error) => checks.push(Check::bad("machine", error.to_string(), "see above")),
            }
            checks.extend(
                runners::look(&config)
                    .unwrap_or_else(|error| vec![Check::bad("runners", error.to_string(), "see above")]),
            );
            // The machine of a daemon elsewhere is not this one.
            if config.url.is_none() {
                checks.extend(artist::look(&config));
                checks.push(checks::manners(&config));
            }
            checks.extend(checks::directories(&config));
            checks
        }
        Err(CliError::Config(error)) => error
            .problems
            .iter()
            .map(|problem| Check::bad("configuration", problem.to_string(), "correct it there"))
            .collect(),
        Err(error) => return Err(error),
    };
    print(context, &checks)?;
    let broken = checks.iter().any(|check| check.health == Health::Bad);
    if broken { Err(CliError::Told) } else { Ok(()) }
}

fn print(context: &mut Context, checks: &[Check]) -> Result<(), CliError> {
    if context.out.json {
        return context.out.json(&serde_json::json!({ "checks": checks }));
    }
    context.out.table(&table(checks))?;
    let count = |health| checks.iter().filter(|check| check.health == health).count();
    let summary = match (count(Health::Bad), count(Health::Warn)) {
        (0, 0) => "nothing is wrong".to_owned(),
        (0, warnings) => format!("nothing is broken; {}", super::human::count(warnings as u64, "remark")),
        (bad, _) => {
            format!("{} broken", if bad == 1 { "1 thing is".to_owned() } else { format!("{bad} things are") })
        }
    };
    context.out.line("")?;
    context.out.line(summary)
}

fn table(checks: &[Check]) -> Table {
    let mut table = Table::new(&["", "", ""]);
    for check in checks {
        let (word, tone) = match check.health {
            Health::Good => ("ok", Tone::Good),
            Health::Warn => ("note", Tone::Warn),
            Health::Bad => ("BAD", Tone::Bad),
        };
        table.row([Cell::toned(word, tone), Cell::from(&check.name), Cell::from(&check.detail)]);
        if let Some(remedy) = &check.remedy {
            table.row([Cell::from(""), Cell::from(""), Cell::toned(format!("-> {remedy}"), tone)]);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::super::output::Style;
    use super::*;

    #[test]
    fn each_problem_stands_above_its_remedy() {
        let checks = [
            Check::good("machine", "16 cores"),
            Check::bad("blender", "was not found", "install it"),
            Check::warn("paths", "any path may be named", "set paths.roots"),
        ];
        let expect = "\
ok    machine  16 cores
BAD   blender  was not found
               -> install it
note  paths    any path may be named
               -> set paths.roots
";
        assert_eq!(table(&checks).render(Style::Plain), expect);
    }
}
