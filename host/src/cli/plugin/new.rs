//! `farmhand plugin new`: a small plugin that works, to change into the one that is wanted.

use crate::author::{Lang, NewError, create};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(in crate::cli) struct NewArgs {
    /// What it is called: lower case letters, digits and `-`
    name: String,
    /// What it is written in
    #[arg(long, value_enum, default_value_t = Lang::Python)]
    lang: Lang,
    /// Make its folder in this directory; by default here
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(super) fn run(context: &mut Context, args: &NewArgs) -> Result<(), CliError> {
    let dir = args.dir.clone().unwrap_or_default();
    let folder = create(&args.name, args.lang, &context.absolute(&dir)).map_err(|error| match error {
        NewError::Name(_) => CliError::Usage(error.to_string()),
        other => CliError::failed(other.to_string()),
    })?;
    let commands = ["farmhand plugin test .", "farmhand plugin watch .", args.lang.unit_tests()];
    if context.out.json {
        return context.out.json(&json!({ "plugin": args.name, "path": folder, "next": commands }));
    }
    context.out.line(format!("made {}", folder.display()))?;
    context.out.line(format!("  cd {}", dir.join(&args.name).display()))?;
    commands.iter().try_for_each(|command| context.out.line(format!("  {command}")))
}
