//! One reload of a plugin that its author works on: build, check, test, swap. It ends with the daemon serving the new
//! version, or with why it does not and what it serves instead.

use super::load::{load_file, start_empty};
use crate::author::{self, Cargo, Kind, Profile, Project, Shown};
use crate::cli::client::Client;
use crate::cli::daemon;
use crate::cli::error::CliError;
use crate::cli::human;
use crate::config::Config;
use crate::trial::diff;
use crate::trial::scenario::{Played, play, scenarios_of};
use farmhand_model::view::PluginView;
use farmhand_model::{PluginStamp, Timestamp};
use farmhand_plugin::{LoadedPlugin, PluginHost, WAITING};
use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long the daemon is waited for. Loading takes milliseconds; a gate of the studio's own may replay many attempts.
const PATIENCE: Duration = Duration::from_secs(60);
/// A failure that was there before the swap is believed to be the new version's after this long: the daemon tells the
/// same failure only once.
const SAME_FAILURE: Duration = Duration::from_secs(3);
/// Between two looks at the daemon: often while it is about to be done, then seldom.
const SOON: (Duration, Duration) = (Duration::from_millis(500), Duration::from_millis(4));
const LATER: Duration = Duration::from_millis(50);

/// What reloads one plugin, over and over.
pub(super) struct Reload {
    project: Project,
    config: Arc<Config>,
    host: PluginHost,
    /// Found once; what is missing is looked for again each time.
    cargo: Option<Cargo>,
    tests: bool,
    install: bool,
    /// The version that was reloaded last, to know its slot again when a save breaks it.
    last: Option<PluginStamp>,
}

/// What came of a reload.
#[derive(Debug)]
pub(super) struct Reloaded {
    /// What it is called until it has told its name.
    label: String,
    /// The version, where it came so far as to tell.
    pub(super) stamp: Option<PluginStamp>,
    pub(super) times: Times,
    end: Result<End, Failed>,
    /// What the daemon serves of this plugin, where it did not get there; absent where there is no daemon to ask.
    pub(super) serving: Option<Serving>,
}

/// What a daemon serves of a plugin.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Serving {
    Nothing,
    Version(PluginStamp),
}

/// How far it came.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// The daemon serves it.
    Live,
    /// It is good; why it was not swapped in.
    Checked(String),
}

/// Why it got nowhere: the first line, and more of them.
type Failed = String;

/// How long each part took.
#[derive(Debug, Default)]
pub(super) struct Times(Vec<(&'static str, Duration)>);

impl Times {
    async fn of<T>(&mut self, part: &'static str, work: impl Future<Output = T>) -> T {
        let started = Instant::now();
        let done = work.await;
        self.0.push((part, started.elapsed()));
        done
    }

    pub(super) fn as_json(&self) -> serde_json::Value {
        let part = |(part, time): &(&str, Duration)| ((*part).to_owned(), (time.as_millis() as u64).into());
        serde_json::Value::Object(self.0.iter().map(part).collect())
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total: Duration = self.0.iter().map(|(_, time)| *time).sum();
        write!(f, "{} ms", total.as_millis())?;
        for (index, (part, time)) in self.0.iter().enumerate() {
            let between = if index == 0 { ": " } else { ", " };
            write!(f, "{between}{part} {}", time.as_millis())?;
        }
        Ok(())
    }
}

impl Reloaded {
    pub(super) fn is_live(&self) -> bool {
        self.end == Ok(End::Live)
    }

    pub(super) fn error(&self) -> Option<&str> {
        self.end.as_ref().err().map(String::as_str)
    }
}

impl fmt::Display for Reloaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named =
            |stamp: &PluginStamp| format!("{} {} {}", stamp.name, stamp.version, stamp.digest.short());
        let name = self.stamp.as_ref().map_or_else(|| self.label.clone(), named);
        match &self.end {
            Ok(End::Live) => write!(f, "{name} live in {}", self.times),
            Ok(End::Checked(why)) => write!(f, "{name} is good in {}; {why}", self.times),
            Err(error) => {
                write!(f, "{name} failed: {error}")?;
                match &self.serving {
                    Some(Serving::Version(serving)) => write!(f, "\n  {} still serves", named(serving)),
                    Some(Serving::Nothing) => write!(f, "\n  nothing of it serves"),
                    None => Ok(()),
                }
            }
        }
    }
}

impl Reload {
    /// Prepares for reloads of this project.
    pub(super) async fn start(
        project: Project,
        config: Config,
        tests: bool,
        install: bool,
    ) -> Result<Self, CliError> {
        let host = start_empty(&config).await?;
        let config = Arc::new(config);
        Ok(Self { project, config, host, cargo: None, tests, install, last: None })
    }

