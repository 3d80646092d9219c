//! The plugin that an author's command is about: found, with its SDK's copy renewed, and as something that the gate
//! takes.

use crate::author::{self, BuildError, Cargo, Kind, PlaceError, Profile, Project, ProjectError, Shown};
use crate::cli::error::CliError;
use std::path::{Path, PathBuf};

/// What is at a path, with the copies of the SDK in it renewed.
pub(super) fn project_at(path: &Path) -> Result<Project, CliError> {
    let project = Project::at(path)?;
    author::refresh_sdk(&project.path)?;
    Ok(project)
}

/// The component or script that a project is: of a crate, what cargo builds of it.
pub(super) async fn component_of(
    project: &Project,
    profile: Profile,
    shown: Shown,
) -> Result<PathBuf, CliError> {
    if project.kind != Kind::Rust {
        return Ok(project.path.clone());
    }
    let cargo = Cargo::find(&project.path).await?;
    Ok(cargo.build(profile, shown).await?)
}

impl From<BuildError> for CliError {
    fn from(error: BuildError) -> Self {
        CliError::failed(error.to_string())
    }
}

impl From<PlaceError> for CliError {
    fn from(error: PlaceError) -> Self {
        CliError::failed(error.to_string())
    }
}

impl From<ProjectError> for CliError {
    fn from(error: ProjectError) -> Self {
        CliError::Usage(error.to_string())
    }
}
