//! How a job's images are named: what Nuke's own ways of writing a frame and a view become, and where each image is
//! written and kept.

use crate::scene::Write;
use farmhand_sdk::prelude::*;

/// Extensions of movies, which hold many frames.
const MOVIES: [&str; 8] = ["mov", "mp4", "m4v", "mxf", "avi", "mkv", "webm", "r3d"];

/// A file name with its tokens in farmhand's spelling: `####` or `{frame:4}`, `{layer}`, `{view}` and `{v}`, the
/// view's first letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names(String);

/// One image of a task: Nuke writes it at `path`, and it is kept at `place`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Which view it shows, where each has an image of its own.
    pub view: Option<String>,
    /// Where it is written.
    pub path: String,
    /// Where it is kept.
    pub place: String,
}

impl Names {
    /// Understands a name as Nuke or a person writes it.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(frames(&corrected(text)).replace("%V", "{view}").replace("%v", "{v}"))
    }

    /// With its tokens in farmhand's spelling.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Whether each view has an image of its own.
    #[must_use]
    pub fn has_view(&self) -> bool {
        self.0.contains("{view}") || self.0.contains("{v}")
    }

    /// The name for one view.
    ///
    /// # Errors
    /// It is no template.
    pub fn template(&self, view: Option<&str>) -> Result<Template, farmhand_sdk::TemplateError> {
        let view = view.unwrap_or("main");
        let short: String = view.chars().take(1).collect();
        Template::parse(&self.0.replace("{view}", &path::safe_name(view)).replace("{v}", &short))
    }

    /// The views that have images of their own: `None` once where there are no such.
    #[must_use]
    pub fn views(&self, views: &[String]) -> Vec<Option<String>> {
        if self.has_view() && !views.is_empty() {
            views.iter().cloned().map(Some).collect()
        } else {
            vec![None]
        }
    }

    /// The name of one image.
    ///
    /// # Errors
    /// It is no template: `validate` lets no such job through.
    pub fn name(&self, frame: i32, layer: Option<&str>, view: Option<&str>) -> Result<String, PluginError> {
        Ok(self.template(view)?.name(frame, layer))
    }
}

/// The images of one frame, written into the staging directory.
///
/// # Errors
/// The output is no template.
pub fn staged(task: &Task, names: &Names, views: &[String], frame: i32) -> Result<Vec<Target>, PluginError> {
    names
        .views(views)
        .into_iter()
        .map(|view| {
            let place = names.name(frame, task.layer.as_deref(), view.as_deref())?;
            Ok(Target {
                path: path::join(&slashes(&task.staging), &stage_name(&place, view.as_deref())),
                view,
                place,
            })
        })
        .collect()
}

/// What an image is called in the staging directory: two views may differ in their directories only.
fn stage_name(place: &str, view: Option<&str>) -> String {
    let (_, name) = path::split(place);
    match view {
        Some(view) => format!("{}.{name}", path::safe_name(view)),
        None => name.to_owned(),
    }
}

/// How scripts most often say where they lie; the only thing that is computed here.
const BESIDE_SCRIPT: [&str; 2] = ["[file dirname [value root.name]]", "[file dirname [knob root.name]]"];

/// Where a Write node writes by itself, where the script says so in plain words: an absolute name, with nothing to
/// compute but the script's own directory and the job's values for `[argv n]`.
#[must_use]
pub fn own(write: &Write, proxy: bool, argv: &[String], job: &Job) -> Option<Names> {
    let text = with_argv(own_text(write, proxy), argv);
    let directory = slashes(path::split(&job.scene).0);
    let text = BESIDE_SCRIPT.iter().fold(text, |text, said| text.replace(said, &directory));
    let is_plain = !text.contains(['[', '$', '{', '}', '\n']);
    let text = mapped(&corrected(&text), &job.path_map);
    (is_plain && path::is_absolute(&text)).then(|| Names::new(&text))
}

/// What the Write node's file knob says.
#[must_use]
pub fn own_text(write: &Write, proxy: bool) -> &str {
    if proxy && !write.proxy.trim().is_empty() { &write.proxy } else { &write.file }
}

/// Nuke's Write nodes fail on backslashes.
#[must_use]
pub fn slashes(path: &str) -> String {
    path.replace('\\', "/")
}

/// A path in the form that Nuke wants.
#[must_use]
pub fn corrected(path: &str) -> String {
    slashes(path.trim().trim_matches('"'))
}

/// The path as it is spelled on this node. The rules come longest first; drive letters and shares are found whatever
/// their case.
#[must_use]
pub fn mapped(path: &str, rules: &[PathRule]) -> String {
    let rule = rules.iter().find_map(|rule| {
        let spelled = rule.spelled.trim_end_matches('/');
        let head = path.get(..spelled.len())?;
        let windows = spelled.starts_with("//") || spelled.as_bytes().get(1) == Some(&b':');
        let same = if windows { head.eq_ignore_ascii_case(spelled) } else { head == spelled };
        let rest = &path[spelled.len()..];
        (same && (rest.is_empty() || rest.starts_with('/')) && !spelled.is_empty())
            .then(|| format!("{}{rest}", slashes(&rule.here).trim_end_matches('/')))
    });
    rule.unwrap_or_else(|| path.to_owned())
}

/// How many values a file name needs: one more than the highest `n` of its `[argv n]`.
#[must_use]
pub fn argv_needed(text: &str) -> usize {
    let numbers = text.split("[argv ").skip(1).filter_map(|rest| text::number(rest.trim_start()));
    numbers.map(|(number, _)| number as usize + 1).max().unwrap_or(0)
}

