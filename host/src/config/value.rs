//! Values: what a key holds after it was checked, and the checks, for the file and for texts alike.

use super::keys::{Kind, near_miss};
use crate::farm::Schedule;
use farmhand_model::path_map::{PathMap, Spellings};
use farmhand_model::{Bytes, Limit, LimitPer};
use farmhand_resource::gpu::standing::GpuName;
use std::net::SocketAddr;
use std::path::{Component, Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// What a key holds. Paths are absolute.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Texts, words, addresses, paths.
    Text(String),
    /// Whole numbers.
    Count(u64),
    /// `true` or `false`.
    Switch(bool),
    /// Hours of the week.
    Hours(Schedule),
    /// How many there are of something, and what takes one.
    Limit(Limit),
    /// Where a webhook is.
    Webhook(WebhookValue),
    /// Lists of texts or paths.
    List(Vec<String>),
    /// A plugin's own table.
    Table(serde_json::Map<String, serde_json::Value>),
    /// Places as each system spells them.
    Places(PathMap),
}

/// Where relative paths start.
#[derive(Debug, Clone, Copy)]
pub(super) struct Base<'a> {
    pub dir: &'a Path,
    pub home: Option<&'a Path>,
}

impl Value {
    /// A value as TOML wrote it.
    pub(super) fn of_toml(kind: Kind, value: &DeValue<'_>, base: Base<'_>) -> Result<Self, String> {
        let wrong = || Err(format!("{} is expected, not {}", wanted(kind), described(value)));
        match (kind, value) {
            (Kind::Count(least, most), DeValue::Integer(number)) => {
                let text = number.to_string();
                match u64::from_str_radix(number.as_str(), number.radix()) {
                    Ok(number) if (least..=most).contains(&number) => Ok(Value::Count(number)),
                    _ => Err(format!("{text} is not {}", wanted(kind))),
                }
            }
            (Kind::Places, DeValue::Array(items)) => {
                let entries = (1..).zip(items.iter()).map(|(entry, item)| {
                    spellings(item.get_ref()).map_err(|wrong| format!("entry {entry}: {wrong}"))
                });
                let places = entries.collect::<Result<_, _>>()?;
                PathMap::new(places).map(Value::Places).map_err(|error| error.to_string())
            }
            (Kind::Switch, DeValue::Boolean(value)) => Ok(Value::Switch(*value)),
            (Kind::Gpus, DeValue::Array(items)) => {
                let gpus = items.iter().map(|item| match item.get_ref() {
                    DeValue::Integer(number) => gpu(&number.to_string()),
                    DeValue::String(text) => gpu(text),
                    other => Err(format!("a GPU's number or UUID is expected, not {}", described(other))),
                });
                gpus.collect::<Result<_, _>>().map(Value::List)
            }
            (Kind::Limit, DeValue::Integer(_) | DeValue::Table(_)) => limit(value).map(Value::Limit),
            (Kind::Webhook, DeValue::Table(_)) => webhook(value, base).map(Value::Webhook),
            (Kind::Webhook, _) => wrong(),
            (
                Kind::Count(..) | Kind::Switch | Kind::Gpus | Kind::Limit | Kind::Table | Kind::Places,
                DeValue::String(_),
            ) => wrong(),
            (Kind::Paths | Kind::Texts | Kind::Hours, DeValue::Array(items)) => {
                let item_kind = if kind == Kind::Paths { Kind::Path } else { Kind::Text };
                let mut texts = Vec::new();
                for item in items.iter() {
                    match item.get_ref() {
                        DeValue::String(text) => texts.push(checked(item_kind, text, base)?),
                        other => {
                            return Err(format!(
                                "a list of texts is expected, not one with {}",
                                described(other)
                            ));
                        }
                    }
                }
                if kind == Kind::Hours { hours(&texts) } else { Ok(Value::List(texts)) }
            }
            (Kind::Paths | Kind::Texts | Kind::Hours, _) => wrong(),
            (Kind::Table, DeValue::Table(_)) => match json_of(value)? {
                serde_json::Value::Object(table) => Ok(Value::Table(table)),
                _ => wrong(),
            },
            (_, DeValue::String(text)) => checked(kind, text, base).map(Value::Text),
            _ => wrong(),
        }
    }

