//! Everything that can be set, in the order in which the reference page shows it.

/// What a key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Any text but an empty one.
    Text,
    /// A text that is never shown.
    Secret,
    /// A file or directory; relative ones start at the file's own directory, `~/` at the home directory.
    Path,
    /// Several of those.
    Paths,
    /// Several texts.
    Texts,
    /// An IP address with a port.
    Address,
    /// `http://host:port`.
    Url,
    /// An amount of memory.
    Size,
    /// `true` or `false`.
    Switch,
    /// Hours of the week.
    Hours,
    /// A whole number, both ends allowed.
    Count(u64, u64),
    /// GPUs by number or UUID.
    Gpus,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A table with anything in it; not for the environment.
    Table,
    /// Places as each system spells them; not for the environment.
    Places,
    /// How many there are of something, and what takes one.
    Limit,
    /// Where a webhook is, and what its messages are signed with; not for the environment.
    Webhook,
}

/// One thing that can be set.
#[derive(Debug)]
pub(super) struct Key {
    pub section: &'static str,
    pub name: &'static str,
    pub kind: Kind,
    /// As the reference page says it; `value` of the default where it is one that can be written down.
    pub default: Fallback,
    /// Full sentences.
    pub doc: &'static str,
}

/// What holds where a key is not set.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fallback {
    /// This, as it would be written in an environment variable.
    Is(&'static str),
    /// Something that depends on the machine or on other keys, in words.
    Words(&'static str),
}

const fn key(
    section: &'static str,
    name: &'static str,
    kind: Kind,
    default: Fallback,
    doc: &'static str,
) -> Key {
    Key { section, name, kind, default, doc }
}

pub(super) use crate::near_miss::near_miss;
use Fallback::{Is, Words};
use Kind::{
    Address, Choice, Count, Gpus, Hours, Path, Paths, Places, Secret, Size, Switch, Table, Text, Texts, Url,
};

const DAY: u64 = 24 * 60 * 60;

/// What every section is about.
pub(super) const SECTIONS: &[(&str, &str)] = &[
    ("server", "The daemon's address, and who may use it."),
    ("data", "Where farmhand keeps what must not be lost."),
    ("node", "How much of this machine renders may use."),
    (
        "interactive",
        "What stays with the artist who works at this machine. It holds back new tasks and ends none that run.",
    ),
    ("gpus", "How GPUs are found."),
    ("limits", "Licences and other things that there are only so many of: `nuke_render = 4`."),
    ("plugins", "Where plugins come from, and what they may use and see."),
    ("tools", "Programs that farmhand should not look for: `blender = \"/opt/blender-4.5/blender\"`."),
    ("paths", "Which directories jobs may name, and how other systems spell them."),
    ("render", "What happens to a render process. Jobs can set their own limits."),
    ("hooks", "The studio's own scripts before and after jobs, tasks and frames. Jobs ask for them by name."),
    ("notify", "Webhooks that jobs and batches may have told of their end, by name."),
    (
        "cleanup",
        "What the daemon forgets and removes by itself, once an hour. `farmhand cleanup` does it at once.",
    ),
    ("log", "What the daemon says of itself, on standard error."),
];

/// Everything that can be set, except `[limits]`, `[tools]` and `[plugins.NAME]`, which take any name.
pub(super) const KEYS: &[Key] = &[
    key(
        "server",
        "listen",
        Address,
        Is("127.0.0.1:7878"),
        "Address and port that the daemon listens on. Port 0 takes a free one. Any address but a loopback one also \
         needs a token and `paths.roots`, or the daemon does not start.",
    ),
    key(
        "server",
        "token",
        Secret,
        Words("none"),
        "What clients must show, at least 16 characters. Better kept in a file of its own: see `token_file`.",
    ),
    key(
        "server",
        "token_file",
        Path,
        Words("none"),
        "A file that holds the token and nothing else. Make one with `openssl rand -hex 32 > token; chmod 600 token`. \
         The commands read it too, so they need no `--token` on this machine.",
    ),
    key(
        "server",
        "allowed_hosts",
        Texts,
        Words("none"),
        "Names, besides the address itself, under which browsers may reach the daemon: `render01` or \
         `farm.example:8080`. Others are refused, which keeps web pages from reaching it by DNS rebinding.",
    ),
    key(
        "server",
        "url",
        Url,
        Words("the daemon that runs on this machine"),
        "Where the commands look for the daemon. Only needed for one on another machine.",
    ),
    key(
        "data",
        "dir",
        Path,
        Words("`$XDG_DATA_HOME/farmhand`, which is `~/.local/share/farmhand`"),
        "Database, logs and scripts of attempts, compiled plugins. On a local disk: SQLite and network file systems \
         do not go together. One daemon at a time may use it.",
    ),
    key(
        "node",
        "cores",
        Count(1, 4096),
        Words("all that the machine, its cgroup and its affinity allow, times `interactive.cores_percent`"),
        "CPU cores that renders may use. Where `interactive.cores_percent` is below 100, they get no more than that.",
    ),
    key(
        "node",
        "memory",
        Size,
        Words("the machine's, or its cgroup's, less `interactive.keep_memory_mb`"),
        "Memory that renders may use in all, such as `48 GB` or `64 GiB`. A task starts once what it needs is free.",
    ),
    key(
        "node",
        "slots",
        Count(1, 1024),
        Words("2, or 1 on a single core"),
        "Tasks at once. Two processes with half of the cores each finish sooner than one with all, since loading, \
         building and saving use one core only.",
    ),
    key(
        "node",
        "threads_per_task",
        Count(1, 4096),
        Words("`cores` divided by `slots`, at least 1"),
        "CPU threads of each task. The same for all the frames of a job, since the number can change the last bit of \
         a pixel.",
    ),
    key(
        "interactive",
        "gpus",
        Gpus,
        Words("none"),
        "GPUs that renders never get, by number in the order of the PCI bus, as `nvidia-smi` counts, or by UUID: `[0, \
         \"GPU-3f2a…\"]`.",
    ),
    key(
        "interactive",
        "gpu_auto",
        Switch,
        Is("true"),
        "Whether renders keep away from a GPU that others use: whose processes hold more than `gpu_memory_mb` of it or \
         keep it busier than `gpu_percent`. A render that is there already goes on.",
    ),
    key(
        "interactive",
        "gpu_memory_mb",
        Count(0, 1 << 20),
        Is("512"),
        "GPU memory, in MiB, that processes which farmhand did not start may hold together on a GPU that still counts \
         as free. A desktop with its windows holds less. On Windows the driver does not tell what single processes hold, \
         and only their time counts.",
    ),
    key(
        "interactive",
        "gpu_percent",
        Count(0, 100),
        Is("10"),
        "How busy they may keep it, in percent of its time.",
    ),
    key(
        "interactive",
        "gpu_idle_seconds",
        Count(0, DAY),
        Is("300"),
        "Time that a GPU must be left alone before renders get it back.",
    ),
    key(
        "interactive",
        "workstation",
        Choice(&["auto", "on", "off"]),
        Is("auto"),
        "Whether somebody works at this machine, which the next two keys' defaults depend on. `auto`: where a desktop \
         runs, as a display server's socket, `DISPLAY`, `WAYLAND_DISPLAY` or a display manager's service says when the \
         daemon starts; always on Windows and macOS.",
    ),
    key(
        "interactive",
        "cores_percent",
        Count(1, 100),
        Words("80 on a workstation, 100 otherwise"),
        "The share of the machine's cores that renders get at most, rounded down, and at least one core.",
    ),
    key(
        "interactive",
        "keep_memory_mb",
        Count(0, 16_777_216),
        Words("2048 on a workstation, at most a quarter of the memory; 512 otherwise, at most an eighth"),
        "Memory that is kept from renders, in MiB. Where `node.memory` is set, that alone counts.",
    ),
    key(
        "interactive",
        "schedule",
        Hours,
        Words("always"),
        "Hours in which renders may start, in this machine's own time zone: `[\"mon-fri 19:00-08:00\", \"sat-sun\"]`. \
         Hours whose end is not after their beginning last into the next day.",
    ),
    key(
        "interactive",
        "pause_on_activity",
        Switch,
        Is("false"),
        "Whether nothing starts while somebody uses this machine. Linux only: logind tells of desktops (one that is \
         locked is not in use; one that never tells logind that it is idle is in use as long as somebody is logged in), \
         terminals tell of typing. Other systems are not asked, and then this does nothing, as `farmhand doctor` says.",
    ),
    key(
        "interactive",
        "idle_minutes",
        Count(1, 1440),
        Is("10"),
        "How long nobody must have used the machine before renders start, where `pause_on_activity` is set.",
    ),
    key(
        "gpus",
        "library",
        Path,
        Words("`libnvidia-ml.so.1`, or `nvml.dll`, where the system looks for libraries"),
        "NVIDIA's management library, which comes with the driver. Only needed where it is kept elsewhere.",
    ),
    key(
        "plugins",
        "dir",
        Path,
        Words("`plugins` in the data directory"),
        "Plugins dropped in here serve at once, and go before built-in ones of the same name: components (`.wasm`), \
         scripts (`.py`, `.js`), and folders that hold a `plugin.py` or `plugin.js`.",
    ),
    key(
        "plugins",
        "runners",
        Path,
        Words("`runners` beside the program, above it, in `../share/farmhand`, or in the data directory"),
        "Directory of the runners that scripts need: `python.wasm` and `javascript.wasm`. `farmhand doctor` says whether \
         they are there, and how to get them.",
    ),
    key(
        "plugins",
        "watch",
        Choice(&["notify", "poll", "off"]),
        Is("notify"),
        "How changes in the directory are noticed. `poll` looks once a second: for network file systems, which send \
         no events.",
    ),
    key(
        "plugins",
        "memory_mb",
        Count(1, 4096),
        Is("64"),
        "Memory that one instance of a plugin may hold, in MiB. Python, whose interpreter runs in the instance too, gets \
         at least 256.",
    ),
    key(
        "plugins",
        "call_ms",
        Count(10, 600_000),
        Is("2000"),
        "Running time of one call of a plugin, in milliseconds. A batch of log lines gets a quarter of it.",
    ),
    key(
        "plugins",
        "log_kb",
        Count(1, 65_536),
        Is("64"),
        "What a plugin logs or prints in one call is kept up to this size, in KiB; older lines go first, and are counted.",
    ),
    key(
        "plugins",
        "log_lines_per_second",
        Count(0, 100_000),
        Is("50"),
        "Lines of one plugin that reach the daemon's own log, a second. Those left out are counted.",
    ),
    key(
        "plugins",
        "rollback_after",
        Count(0, 1000),
        Is("3"),
        "Calls in a row that break off, run out of time or want too much memory, after which a plugin goes back to the \
         version before; 0 means never.",
    ),
    key(
        "paths",
        "roots",
        Paths,
        Words("not confined"),
        "Directories that scenes are read from and images are written to; whatever a job or a plugin names outside \
         of them is refused, after links have been followed. Without roots a job may name whatever the daemon's user \
         may read and write: right for one artist's own machine, where the daemon runs as that artist, and refused on \
         an address that other machines can reach.",
    ),
    key(
        "paths",
        "map",
        Places,
        Words("empty"),
        "Places as each system spells them, such as `{ windows = \"P:/shows\", linux = \"/mnt/shows\", macos = \
         \"/Volumes/shows\" }`; at least two of the three, UNC paths too. A path that begins as another system spells \
         a place is spelled as this one does when a job is submitted: its scene, its output, and the options that the \
         plugin's schema marks as paths; the rules go into generated scripts as well. The longest spelling goes first \
         and ends at a component; Windows' spellings have no case and either slash. A list such as `linux = [\"/mnt/shows\", \
         \"/net/shows\"]` has several spellings recognised, and the first one written. What is spelled as here stays.",
    ),
    key(
        "render",
        "on_stop",
        Choice(&["keep", "kill"]),
        Is("keep"),
        "What happens to running renders when the daemon stops: with `keep` they go on and the next daemon takes them \
         up; with `kill` they end and their frames go back to the queue. `farmhand render` without a daemon always \
         kills.",
    ),
    key(
        "render",
        "retries",
        Count(0, 100),
        Is("3"),
        "Tries that transient faults may cost a frame, besides the first.",
    ),
    key(
        "render",
        "attempt_seconds",
        Count(0, 365 * DAY),
        Is("0"),
        "Time that one attempt may take, in seconds; 0 means no limit.",
    ),
    key(
        "render",
        "frame_seconds",
        Count(0, 365 * DAY),
        Is("0"),
        "Time that one frame may take, in seconds from its start; 0 means no limit.",
    ),
    key(
        "render",
        "stall_seconds",
        Count(0, 30 * DAY),
        Is("600"),
        "Time without output, without CPU use and without a new file, all three, after which an attempt counts as \
         stalled and is ended; 0 means never.",
    ),
    key(
        "render",
        "grace_seconds",
        Count(0, 3600),
        Is("10"),
        "Time between asking a process to end and killing it.",
    ),
    key(
        "render",
        "log_cap_mb",
        Count(1, 65_536),
        Is("64"),
        "Log kept of one attempt, in MiB: the first half and the last half of it; what comes between is counted.",
    ),
    key(
        "render",
        "nice",
        Count(0, 19),
        Is("5"),
        "Added to the niceness of render processes, so that the machine stays usable while it renders. Costs nothing \
         on an idle machine. On Windows 1 to 9 stand for the priority class below normal, and more for the idle one.",
    ),
    key(
        "render",
        "io",
        Choice(&["normal", "low", "idle"]),
        Is("low"),
        "How the reading and writing of render processes stands behind that of others, on disks whose scheduler looks at \
         it (BFQ; `idle` also with mq-deadline). `low` is the last of the ordinary priorities: others go first, and \
         renders still get their share. `idle` is for a disk that nobody must feel: while others keep it busy, a render \
         waits for ever. On Windows `idle` is the idle priority class.",
    ),
    key(
        "render",
        "cgroups",
        Choice(&["auto", "own", "off"]),
        Is("auto"),
        "Whether each attempt gets a version 2 cgroup of its own, for exact figures and for `memory_limit`. `auto`: where \
         the daemon was started in a cgroup called `farmhand-daemon` whose parent is its to divide, as by systemd with \
         `Delegate=yes` and `DelegateSubgroup=farmhand-daemon`. `own`: the daemon's cgroup is its alone, and it makes \
         that subgroup itself. [accounting.md](accounting.md#cgroups) has a service with what it needs to be started again \
         while renders go on. Renders run without where it cannot be done; the daemon's log says why. Their share \
         of the CPUs is a fifth of the daemon's; what the whole service gets against the desktop is for its own \
         `CPUWeight=`.",
    ),
    key(
        "render",
        "memory_limit",
        Choice(&["off", "on"]),
        Is("off"),
        "Whether an attempt with a cgroup of its own is ended when it needs more than one and a half times the memory that \
         it has leased; its frames are then tried again with more. It saves the other renders of a machine from one that \
         runs away. Off, since a first lease is a guess and memory may be there: the kernel then ends processes only \
         when the machine has none left, which counts as the same fault. There is no soft limit: a render above \
         one crawls, and looks like a stall.",
    ),
    key(
        "hooks",
        "dir",
        Path,
        Words("none"),
        "Directory of the studio's hook scripts: a job may ask for any file in it by its name, and for no other. \
         Whoever can write there decides what render machines run.",
    ),
    key(
        "hooks",
        "seconds",
        Count(1, DAY),
        Is("600"),
        "Time that one hook may take, in seconds. What happens to one that takes longer is the job's choice, as with \
         any other failure of a hook.",
    ),
    key(
        "cleanup",
        "history_days",
        Count(0, 36_500),
        Is("90"),
        "Days after which an ended job is forgotten, with its attempts and its list of frames; its images are not \
         touched. 0 means never.",
    ),
    key(
        "cleanup",
        "logs_days",
        Count(0, 36_500),
        Is("30"),
        "Days after which the logs and scripts of an ended attempt are removed from the data directory; what is known \
         of the attempt stays. 0 means never.",
    ),
    key(
        "cleanup",
        "scripts_days",
        Count(0, 36_500),
        Is("7"),
        "Days after which what renders left beside scenes and images is removed: generated scripts, temporary scenes \
         (the newest 5 of each scene are kept) and staging directories. 0 means never.",
    ),
    key(
        "log",
        "level",
        Text,
        Is("info"),
        "`error`, `warn`, `info`, `debug` or `trace`, or a filter such as `info,farmhand_plugin=debug`.",
    ),
    key("log", "format", Choice(&["text", "json"]), Is("text"), "`json` writes one object a line."),
];

/// What can be set of one plugin, in `[plugins.NAME]`. `section` is a stand-in for the name.
pub(super) const PLUGIN_KEYS: &[Key] = &[
    key(
        "plugins.NAME",
        "config",
        Table,
        Words("empty"),
        "Handed to the plugin as it is, as JSON. What may be in it is the plugin's own matter.",
    ),
    key(
        "plugins.NAME",
        "read",
        Paths,
        Words("none"),
        "Directories under which the plugin may read text files. Plugins can reach no file otherwise.",
    ),
    key(
        "plugins.NAME",
        "env",
        Texts,
        Words("none"),
        "Variables of the daemon's environment that the plugin may read, by name. It sees no other.",
    ),
    key(
        "plugins.NAME",
        "memory_mb",
        Count(1, 4096),
        Words("`plugins.memory_mb`"),
        "As above, for this plugin.",
    ),
    key(
        "plugins.NAME",
        "call_ms",
        Count(10, 600_000),
        Words("`plugins.call_ms`"),
        "As above, for this plugin.",
    ),
    key("plugins.NAME", "log_kb", Count(1, 65_536), Words("`plugins.log_kb`"), "As above, for this plugin."),
    key(
        "plugins.NAME",
        "log_lines_per_second",
        Count(0, 100_000),
        Words("`plugins.log_lines_per_second`"),
        "As above, for this plugin.",
    ),
    key(
        "plugins.NAME",
        "rollback_after",
        Count(0, 1000),
        Words("`plugins.rollback_after`"),
        "As above, for this plugin.",
    ),
    key(
        "plugins.NAME",
        "gate",
        Choice(&["none", "replay"]),
        Is("none"),
        "What a new version of the plugin must pass before it takes over, besides being sound. With `replay` the \
         plugin's last attempts are replayed through it, in the background and for at most 30 seconds, and one that \
         would have judged any of them otherwise does not serve until a person confirms it with `farmhand plugin \
         confirm`.",
    ),
    key(
        "plugins.NAME",
        "gate_attempts",
        Count(1, 1000),
        Is("50"),
        "How many attempts that is, the newest first.",
    ),
];

/// The key of this section and name.
pub(super) fn find(section: &str, name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.section == section && key.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_belongs_to_a_section_and_is_there_once() {
        for (index, key) in KEYS.iter().enumerate() {
            assert!(SECTIONS.iter().any(|(section, _)| *section == key.section), "{}", key.section);
            assert!(
                !KEYS[..index].iter().any(|other| (other.section, other.name) == (key.section, key.name))
            );
            assert!(key.doc.ends_with('.'), "{} is documented in full sentences", key.name);
        }
    }
}
