//! The licences and counters that a job's tasks take: those that its plugin names, and those that a person adds.

use crate::near_miss::near_miss;
use farmhand_model::dcc::Problem;
use std::collections::BTreeSet;

/// Both together, each once.
///
/// # Errors
/// Each name that a person gives and nobody knows: neither the plugin nor the configuration's `[limits]`.
pub(super) fn licences<'a>(
    of_plugin: &'a [String],
    asked: &[String],
    limits: impl IntoIterator<Item = &'a String>,
) -> Result<Vec<String>, Vec<Problem>> {
    let known: BTreeSet<&str> = of_plugin.iter().chain(limits).map(String::as_str).collect();
    let problem = |(index, name): (usize, &String)| Problem {
        field: format!("/licences/{index}"),
        message: unknown(name, &known),
    };
    let is_unknown = |(_, name): &(usize, &String)| !known.contains(name.as_str());
    let problems: Vec<_> = asked.iter().enumerate().filter(is_unknown).map(problem).collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut seen = BTreeSet::new();
    Ok(of_plugin.iter().chain(asked).filter(|name| seen.insert(name.as_str())).cloned().collect())
}

fn unknown(name: &str, known: &BTreeSet<&str>) -> String {
    let nobody = format!("neither the plugin nor [limits] of farmhand.toml knows a licence `{name}`");
    match near_miss(name, known.iter().copied()) {
        Some(near) => format!("{nobody}; did you mean `{near}`?"),
        None if known.is_empty() => format!("{nobody}; there are none"),
        None => {
            let known: Vec<_> = known.iter().copied().collect();
            format!("{nobody}; there are: {}", known.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_are_those_of_both_and_known() {
        let list = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let limits = list(&["nuke_render", "arnold"]);
        let check = |of_plugin: &[&str], asked: &[&str], expect: Result<&[&str], &[(&str, &str)]>| {
            let got = licences(&list(of_plugin), &list(asked), &limits);
            let got = got.map_err(|problems| {
                problems.into_iter().map(|one| (one.field, one.message)).collect::<Vec<_>>()
            });
            let expect = expect.map(list).map_err(|problems| {
                let own = |(field, message): &(&str, &str)| {
                    let nobody = "neither the plugin nor [limits] of farmhand.toml knows a licence";
                    (field.to_string(), format!("{nobody} {message}"))
                };
                problems.iter().map(own).collect::<Vec<_>>()
            });
            assert_eq!(got, expect);
        };
        check(&["maya"], &[], Ok(&["maya"]));
        check(&["maya"], &["nuke_render", "maya", "nuke_render"], Ok(&["maya", "nuke_render"]));
        check(
            &[],
            &["arnold", "nuke_rendr"],
            Err(&[("/licences/1", "`nuke_rendr`; did you mean `nuke_render`?")]),
        );
        check(&["maya"], &["x"], Err(&[("/licences/0", "`x`; there are: arnold, maya, nuke_render")]));
        assert_eq!(
            unknown("x", &BTreeSet::new()).rsplit_once("; "),
            Some(("neither the plugin nor [limits] of farmhand.toml knows a licence `x`", "there are none"))
        );
    }
}