    /// A value as an environment variable or a flag gives it: lists are separated by commas, lists of paths as in
    /// `PATH`.
    pub(super) fn of_text(kind: Kind, text: &str, base: Base<'_>) -> Result<Self, String> {
        match kind {
            Kind::Count(least, most) => match text.trim().parse() {
                Ok(number) if (least..=most).contains(&number) => Ok(Value::Count(number)),
                _ => Err(format!("`{text}` is not {}", wanted(kind))),
            },
            Kind::Switch => match text.trim() {
                "true" => Ok(Value::Switch(true)),
                "false" => Ok(Value::Switch(false)),
                _ => Err(format!("`{text}` is not {}", wanted(kind))),
            },
            Kind::Limit => match text.trim().parse() {
                Ok(max) => Ok(Value::Limit(Limit { max, per: LimitPer::Task })),
                Err(_) => {
                    Err(format!("`{text}` is not a whole number; what takes one can only be set in a file"))
                }
            },
            Kind::Texts | Kind::Hours => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                let items: Vec<String> = items.map(str::to_owned).collect();
                if kind == Kind::Hours { hours(&items) } else { Ok(Value::List(items)) }
            }
            Kind::Paths => {
                let items = std::env::split_paths(text).filter(|item| !item.as_os_str().is_empty());
                items
                    .map(|item| checked(Kind::Path, &item.to_string_lossy(), base))
                    .collect::<Result<_, _>>()
                    .map(Value::List)
            }
            Kind::Gpus => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                items.map(gpu).collect::<Result<_, _>>().map(Value::List)
            }
            Kind::Table | Kind::Places | Kind::Webhook => Err("can only be set in a file".to_owned()),
            _ => checked(kind, text, base).map(Value::Text),
        }
    }
}

/// Shown as it would be written in an environment variable.
impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::Text(text) => f.write_str(text),
            Value::Count(number) => write!(f, "{number}"),
            Value::Switch(value) => write!(f, "{value}"),
            Value::Hours(schedule) => write!(f, "{schedule}"),
            Value::Limit(Limit { max, per: LimitPer::Task }) => write!(f, "{max}"),
            Value::Limit(Limit { max, per: LimitPer::Node }) => write!(f, "{max} per node"),
            Value::Webhook(webhook) => {
                let signed = webhook.secret.is_some() || webhook.secret_file.is_some();
                write!(f, "{}{}", crate::notify::shown(&webhook.url), if signed { ", signed" } else { "" })
            }
            Value::List(items) => f.write_str(&items.join(", ")),
            Value::Table(table) => f.write_str(&serde_json::Value::Object(table.clone()).to_string()),
            Value::Places(map) => {
                let place = |place: &Spellings| {
                    let sides = [&place.windows, &place.linux, &place.macos];
                    sides
                        .map(|side| side.join(", "))
                        .into_iter()
                        .filter(|side| !side.is_empty())
                        .collect::<Vec<_>>()
                };
                let places: Vec<String> = map.places().iter().map(|each| place(each).join(" = ")).collect();
                f.write_str(&places.join("; "))
            }
        }
    }
}

/// What a kind takes, in words.
pub(super) fn wanted(kind: Kind) -> String {
    match kind {
        Kind::Text | Kind::Secret => "a text".to_owned(),
        Kind::Path => "a path".to_owned(),
        Kind::Paths => "a list of paths".to_owned(),
        Kind::Texts => "a list of texts".to_owned(),
        Kind::Address => "an IP address with a port, such as `127.0.0.1:7878`".to_owned(),
        Kind::Url => "an address such as `http://render01:7878`".to_owned(),
        Kind::Size => "an amount of memory such as `48 GB` or `64 GiB`".to_owned(),
        Kind::Switch => "`true` or `false`".to_owned(),
        Kind::Hours => "a list of hours such as `mon-fri 19:00-08:00` or `sat-sun`".to_owned(),
        Kind::Webhook => {
            "a table such as `{ url = \"https://chat.example/hooks/renders\", secret_file = \"chat.secret\" }`"
                .to_owned()
        }
        Kind::Limit => "a number such as `4`, or a table such as `{ max = 4, per = \"node\" }`".to_owned(),
        Kind::Count(least, most) => format!("a whole number from {least} to {most}"),
        Kind::Gpus => "a list of GPUs by number or UUID, such as `[0, \"GPU-3f2a…\"]`".to_owned(),
        Kind::Choice(words) => {
            let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            format!("one of {}", quoted.join(", "))
        }
        Kind::Table => "a table".to_owned(),
        Kind::Places => "a list of tables".to_owned(),
    }
}