    /// Reloads it. Dropping this gives the reload up, and kills what it builds.
    pub(super) async fn run(&mut self) -> Reloaded {
        let mut times = Times::default();
        let (mut stamp, mut serving) = (None, None);
        let end = self.stages(&mut times, &mut stamp).await;
        if end.is_err() {
            serving = self.serving(stamp.as_ref()).await;
        }
        if let Some(stamp) = &stamp {
            self.last = Some(stamp.clone());
        }
        let label = self.project.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Reloaded { label, stamp, times, end, serving }
    }

    async fn stages(&mut self, times: &mut Times, told: &mut Option<PluginStamp>) -> Result<End, Failed> {
        let component = self.component(times).await.map_err(|error| error.to_string())?;
        let plugin = times.of("check", load_file(&self.host, &component)).await;
        let plugin = plugin.map_err(|error| error.to_string())?;
        let stamp = told.insert(plugin.stamp().clone()).clone();
        if self.tests {
            let summary = times.of("test", run_scenarios(&plugin, &self.project.path)).await;
            summary.map_err(|error| error.to_string())?.failed()?;
        }
        let started = Instant::now();
        let swapped = self.swap(&component, &stamp).await;
        times.0.push(("load", started.elapsed()));
        swapped
    }

    async fn component(&mut self, times: &mut Times) -> Result<PathBuf, CliError> {
        if self.project.kind != Kind::Rust {
            return Ok(self.project.path.clone());
        }
        let cargo = match self.cargo.take() {
            Some(cargo) => cargo,
            None => Cargo::find(&self.project.path).await?,
        };
        let cargo = self.cargo.insert(cargo);
        Ok(times.of("build", cargo.build(Profile::Quick, Shown::Kept)).await?)
    }

    /// Has the daemon serve this version, and waits until it does.
    async fn swap(&self, component: &Path, stamp: &PluginStamp) -> Result<End, Failed> {
        let plugins = &self.config.plugins_dir;
        let client = self.daemon().await;
        let here = self.is_on_this_machine();
        let (is_wanted, otherwise) = match &client {
            Some(_) if here => (true, String::new()),
            Some(client) => (
                self.install,
                format!(
                    "not swapped: the daemon at {} is on another machine; --install copies it into {}",
                    client.url(),
                    plugins.display()
                ),
            ),
            None => (self.install, format!("not swapped: {NO_DAEMON}")),
        };
        if !is_wanted {
            return Ok(End::Checked(otherwise));
        }
        let before = match &client {
            Some(client) => looked(client).await.unwrap_or_default(),
            None => Vec::new(),
        };
        let place = match self.project.is_in(plugins) {
            true => self.project.path.clone(),
            false => self.placed(component, stamp)?,
        };
        let Some(client) = client else {
            return Ok(End::Checked(format!("copied to {}; {NO_DAEMON}", place.display())));
        };
        let swap = Swap { client, stamp: stamp.clone(), slots: slots(&stamp.name, &place), before };
        swap.wait(plugins).await
    }

    /// Copies the version into the plugins directory.
    fn placed(&self, component: &Path, stamp: &PluginStamp) -> Result<PathBuf, Failed> {
        let files = self.host.inspect(component).map_err(|error| error.to_string())?.files;
        // A script's digest covers the name of its file, so that it keeps it.
        let name = match self.project.kind {
            Kind::Rust => stamp.name.clone(),
            Kind::Script(_) | Kind::Component => {
                let named = if component.is_dir() { component.file_name() } else { component.file_stem() };
                named.unwrap_or_default().to_string_lossy().into_owned()
            }
        };
        let dir = &self.config.plugins_dir;
        author::install(component, &files, &name, dir).map_err(|error| error.to_string())
    }

    /// The daemon, where one answers now: it may come and go while somebody works.
    async fn daemon(&self) -> Option<Arc<Client>> {
        let config = Arc::clone(&self.config);
        let found = tokio::task::spawn_blocking(move || daemon::find(&config)).await.ok()?;
        Some(Arc::new(found.ok()?.client))
    }

    /// Whether the daemon that commands ask is on this machine, and so looks into the same plugins directory.
    fn is_on_this_machine(&self) -> bool {
        let Some(url) = &self.config.url else { return true };
        let host = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        ["localhost", "127.0.0.1", "[::1]"].iter().any(|name| {
            host.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
        })
    }

    /// What the daemon serves of this plugin now.
    async fn serving(&self, stamp: Option<&PluginStamp>) -> Option<Serving> {
        let views = looked(&self.daemon().await?).await.ok()?;
        let name = stamp.or(self.last.as_ref()).map(|stamp| stamp.name.clone()).unwrap_or_default();
        let slots = slots(&name, &self.project.path);
        let served =
            views.into_iter().filter(|view| slots.contains(&view.name)).find_map(|view| view.serving);
        Some(served.map_or(Serving::Nothing, Serving::Version))
    }
}

