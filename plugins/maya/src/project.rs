//! Which project a scene belongs to, and where its images go. Maya without a project writes into a directory of the
//! user that renders, so that both are made explicit before anything runs.

use farmhand_sdk::prelude::*;

/// Directories above the scene that are looked into.
const HIGHEST: usize = 12;
/// The file that makes a directory a project.
const WORKSPACE: &str = "workspace.mel";
/// A `workspace.mel` is a few kilobytes.
const LIMIT: u64 = 1 << 20;

/// A project, with what a person should know about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its directory, without a separator at the end.
    pub directory: String,
    /// Where its images go.
    pub images: String,
    /// What a person should know.
    pub note: Option<String>,
}

/// The project of a job: the one that it names, or the nearest above the scene.
///
/// # Errors
/// The one that it names is none.
pub fn of(scene: &str, given: Option<&str>, images: Option<&str>) -> Result<Project, Problem> {
    let (directory, note) = match given {
        Some(given) => checked(given)?,
        None => nearest(scene),
    };
    let images = match images {
        Some(images) => path::join(&directory, images),
        None => path::join(&directory, &rule(&directory)),
    };
    Ok(Project { directory, images, note })
}

fn checked(given: &str) -> Result<(String, Option<String>), Problem> {
    let problem = |message: String| Problem::new("/options/project", message);
    if !path::is_absolute(given) {
        return Err(problem(format!("`{given}` is not absolute; write the project's whole path")));
    }
    let directory = trimmed(given);
    if matches!(host::file_exists(directory), Ok(true)) {
        let (parent, name) = path::split(directory);
        let remedy = if name == WORKSPACE { format!("; the project is `{parent}`") } else { String::new() };
        return Err(problem(format!("`{directory}` is a file and no project directory{remedy}")));
    }
    // Where the plugin may not look, Maya has the last word.
    if matches!(host::directory_exists(directory), Ok(false)) {
        return Err(problem(format!(
            "there is no directory `{directory}`; check the path, and that its share is mounted here"
        )));
    }
    let note = matches!(host::file_exists(&path::join(directory, WORKSPACE)), Ok(false)).then(|| {
        format!("The project {directory} has no {WORKSPACE}: Maya's default rules say where its files are.")
    });
    Ok((directory.to_owned(), note))
}

fn nearest(scene: &str) -> (String, Option<String>) {
    let own = path::split(scene).0;
    let mut directory = own;
    for _ in 0..HIGHEST {
        if matches!(host::file_exists(&path::join(directory, WORKSPACE)), Ok(true)) {
            return (directory.to_owned(), None);
        }
        let parent = path::split(directory).0;
        if parent.is_empty() || parent == directory {
            break;
        }
        directory = parent;
    }
    // Without a workspace.mel the usual layout is a guess, and the scene's own directory the last one.
    let (parent, name) = path::split(own);
    let directory = if name.eq_ignore_ascii_case("scenes") && !parent.is_empty() { parent } else { own };
    let note = format!(
        "No {WORKSPACE} was found above the scene; {directory} stands in for the project. Name another with the \
         option project."
    );
    (directory.to_owned(), Some(note))
}

/// The rule for images in a project's `workspace.mel`, or Maya's default.
fn rule(directory: &str) -> String {
    let mut images = "images".to_owned();
    // Where the plugin may not read it, the default stands.
    let _ = host::scan(&path::join(directory, WORKSPACE), LIMIT, |line| {
        if let Some(value) = text::after(line, "-fr \"images\" \"").and_then(|rest| rest.split('"').next())
            && !value.is_empty()
        {
            images = value.to_owned();
        }
        true
    });
    images
}

/// Without the separator at its end, which Maya takes for part of the name.
fn trimmed(directory: &str) -> &str {
    let trimmed = directory.trim_end_matches(['/', '\\']);
    if trimmed.is_empty() || trimmed.ends_with(':') { directory } else { trimmed }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show() -> (tempfile::TempDir, String) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("scenes/sc010")).unwrap();
        let root = dir.path().to_str().unwrap().to_owned();
        (dir, root)
    }

    #[test]
    fn the_nearest_workspace_above_the_scene() {
        let (dir, root) = show();
        std::fs::write(dir.path().join(WORKSPACE), "workspace -fr \"images\" \"renders/3d\";\n").unwrap();
        let project = of(&format!("{root}/scenes/sc010/a.ma"), None, None).unwrap();
        assert_eq!((project.directory.as_str(), project.note), (root.as_str(), None));
        assert_eq!(project.images, format!("{root}/renders/3d"));
        let named = of(&format!("{root}/a.ma"), Some(&format!("{root}/")), Some("out")).unwrap();
        assert_eq!((named.directory.as_str(), named.images), (root.as_str(), format!("{root}/out")));
    }

    #[test]
    fn without_a_workspace_the_layout_is_guessed_and_said() {
        let (_dir, root) = show();
        let project = of(&format!("{root}/scenes/a.ma"), None, None).unwrap();
        assert_eq!(project.directory, root);
        assert!(project.note.unwrap().contains("stands in"));
        assert_eq!(of(&format!("{root}/a.ma"), None, None).unwrap().directory, root);
    }

    #[test]
    fn what_is_no_project_is_refused() {
        let (dir, root) = show();
        let file = dir.path().join(WORKSPACE);
        let check = |given: &str, part: &str| {
            let problem = of("/a.ma", Some(given), None).unwrap_err();
            assert_eq!(problem.field, "/options/project");
            assert!(problem.message.contains(part), "{}", problem.message);
        };
        check("show", "not absolute");
        check(&format!("{root}/nothing"), "no directory");
        std::fs::write(&file, "").unwrap();
        check(file.to_str().unwrap(), &format!("the project is `{root}`"));
    }

    #[test]
    fn a_directory_without_a_workspace_is_noted() {
        let (_dir, root) = show();
        assert!(of("/a.ma", Some(&root), None).unwrap().note.unwrap().contains("default rules"));
    }
}