/// A GPU's number or UUID.
fn gpu(text: &str) -> Result<String, String> {
    text.parse::<GpuName>().map(|name| name.to_string())
}

/// Hours of the week from their texts.
fn hours(texts: &[String]) -> Result<Value, String> {
    Schedule::parse(texts).map(Value::Hours).map_err(|error| error.to_string())
}

/// A limit: a bare number is one per task.
fn limit(value: &DeValue<'_>) -> Result<Limit, String> {
    let max = |value: &DeValue<'_>| match value {
        DeValue::Integer(number) => u32::from_str_radix(number.as_str(), number.radix())
            .map_err(|_| format!("{number} is not a whole number from 0 to {}", u32::MAX)),
        other => Err(format!("`max` is a whole number, not {}", described(other))),
    };
    let DeValue::Table(table) = value else {
        return Ok(Limit { max: max(value)?, per: LimitPer::Task });
    };
    const NAMES: [&str; 2] = ["max", "per"];
    for (name, _) in table {
        let name = name.get_ref().as_ref();
        if !NAMES.contains(&name) {
            return Err(format!("unknown key `{name}`; a limit has `max` and `per`"));
        }
    }
    let per = match table.get("per").map(|value| value.get_ref()) {
        None => LimitPer::Task,
        Some(DeValue::String(per)) if per == "task" => LimitPer::Task,
        Some(DeValue::String(per)) if per == "node" => LimitPer::Node,
        Some(other) => return Err(format!("`per` is \"task\" or \"node\", not {}", described(other))),
    };
    match table.get("max") {
        Some(value) => Ok(Limit { max: max(value.get_ref())?, per }),
        None => Err("`max` is missing: how many there are".to_owned()),
    }
}

/// Where a webhook is, as the file has it.
#[derive(Clone, PartialEq)]
pub struct WebhookValue {
    /// Its address.
    pub url: String,
    /// What its messages are signed with.
    pub secret: Option<String>,
    /// The file that holds that.
    pub secret_file: Option<String>,
}

/// Without what is secret in it.
impl std::fmt::Debug for WebhookValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookValue(..)")
    }
}

fn webhook(value: &DeValue<'_>, base: Base<'_>) -> Result<WebhookValue, String> {
    let DeValue::Table(table) = value else { return Err(wanted(Kind::Webhook)) };
    const NAMES: [&str; 3] = ["url", "secret", "secret_file"];
    for (name, _) in table {
        let name = name.get_ref().as_ref();
        if !NAMES.contains(&name) {
            return Err(format!("unknown key `{name}`; a webhook has `url`, and `secret` or `secret_file`"));
        }
    }
    let text = |name: &str| match table.get(name).map(|value| value.get_ref()) {
        None => Ok(None),
        Some(DeValue::String(text)) if !text.trim().is_empty() => Ok(Some(text.trim().to_owned())),
        Some(other) => Err(format!("`{name}` is a text, not {}", described(other))),
    };
    let url = text("url")?.ok_or("`url` is missing: where the webhook is")?;
    let has_host = |rest: &str| !rest.is_empty() && !rest.starts_with('/');
    if !["http://", "https://"].iter().any(|scheme| url.strip_prefix(scheme).is_some_and(has_host)) {
        return Err("`url` is an address such as `https://chat.example/hooks/renders`".to_owned());
    }
    let (secret, secret_file) = (text("secret")?, text("secret_file")?);
    if secret.is_some() && secret_file.is_some() {
        return Err("`secret` and `secret_file` are both set; keep one of them".to_owned());
    }
    let secret_file = secret_file.map(|file| checked(Kind::Path, &file, base)).transpose()?;
    Ok(WebhookValue { url, secret, secret_file })
}

/// One entry of a list of places: each side a text, or a list of texts.
fn spellings(value: &DeValue<'_>) -> Result<Spellings, String> {
    const SIDES: [&str; 3] = ["windows", "linux", "macos"];
    let DeValue::Table(table) = value else {
        return Err(format!(
            "a table such as `{{ windows = \"P:/shows\", linux = \"/mnt/shows\" }}` is expected, not {}",
            described(value)
        ));
    };
    for (name, _) in table {
        let name = name.get_ref().as_ref();
        if !SIDES.contains(&name) {
            let hint = near_miss(name, SIDES).map(|near| format!("; did you mean `{near}`?"));
            return Err(format!(
                "unknown system `{name}`{}",
                hint.unwrap_or("; there are windows, linux and macos".to_owned())
            ));
        }
    }
    Ok(Spellings {
        windows: side(table, "windows")?,
        linux: side(table, "linux")?,
        macos: side(table, "macos")?,
    })
}

