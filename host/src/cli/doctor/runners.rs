//! The runners of scripts: each there or not, of this contract or not, compiled or not. Without one, the plugins in its
//! language do not load; all others do.

use super::super::error::CliError;
use super::super::human;
use super::super::local::runtime;
use super::super::plugin::load::start_empty;
use super::checks::Check;
use crate::config::Config;
use farmhand_plugin::{InstalledRunner, RunnerState};

/// Looks for all of them. Nothing is compiled, which takes seconds.
pub(super) fn look(config: &Config) -> Result<Vec<Check>, CliError> {
    let installed =
        runtime()?.block_on(async { Ok::<_, CliError>(start_empty(config).await?.installed_runners()) })?;
    Ok(installed.iter().map(check).collect())
}

fn check(runner: &InstalledRunner) -> Check {
    let name = format!("{} runner", runner.language.name());
    match &runner.state {
        RunnerState::Missing { .. } => {
            let looked: Vec<_> = runner.looked.iter().map(|dir| dir.display().to_string()).collect();
            Check::warn(
                name,
                format!(
                    "not there, so that no plugin in {} loads; looked in {}",
                    runner.language.name(),
                    if looked.is_empty() { "no directory".to_owned() } else { looked.join(", ") }
                ),
                "build it with `scripts/build-runners` in farmhand's sources, or copy it there, or name its directory in \
                 `plugins.runners`",
            )
        }
        RunnerState::Refused { path, error } => Check::bad(
            name,
            format!("{}: {error}", path.display()),
            "build it again with `scripts/build-runners` of this very farmhand's sources",
        ),
        RunnerState::Ready { path, bytes, compiled } => Check::good(
            name,
            format!(
                "{}, {}, {}",
                path.display(),
                human::bytes(*bytes),
                match compiled {
                    true => "compiled",
                    false => "compiled when the daemon starts, which takes it some seconds",
                }
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::checks::Health;
    use super::*;
    use farmhand_plugin::Language;

    #[test]
    fn each_state_says_what_to_do() {
        let check = |state: RunnerState, health: Health, detail: &str| {
            let looked = vec!["/a/runners".into(), "/b/runners".into()];
            let check = check(&InstalledRunner { language: Language::Python, looked, state });
            assert_eq!((check.name.as_str(), check.health), ("Python runner", health));
            assert_eq!(check.remedy.is_some(), health != Health::Good);
            assert!(check.detail.contains(detail), "{}", check.detail);
        };
        let missing = RunnerState::Missing { message: String::new() };
        check(missing, Health::Warn, "looked in /a/runners, /b/runners");
        let ready = |compiled| RunnerState::Ready {
            path: "/a/runners/python.wasm".into(),
            bytes: 28 << 20,
            compiled,
        };
        check(ready(true), Health::Good, "/a/runners/python.wasm, 28 MiB, compiled");
        check(ready(false), Health::Good, "when the daemon starts");
    }
}