fn with_argv(text: &str, argv: &[String]) -> String {
    let fill =
        |text: String, (index, value): (usize, &String)| text.replace(&format!("[argv {index}]"), value);
    argv.iter().enumerate().fold(text.to_owned(), fill)
}

/// The extension that a name ends in, in lower case.
#[must_use]
pub fn extension(text: &str) -> Option<String> {
    path::stem_and_extension(text).1.map(str::to_ascii_lowercase)
}

/// Whether files of this extension hold many frames.
#[must_use]
pub fn is_movie(extension: &str) -> bool {
    MOVIES.contains(&extension)
}

/// Whether two extensions are spellings of the same one.
#[must_use]
pub fn same_format(one: &str, other: &str) -> bool {
    let usual = |extension: &str| match extension {
        "tiff" => "tif".to_owned(),
        "jpg" => "jpeg".to_owned(),
        "targa" => "tga".to_owned(),
        "cineon" => "cin".to_owned(),
        other => other.to_owned(),
    };
    usual(one) == usual(other)
}

/// `%04d` becomes `####`, and in a directory `{frame:4}`; a run of `#` in a directory too, since Nuke fills that in.
fn frames(text: &str) -> String {
    let name = text.rfind('/').map_or(0, |at| at + 1);
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let at = text.len() - rest.len();
        let (digits, length) = match c {
            '#' => {
                let count = rest.bytes().take_while(|byte| *byte == b'#').count();
                (count, count)
            }
            '%' => printf(&rest[1..]).map_or((0, 0), |(digits, length)| (digits, length + 1)),
            _ => (0, 0),
        };
        if digits == 0 {
            out.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        }
        out.push_str(&if at >= name { "#".repeat(digits) } else { format!("{{frame:{digits}}}") });
        rest = &rest[length..];
    }
    out
}

/// The digits and the length of `04d` or `d`.
fn printf(text: &str) -> Option<(usize, usize)> {
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    let digits = text[..count].parse().unwrap_or(1);
    (text.as_bytes().get(count) == Some(&b'd') && (1..=10).contains(&digits)).then_some((digits, count + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_frame_and_a_view_is_understood() {
        for (given, expected) in [
            ("C:\\out\\a_%v.%04d.exr", "C:/out/a_{v}.####.exr"),
            ("/out/%V/a.####.exr", "/out/{view}/a.####.exr"),
            ("/out/%04d/a.exr", "/out/{frame:4}/a.exr"),
            ("/out/###/a.exr", "/out/{frame:3}/a.exr"),
            ("/out/a.%d.exr", "/out/a.#.exr"),
            ("/out/100%.exr", "/out/100%.exr"),
            ("\\\\nas\\out\\größe.##.exr", "//nas/out/größe.##.exr"),
        ] {
            assert_eq!(Names::new(given).text(), expected, "{given}");
        }
    }

    #[test]
    fn each_view_has_an_image_where_the_name_says_so() {
        let task = Task { staging: "/st/7".into(), layer: Some("Write1".into()), ..Task::default() };
        let views = ["left".to_owned(), "right".to_owned()];
        let images = staged(&task, &Names::new("/out/%V/{layer}.####.exr"), &views, 7).unwrap();
        let told: Vec<_> = images.iter().map(|one| (one.path.as_str(), one.place.as_str())).collect();
        assert_eq!(
            told,
            [
                ("/st/7/left.Write1.0007.exr", "/out/left/Write1.0007.exr"),
                ("/st/7/right.Write1.0007.exr", "/out/right/Write1.0007.exr"),
            ]
        );
        let images = staged(&task, &Names::new("/out/a.####.exr"), &views, -7).unwrap();
        assert_eq!((images.len(), images[0].place.as_str()), (1, "/out/a.-0007.exr"));
    }

    #[test]
    fn only_plain_absolute_names_are_known_before() {
        let own = |file: &str| {
            let write = Write { file: file.into(), ..Write::default() };
            let job = Job { scene: "D:\\show\\a.nk".into(), ..Job::default() };
            own(&write, false, &["/out/x".into()], &job).map(|names| names.0)
        };
        let beside = "[file dirname [value root.name]]/renders/a.####.exr";
        assert_eq!(own(beside).as_deref(), Some("D:/show/renders/a.####.exr"));
        assert_eq!(own("/out/a.%03d.exr").as_deref(), Some("/out/a.###.exr"));
        assert_eq!(own("[argv 0].####.tif").as_deref(), Some("/out/x.####.tif"));
        for file in
            ["[value root.name].####.exr", "renders/a.####.exr", "[argv 1].####.exr", "/a/$SHOT.exr", ""]
        {
            assert_eq!(own(file), None, "{file}");
        }
    }

    #[test]
    fn paths_of_other_systems_are_spelled_as_here() {
        let rule = |spelled: &str, here: &str| PathRule { spelled: spelled.into(), here: here.into() };
        let rules = [rule("//nas/show/a", "/mnt/a"), rule("X:/", "/mnt/x/"), rule("/vol", "D:\\vol")];
        for (given, expected) in [
            ("//NAS/show/a/b.exr", "/mnt/a/b.exr"),
            ("//nas/show/ab.exr", "//nas/show/ab.exr"),
            ("x:/b.exr", "/mnt/x/b.exr"),
            ("/vol/b", "D:/vol/b"),
            ("/VOL/b", "/VOL/b"),
            ("/vol", "D:/vol"),
        ] {
            assert_eq!(mapped(given, &rules), expected, "{given}");
        }
    }

    #[test]
    fn counts_the_values_that_a_name_needs() {
        for (text, needed) in [("[argv 0].####.tif", 1), ("[argv 0]/[argv 2].exr", 3), ("/a.exr", 0)] {
            assert_eq!(argv_needed(text), needed, "{text}");
        }
    }
}