const NO_DAEMON: &str = "no daemon runs; `farmhand serve` starts one";

/// Where the daemon shows a plugin: under its name, or under its file's while it is refused.
fn slots(name: &str, place: &Path) -> [String; 2] {
    [name.to_owned(), place.file_stem().unwrap_or_default().to_string_lossy().into_owned()]
}

async fn looked(client: &Arc<Client>) -> Result<Vec<PluginView>, Failed> {
    let client = Arc::clone(client);
    let looked = tokio::task::spawn_blocking(move || client.get("/plugins")).await;
    looked.map_err(|error| error.to_string())?.map_err(|error: CliError| error.to_string())
}

/// A swap that is under way in the daemon.
struct Swap {
    client: Arc<Client>,
    stamp: PluginStamp,
    slots: [String; 2],
    /// What the daemon served before.
    before: Vec<PluginView>,
}

impl Swap {
    async fn wait(&self, plugins: &Path) -> Result<End, Failed> {
        let mut started = Instant::now();
        loop {
            let views = looked(&self.client).await?;
            if let Some(end) = self.end(&views, started.elapsed()) {
                return end;
            }
            if self.failure(&views).is_some_and(|(failure, _)| is_waiting(&failure)) {
                started = Instant::now();
            }
            if started.elapsed() > PATIENCE {
                return Err(format!(
                    "the daemon at {} did not load it within {} s; is {} its plugins directory, and does it watch it?",
                    self.client.url(),
                    PATIENCE.as_secs(),
                    plugins.display()
                ));
            }
            let (soon, pause) = SOON;
            tokio::time::sleep(if started.elapsed() < soon { pause } else { LATER }).await;
        }
    }

    /// How it ended; absent while it has not.
    fn end(&self, views: &[PluginView], waited: Duration) -> Option<Result<End, Failed>> {
        let serves = |view: &&PluginView| {
            let serving = view.serving.as_ref();
            view.name == self.stamp.name && serving.is_some_and(|serving| serving.digest == self.stamp.digest)
        };
        if views.iter().any(|view| serves(&view)) {
            return Some(Ok(End::Live));
        }
        let now = self.failure(views).filter(|(failure, _)| !is_waiting(failure))?;
        let is_news = self.failure(&self.before).as_ref() != Some(&now) || waited > SAME_FAILURE;
        is_news.then(|| Err(format!("the daemon refuses it: {}", now.0)))
    }

    /// What the daemon says is wrong with this plugin, and since when.
    fn failure(&self, views: &[PluginView]) -> Option<(String, Timestamp)> {
        let view = views.iter().find(|view| self.slots.contains(&view.name) && view.failure.is_some())?;
        Some((view.failure.clone()?, view.changed))
    }
}

/// Whether a failure is none yet: the runner is compiled, once on a machine, and the plugin loads after that.
fn is_waiting(failure: &str) -> bool {
    failure.contains(WAITING)
}

/// What came of a plugin's scenarios.
#[derive(Debug, Default)]
struct Summary {
    /// The names of those that did not pass, each with what is different.
    failures: Vec<(String, String)>,
}

impl Summary {
    /// As an error, where one did not pass.
    fn failed(&self) -> Result<(), Failed> {
        let [(first, _), ..] = self.failures.as_slice() else { return Ok(()) };
        let mut text = match self.failures.len() {
            1 => format!("the scenario `{first}` does not pass"),
            many => format!("{} do not pass", human::count(many as u64, "scenario")),
        };
        for (name, difference) in &self.failures {
            let _ = write!(text, "\n  {name}:");
            for line in difference.lines() {
                let _ = write!(text, "\n    {line}");
            }
        }
        Err(text)
    }
}

/// Runs the scenarios of the project at this path, as `farmhand plugin test` does.
async fn run_scenarios(plugin: &LoadedPlugin, path: &Path) -> Result<Summary, CliError> {
    let scenarios = scenarios_of(path).map_err(|error| CliError::failed(error.to_string()))?;
    let mut summary = Summary::default();
    for scenario in scenarios {
        let difference = match play(&scenario, plugin, human::now()).await {
            Ok(played) if played.passed() => continue,
            Ok(played) => differences(&played),
            Err(error) => error,
        };
        summary.failures.push((scenario.name(), difference));
    }
    Ok(summary)
}