fn side(table: &DeTable<'_>, name: &str) -> Result<Vec<String>, String> {
    let wrong =
        |value: &DeValue<'_>| format!("`{name}` is a path or a list of paths, not {}", described(value));
    match table.get(name).map(|value| value.get_ref()) {
        None => Ok(Vec::new()),
        Some(DeValue::String(text)) => Ok(vec![text.to_string()]),
        Some(DeValue::Array(items)) => items
            .iter()
            .map(|item| match item.get_ref() {
                DeValue::String(text) => Ok(text.to_string()),
                other => {
                    Err(format!("`{name}` is a path or a list of paths, not one with {}", described(other)))
                }
            })
            .collect(),
        Some(other) => Err(wrong(other)),
    }
}

fn described(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the text \"{text}\""),
        DeValue::Integer(number) => format!("the number {number}"),
        DeValue::Float(number) => format!("the number {number}"),
        DeValue::Boolean(value) => format!("`{value}`"),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// A single text, checked and made absolute where it is a path.
fn checked(kind: Kind, text: &str, base: Base<'_>) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err(format!("{} is expected, not an empty text", wanted(kind)));
    }
    let not = || format!("`{text}` is not {}", wanted(kind));
    match kind {
        Kind::Path => absolute(text, base),
        Kind::Address => parse_address(text).map(|address| address.to_string()).ok_or_else(not),
        Kind::Url => {
            let rest = text.strip_prefix("http://").ok_or_else(|| {
                if text.starts_with("https://") {
                    format!("`{text}`: the daemon itself speaks plain http; put a proxy or a tunnel on this machine")
                } else {
                    not()
                }
            })?;
            let host = rest.trim_end_matches('/');
            let is_host = !host.is_empty() && !host.contains(['/', ' ', '?', '#', '@']);
            if is_host { Ok(format!("http://{host}")) } else { Err(not()) }
        }
        Kind::Size => match text.parse() {
            Ok(Bytes(0)) => Err("no memory at all renders nothing".to_owned()),
            Ok(_) => Ok(text.trim().to_owned()),
            Err(error) => Err(format!("{error}")),
        },
        Kind::Choice(words) if !words.contains(&text) => match near_miss(text, words.iter().copied()) {
            Some(word) => Err(format!("{}; did you mean `{word}`?", not())),
            None => Err(not()),
        },
        _ => Ok(text.to_owned()),
    }
}

/// An address with its port; `localhost` counts as 127.0.0.1.
pub(super) fn parse_address(text: &str) -> Option<SocketAddr> {
    match text.strip_prefix("localhost:") {
        Some(port) => Some(SocketAddr::from(([127, 0, 0, 1], port.parse().ok()?))),
        None => text.parse().ok(),
    }
}

fn absolute(text: &str, base: Base<'_>) -> Result<String, String> {
    let path = match (text.strip_prefix("~/"), base.home) {
        (Some(rest), Some(home)) => home.join(rest),
        (Some(_), None) => return Err(format!("`{text}` starts at a home directory, and there is none")),
        (None, _) => base.dir.join(text),
    };
    // `.` and doubled slashes go; `..` stays, since what it means depends on links.
    let tidy: PathBuf = path.components().filter(|part| !matches!(part, Component::CurDir)).collect();
    Ok(tidy.to_string_lossy().into_owned())
}

