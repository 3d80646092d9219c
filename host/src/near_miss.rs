//! Which of the known words somebody may have meant.

/// The word of `known` that is spelled most like `word`, where one is near enough to be meant.
pub(crate) fn near_miss<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        // A third of the letters may be wrong; beyond that a suggestion is a guess.
        .filter(|(distance, candidate)| *distance <= candidate.len().div_ceil(3))
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_are_near() {
        let check = |word: &str, expect: Option<&str>| {
            assert_eq!(near_miss(word, ["listen", "token", "token_file", "url"]), expect, "{word}");
        };
        check("lisen", Some("listen"));
        check("tokne", Some("token"));
        check("tokenfile", Some("token_file"));
        check("port", None);
        check("", None);
    }
}