/// What a scenario expects and what it got, and what the plugin said about it.
fn differences(played: &Played) -> String {
    let mut text = String::new();
    for answer in played.answers.iter().filter(|answer| !answer.is_as_expected()) {
        let expected = answer.expected.as_deref().unwrap_or_default();
        let _ = writeln!(text, "{}", diff(expected, &answer.seen).trim_end());
    }
    for error in &played.errors {
        let _ = writeln!(text, "{error}");
    }
    if text.is_empty() {
        text.push_str("it expects nothing yet; `farmhand plugin test --update` fills that in");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use farmhand_model::Digest;

    fn stamp(version: &str, digest: &str) -> PluginStamp {
        PluginStamp {
            name: "houdini".to_owned(),
            version: version.to_owned(),
            digest: Digest(digest.to_owned()),
            generation: 1,
        }
    }

    fn view(name: &str, serving: Option<PluginStamp>, failure: Option<&str>, changed: i64) -> PluginView {
        PluginView {
            name: name.to_owned(),
            state: String::new(),
            source: String::new(),
            serving,
            summary: None,
            extensions: Vec::new(),
            levels: Vec::new(),
            options_schema: None,
            failure: failure.map(str::to_owned),
            standing: Default::default(),
            changed: Timestamp(changed),
        }
    }

    #[test]
    fn each_reload_is_a_line_and_a_failure_says_what_still_serves() {
        let ms = Duration::from_millis;
        let check = |end, serving, expect: &str| {
            let times = Times(vec![("check", ms(21)), ("test", ms(38)), ("load", ms(25))]);
            let reloaded = Reloaded {
                label: "houdini".to_owned(),
                stamp: Some(stamp("0.2.0", "1a2b3c4d5e6f7788")),
                times,
                end,
                serving,
            };
            assert_eq!(reloaded.to_string(), expect);
        };
        check(Ok(End::Live), None, "houdini 0.2.0 1a2b3c4d5e6f live in 84 ms: check 21, test 38, load 25");
        check(
            Ok(End::Checked("no daemon runs".to_owned())),
            None,
            "houdini 0.2.0 1a2b3c4d5e6f is good in 84 ms: check 21, test 38, load 25; no daemon runs",
        );
        check(
            Err("it traps".to_owned()),
            Some(Serving::Version(stamp("0.1.0", "00112233445566"))),
            "houdini 0.2.0 1a2b3c4d5e6f failed: it traps\n  houdini 0.1.0 001122334455 still serves",
        );
        check(
            Err("it traps".to_owned()),
            Some(Serving::Nothing),
            "houdini 0.2.0 1a2b3c4d5e6f failed: it traps\n  nothing of it serves",
        );
        check(Err("it traps".to_owned()), None, "houdini 0.2.0 1a2b3c4d5e6f failed: it traps");
    }

    #[test]
    fn a_swap_ends_with_the_new_digest_or_with_a_new_failure() {
        let swap = |before| Swap {
            client: Arc::new(Client::new("http://127.0.0.1:1", None)),
            stamp: stamp("0.2.0", "22"),
            slots: ["houdini".to_owned(), "h".to_owned()],
            before,
        };
        let (old, new) = (stamp("0.1.0", "11"), stamp("0.2.0", "22"));
        let check = |before: Vec<PluginView>, now: Vec<PluginView>, waited: u64, expect: Option<bool>| {
            let end = swap(before).end(&now, Duration::from_secs(waited));
            assert_eq!(end.map(|end| end.is_ok()), expect);
        };
        check(vec![], vec![], 0, None);
        check(vec![], vec![view("houdini", Some(old.clone()), None, 1)], 0, None);
        check(vec![], vec![view("houdini", Some(new.clone()), None, 2)], 0, Some(true));
        // Another file has a failure in the same slot, and this version serves all the same.
        check(vec![], vec![view("houdini", Some(new), Some("taken"), 2)], 0, Some(true));
        check(vec![], vec![view("h", None, Some("taken"), 2)], 0, Some(false));
        let waits = format!("plugin houdini: {WAITING}Python runner");
        check(vec![], vec![view("houdini", Some(old.clone()), Some(&waits), 2)], 9, None);
        let failed = vec![view("houdini", Some(old.clone()), Some("held"), 1)];
        check(failed.clone(), failed.clone(), 0, None);
        check(failed.clone(), failed.clone(), 5, Some(false));
        check(failed, vec![view("houdini", Some(old), Some("held"), 2)], 0, Some(false));
    }

    #[test]
    fn scenarios_that_fail_are_all_told() {
        assert_eq!(Summary::default().failed(), Ok(()));
        let one = Summary { failures: vec![("command".to_owned(), "- a\n+ b\n".to_owned())] };
        let expect = "the scenario `command` does not pass\n  command:\n    - a\n    + b";
        assert_eq!(one.failed(), Err(expect.to_owned()));
    }
}
