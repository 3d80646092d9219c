//! The programs here are stand-ins: shell scripts that print what a DCC would.

use super::*;
use std::process::Command;
use tempfile::TempDir;

/// Directories with stand-ins, and surroundings that know no other.
struct Machine {
    dir: TempDir,
    places: Places,
    limits: Limits,
}

impl Machine {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let places = Places {
            search_path: Some(dir.path().join("bin").into()),
            home: Some(dir.path().join("home")),
            ..Places::default()
        };
        Self { dir, places, limits: Limits::default() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a program, through a shell: a file that this process has had open for writing may be busy in a child
    /// that another test is just starting.
    fn program(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        let write = r#"mkdir -p "${1%/*}" && printf '%s\n' "$2" > "$1" && chmod 755 "$1""#;
        let status = Command::new("/bin/sh").args(["-c", write, "sh"]).arg(&path).arg(text).status().unwrap();
        assert!(status.success());
        path
    }

    fn script(&self, name: &str, body: &str) -> PathBuf {
        self.program(name, &format!("#!/bin/sh\n{body}"))
    }

    fn blender(&self, name: &str, version: &str) -> PathBuf {
        self.script(name, &format!("echo 'Blender {version}'; echo 'build 9.9.9'"))
    }

    fn spec(&self) -> ToolSpec {
        let opt = self.path("opt").to_str().unwrap().to_owned();
        ToolSpec {
            id: "blender".into(),
            names: vec!["blender".into()],
            globs: vec![format!("{opt}/*/blender"), "~/blender-*/blender".into()],
            version_args: vec!["--version".into()],
        }
    }

    fn finder(&self) -> ToolFinder {
        ToolFinder::with(self.places.clone(), self.limits)
    }

    async fn find(&self, wanted: &str) -> Result<(PathBuf, Option<String>), String> {
        let found = self.finder().find(&self.spec(), &wanted.parse().unwrap()).await;
        found.map(|tool| (tool.path, tool.version)).map_err(|problem| problem.to_string())
    }
}

fn assert_has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
}

#[tokio::test]
async fn the_newest_version_that_is_welcome_wins_wherever_it_is() {
    let machine = Machine::new();
    let on_path = machine.blender("bin/blender", "3.4.1");
    let installed = machine.blender("opt/blender-4.2/blender", "4.2.2 LTS");
    let at_home = machine.blender("home/blender-10/blender", "10.0");
    let table = [
        ("*", Ok((at_home, Some("10.0".to_owned())))),
        (">=4, <10", Ok((installed, Some("4.2.2".to_owned())))),
        ("^3", Ok((on_path, Some("3.4.1".to_owned())))),
    ];
    for (wanted, expect) in table {
        assert_eq!(machine.find(wanted).await, expect, "{wanted}");
    }
    let problem = machine.find("=2.83").await.unwrap_err();
    let found = ["=2.83", "10.0 at", "4.2.2 at", "3.4.1 at", "[tools] blender", "FARMHAND_TOOLS_BLENDER"];
    assert_has(&problem, &found);
}

#[tokio::test]
async fn one_program_is_one_tool_however_many_links_lead_to_it() {
    let machine = Machine::new();
    let real = machine.blender("opt/blender-4.2/blender", "4.2");
    std::fs::create_dir(machine.path("bin")).unwrap();
    std::os::unix::fs::symlink(&real, machine.path("bin/blender")).unwrap();
    let found = machine.finder().survey(&machine.spec()).await;
    let found: Vec<_> = found.into_iter().map(|tool| (tool.path, tool.source)).collect();
    assert_eq!(found, [(machine.path("bin/blender"), ToolSource::SearchPath)]);
}

#[tokio::test]
async fn what_a_person_chose_goes_first() {
    let mut machine = Machine::new();
    let newest = machine.blender("bin/blender", "4.2");
    let configured = machine.blender("studio/blender", "3.6");
    let variable = machine.blender("mine/blender", "2.93");
    machine.places.variables.insert("FARMHAND_TOOLS_BLENDER".into(), variable.clone());
    assert_eq!(machine.find("*").await.unwrap().0, variable);
    // A directory will do as well.
    machine.places.configured.insert("blender".into(), machine.path("studio"));
    assert_eq!(machine.find("*").await.unwrap().0, configured);
    assert_eq!(machine.find(">=4").await.unwrap().0, newest);
    let survey = machine.finder().survey(&machine.spec()).await;
    assert_eq!(survey[0].source, ToolSource::Configuration);
    assert_has(&survey[0].to_string(), &["3.6 at", "studio/blender", "(from [tools] of the configuration)"]);
}

#[tokio::test]
async fn a_choice_that_cannot_be_used_is_told_and_not_passed_over() {
    let mut machine = Machine::new();
    machine.blender("bin/blender", "4.2");
    let name = "FARMHAND_TOOLS_BLENDER";
    machine.places.variables.insert(name.into(), machine.path("nowhere/blender"));
    assert_has(&machine.find("*").await.unwrap_err(), &["nowhere/blender is not there", name]);
    let text = machine.path("text");
    std::fs::write(&text, "no program").unwrap();
    machine.places.variables.insert(name.into(), text);
    assert_has(&machine.find("*").await.unwrap_err(), &["text is not a program", name]);
    let broken = machine.program("broken", "#!/nowhere/sh");
    machine.places.variables.insert(name.into(), broken);
    assert_has(&machine.find("*").await.unwrap_err(), &["broken does not start", name]);
}

