//! The reference page of the configuration, made from the list of keys so that it cannot fall behind.

use super::keys::{Fallback, KEYS, Key, Kind, PLUGIN_KEYS, SECTIONS};
use super::layer::variable_of;
use super::value::wanted;

const INTRODUCTION: &str = "\
# Configuration

<!-- Made by `farmhand config reference`; do not edit. -->

farmhand needs no configuration. What can be set, can be set in three places; each goes before the one above it:

1. **A file**, `farmhand.toml`. The first of these that is there is read, and no other:
   `--config FILE`, the file that `FARMHAND_CONFIG` names, `farmhand.toml` in the working directory,
   `$XDG_CONFIG_HOME/farmhand/farmhand.toml` (that is `~/.config/farmhand/farmhand.toml`),
   `/etc/farmhand/farmhand.toml`.
2. **The environment**: `FARMHAND_`, the section and the key in capitals, such as `FARMHAND_SERVER_LISTEN`. Lists are
   separated by commas, lists of paths by colons, as in `PATH`.
3. **Flags** of a command, such as `farmhand serve --listen`.

`farmhand config` shows every value and where it came from; `farmhand config check` only says what is wrong. An
unknown key is an error, and the message names the nearest known one. Relative paths start at the directory of the
file, in the environment and in flags at the working directory; `~/` is the home directory.

```toml
[server]
listen = \"127.0.0.1:7878\"

[tools]
blender = \"/opt/blender-4.5/blender\"

[paths]
roots = [\"/jobs\", \"/mnt/shows\"]
map = [{ windows = \"P:/shows\", linux = \"/mnt/shows\", macos = \"/Volumes/shows\" }]

[plugins.blender]
read = [\"/studio/presets\"]
```
";

/// The page, in Markdown.
#[must_use]
pub fn reference_page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for (section, about) in SECTIONS {
        page.push_str(&format!("\n## [{section}]\n\n{about}\n"));
        match *section {
            "tools" => page.push_str(TOOLS),
            "limits" => page.push_str(LIMITS),
            "notify" => page.push_str(NOTIFY),
            _ => KEYS.iter().filter(|key| key.section == *section).for_each(|key| page.push_str(&entry(key))),
        }
        if *section == "plugins" {
            page.push_str("\n## [plugins.NAME]\n\nOf one plugin, by its name. Not for the environment.\n");
            PLUGIN_KEYS.iter().for_each(|key| page.push_str(&entry(key)));
        }
    }
    page
}

const TOOLS: &str = "
### tools.ID

A path. Default: farmhand looks on `PATH` and where such programs are usually installed, and takes the newest version
that the plugin supports; `farmhand doctor` shows what it found. The id is the one in the plugin's descriptor:
`blender`, `mayapy`, `nuke`. In the environment: `FARMHAND_TOOLS_BLENDER`.
";

const LIMITS: &str = "
### limits.NAME

A number such as `4`, or a table such as `{ max = 4, per = \"node\" }`. Jobs name what they take in their `licences`,
and a task starts once there is one left; `farmhand why` says who has them. `per = \"task\"`, which is also what a bare
number means: each task takes one. `per = \"node\"`: this machine takes one, however many tasks it runs, as licences
do that are checked out once a machine. 0 lets nothing start. In the environment: `FARMHAND_LIMITS_NUKE_RENDER`, a
number.

```toml
[limits]
arnold = 8
nuke_render = { max = 4, per = \"node\" }
```
";

const NOTIFY: &str = "
### notify.NAME

A table with the webhook's `url`, and with a `secret` of at least 16 characters that its messages are signed with, or a
`secret_file` that holds it. Default: none, and then nobody can be told over HTTP. Jobs and batches name whom to tell in
their `notify`; they cannot give an address of their own, so that nobody who submits can make the daemon call one. See
[reports.md](reports.md#notifications). Not for the environment.

```toml
[notify]
chat = { url = \"https://chat.example/hooks/renders\", secret_file = \"/etc/farmhand/chat.secret\" }
tracker = { url = \"http://tracker.studio:8080/farmhand\", secret = \"0123456789abcdef0123\" }
```
";

fn entry(key: &Key) -> String {
    let default = match key.default {
        Fallback::Is(text) => format!("`{text}`"),
        Fallback::Words(words) => words.to_owned(),
    };
    let mut wanted = wanted(key.kind);
    wanted[..1].make_ascii_uppercase();
    let variable = match key.kind {
        _ if key.section == "plugins.NAME" => String::new(),
        Kind::Table | Kind::Places | Kind::Webhook => String::new(),
        _ => format!(" In the environment: `FARMHAND_{}`.", variable_of(key)),
    };
    let text = format!("{wanted}. Default: {default}.{variable}");
    format!("\n### {}.{}\n\n{}\n\n{}\n", key.section, key.name, wrapped(key.doc), wrapped(&text))
}

/// Lines of at most 115 characters, broken at spaces outside of code.
fn wrapped(text: &str) -> String {
    let mut out = String::new();
    let mut column = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > 115 {
            out.push('\n');
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_committed_page_is_the_one_that_would_be_made() {
        let committed = include_str!("../../../docs/configuration.md");
        let made = super::reference_page();
        assert!(committed == made, "run `farmhand config reference > docs/configuration.md`");
    }

    #[test]
    fn every_line_fits() {
        let long: Vec<_> =
            super::reference_page().lines().filter(|line| line.len() > 120).map(str::to_owned).collect();
        assert_eq!(long, Vec::<String>::new());
    }
}