fn json_of(value: &DeValue<'_>) -> Result<serde_json::Value, String> {
    use serde_json::Value as Json;
    Ok(match value {
        DeValue::String(text) => Json::from(text.as_ref()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map(Json::from)
            .map_err(|_| format!("{number} is too large a number"))?,
        DeValue::Float(number) => number
            .as_str()
            .parse::<f64>()
            .ok()
            .and_then(serde_json::Number::from_f64)
            .map(Json::Number)
            .ok_or_else(|| format!("{number} cannot be written in JSON"))?,
        DeValue::Boolean(value) => Json::from(*value),
        DeValue::Datetime(date) => Json::from(date.to_string()),
        DeValue::Array(items) => {
            Json::Array(items.iter().map(|item| json_of(item.get_ref())).collect::<Result<_, _>>()?)
        }
        DeValue::Table(table) => {
            let mut object = serde_json::Map::new();
            for (name, value) in table {
                object.insert(name.get_ref().to_string(), json_of(value.get_ref())?);
            }
            Json::Object(object)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_text(kind: Kind, text: &str) -> Result<Value, String> {
        let base = Base { dir: Path::new("/site"), home: Some(Path::new("/home/tess")) };
        Value::of_text(kind, text, base)
    }

    #[test]
    fn texts_become_values() {
        let text = |text: &str| Ok(Value::Text(text.to_owned()));
        let list = |items: &[&str]| Ok(Value::List(items.iter().map(|item| (*item).to_owned()).collect()));
        assert_eq!(of_text(Kind::Count(1, 8), " 8 "), Ok(Value::Count(8)));
        assert_eq!(of_text(Kind::Path, "data"), text("/site/data"));
        assert_eq!(of_text(Kind::Path, "./a//b/"), text("/site/a/b"));
        assert_eq!(of_text(Kind::Path, "~/data"), text("/home/tess/data"));
        assert_eq!(of_text(Kind::Path, "/abs/../x"), text("/abs/../x"));
        assert_eq!(of_text(Kind::Paths, "/a:b"), list(&["/a", "/site/b"]));
        assert_eq!(of_text(Kind::Texts, "render01, farm:80,"), list(&["render01", "farm:80"]));
        assert_eq!(of_text(Kind::Gpus, "0, GPU-3f2a"), list(&["0", "GPU-3f2a"]));
        assert_eq!(of_text(Kind::Address, "localhost:80"), text("127.0.0.1:80"));
        assert_eq!(of_text(Kind::Address, "[::1]:80"), text("[::1]:80"));
        assert_eq!(of_text(Kind::Url, "http://render01:7878/"), text("http://render01:7878"));
        assert_eq!(of_text(Kind::Size, " 1.5 GiB"), text("1.5 GiB"));
        assert_eq!(of_text(Kind::Switch, "true"), Ok(Value::Switch(true)));
        assert_eq!(of_text(Kind::Limit, "4"), Ok(Value::Limit(Limit { max: 4, per: LimitPer::Task })));
        let hours = of_text(Kind::Hours, "mon-fri 19:00-8:00,sat-sun").map(|hours| hours.to_string());
        assert_eq!(hours.as_deref(), Ok("mon-fri 19:00-08:00, sat-sun"));
    }

    #[test]
    fn what_is_no_value_says_what_is() {
        let check = |kind, text: &str, expect: &str| assert_eq!(of_text(kind, text), Err(expect.to_owned()));
        check(Kind::Count(1, 8), "9", "`9` is not a whole number from 1 to 8");
        check(Kind::Count(1, 8), "-1", "`-1` is not a whole number from 1 to 8");
        check(Kind::Path, "", "a path is expected, not an empty text");
        check(Kind::Address, "7878", "`7878` is not an IP address with a port, such as `127.0.0.1:7878`");
        check(Kind::Url, "render01:7878", "`render01:7878` is not an address such as `http://render01:7878`");
        check(
            Kind::Url,
            "https://render01",
            "`https://render01`: the daemon itself speaks plain http; put a proxy or a tunnel on this machine",
        );
        check(
            Kind::Choice(&["keep", "kill"]),
            "kep",
            "`kep` is not one of `keep`, `kill`; did you mean `keep`?",
        );
        check(Kind::Choice(&["keep", "kill"]), "leave", "`leave` is not one of `keep`, `kill`");
        check(Kind::Table, "x", "can only be set in a file");
        check(Kind::Size, "48", "`48` has no unit; write `48 GB` or `48 GiB`");
        check(Kind::Size, "0 GB", "no memory at all renders nothing");
        check(Kind::Switch, "yes", "`yes` is not `true` or `false`");
        check(
            Kind::Limit,
            "4 per node",
            "`4 per node` is not a whole number; what takes one can only be set in a file",
        );
        check(
            Kind::Hours,
            "sat-sun, mo 19:00-08:00",
            "`mo 19:00-08:00`, at character 1: `mo` is no day, there are mon, tue, wed, thu, fri, sat, sun; write days, \
             hours or both, such as `mon-fri 19:00-08:00`, `sat-sun` or `20:00-06:30`",
        );
        check(Kind::Gpus, "0,A5000", "`A5000` is not a GPU's number from 0, nor a UUID such as `GPU-3f2a…`");
    }
}