#[tokio::test]
async fn nothing_found_says_where_it_was_looked_for_and_what_to_do() {
    let machine = Machine::new();
    let problem = machine.find("*").await.unwrap_err();
    let parts = [
        "blender was not found",
        "`blender` on PATH",
        "opt/*/blender",
        "~/blender-*",
        "install it",
        "[tools]",
    ];
    assert_has(&problem, &parts);
    assert_eq!(machine.finder().survey(&machine.spec()).await, []);
}

#[tokio::test]
async fn a_program_that_does_not_say_its_version_does_only_where_any_will() {
    let machine = Machine::new();
    let junk = machine.script("bin/blender", r"printf '\377\000 no such option'; exit 3");
    assert_eq!(machine.find("*").await, Ok((junk, None)));
    assert_has(&machine.find(">=3").await.unwrap_err(), &["bin/blender does not say its version"]);
    let known = machine.blender("opt/a/blender", "2.8");
    assert_eq!(machine.find("*").await.unwrap().0, known);
}

#[tokio::test]
async fn a_version_on_standard_error_counts_and_so_does_one_before_a_failure() {
    let machine = Machine::new();
    machine.script("bin/blender", "echo 'Blender 4.1' >&2; exit 1");
    assert_eq!(machine.find("*").await.unwrap().1.as_deref(), Some("4.1"));
}

#[tokio::test]
async fn a_program_that_hangs_is_given_up_with_all_that_it_started() {
    let mut machine = Machine::new();
    machine.limits.ask = Duration::from_millis(300);
    let pids = machine.path("pids");
    machine.script("bin/blender", &format!("sleep 1000 & echo $! > '{}'; wait", pids.display()));
    let good = machine.blender("opt/a/blender", "4.1");
    assert_eq!(machine.find("*").await.unwrap().0, good);
    // The limit may pass before the script has come to its child: then there is nothing to be left behind.
    if let Ok(pid) = std::fs::read_to_string(&pids) {
        let stat = format!("/proc/{}/stat", pid.trim());
        let ended = || std::fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z "));
        let start = Instant::now();
        while !ended() {
            assert!(start.elapsed() < Duration::from_secs(10), "the child of the script is still there");
            tokio::task::yield_now().await;
        }
    }
    let survey = machine.finder().survey(&machine.spec()).await;
    assert_eq!(survey[1].version, Err(Unusable::NoAnswer { seconds: 0 }));
}

#[tokio::test]
async fn a_version_is_asked_for_once_until_the_file_changes() {
    let machine = Machine::new();
    let asked = machine.path("asked");
    let body = |version| format!("echo x >> '{}'; echo 'Blender {version}'", asked.display());
    let times = || std::fs::read_to_string(&asked).unwrap().lines().count();
    machine.script("bin/blender", &body("4.1"));
    let finder = machine.finder();
    for _ in 0..3 {
        assert_eq!(finder.survey(&machine.spec()).await[0].to_string().split(' ').next(), Some("4.1"));
    }
    assert_eq!(times(), 1);
    // Of another length, so that it shows even where the clock of the file system is coarse.
    machine.script("bin/blender", &body("4.1.11"));
    assert_eq!(finder.survey(&machine.spec()).await[0].to_string().split(' ').next(), Some("4.1.11"));
    assert_eq!(times(), 2);
}

#[tokio::test]
async fn a_program_that_gave_no_version_is_asked_again_later() {
    let mut machine = Machine::new();
    let asked = machine.path("asked");
    machine.script("bin/blender", &format!("echo x >> '{}'", asked.display()));
    for (again, expect) in [(Duration::from_secs(3600), 1), (Duration::ZERO, 3)] {
        machine.limits.ask_again = again;
        let finder = machine.finder();
        finder.survey(&machine.spec()).await;
        finder.survey(&machine.spec()).await;
        assert_eq!(std::fs::read_to_string(&asked).unwrap().lines().count(), expect);
    }
}

#[tokio::test]
async fn where_it_cannot_be_asked_the_path_says_the_version() {
    let machine = Machine::new();
    let real = machine.script("opt/maya2024/mayapy", "exit 1");
    std::fs::create_dir(machine.path("bin")).unwrap();
    std::os::unix::fs::symlink(real, machine.path("bin/mayapy")).unwrap();
    let spec =
        ToolSpec { id: "mayapy".into(), names: vec!["mayapy".into()], globs: vec![], version_args: vec![] };
    let tool = machine.finder().find(&spec, &">=2022, <2025".parse().unwrap()).await.unwrap();
    assert_eq!((tool.path, tool.version.as_deref()), (machine.path("bin/mayapy"), Some("2024")));
}

#[tokio::test]
async fn files_that_may_not_be_run_are_no_programs() {
    let machine = Machine::new();
    std::fs::create_dir_all(machine.path("opt/a/blender")).unwrap();
    std::fs::create_dir_all(machine.path("opt/b")).unwrap();
    std::fs::write(machine.path("opt/b/blender"), "Blender 4.1").unwrap();
    assert_eq!(machine.finder().survey(&machine.spec()).await, []);
}
