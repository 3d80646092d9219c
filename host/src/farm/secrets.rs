//! What nobody should read on a page or in a bug report, and what stands in its place: values whose names say so, and
//! passwords in addresses. It hides by form alone; it knows no secret.

use std::mem;

/// What stands in the place of a secret.
pub(super) const HIDDEN: &str = "(hidden)";

const WORDS: [&str; 6] = ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "KEY", "CREDENTIAL"];

/// Whether nobody should read the value of this name.
pub(super) fn looks_secret(name: &str) -> bool {
    let upper = name.to_uppercase();
    WORDS.iter().any(|word| upper.contains(word))
}

/// The value of a variable, as far as people may read it.
pub(super) fn value(name: &str, value: &str) -> String {
    if looks_secret(name) { HIDDEN.to_owned() } else { without_passwords(value) }
}

/// Arguments, as far as people may read them.
pub(super) fn arguments(args: Vec<String>) -> Vec<String> {
    let mut is_secret = false;
    let shown = args.into_iter().map(|arg| {
        if mem::take(&mut is_secret) && !arg.starts_with('-') {
            return HIDDEN.to_owned();
        }
        match arg.split_once('=') {
            Some((option, _)) if is_secret_option(option) => format!("{option}={HIDDEN}"),
            Some(_) => without_passwords(&arg),
            None => {
                is_secret = is_secret_option(&arg);
                without_passwords(&arg)
            }
        }
    });
    shown.collect()
}

/// `--api-key`, `-password`: one of the words as a whole, for `--keyframes` hides nothing.
fn is_secret_option(option: &str) -> bool {
    let is_word = |part: &str| WORDS.contains(&part.to_uppercase().as_str());
    option.starts_with('-') && option.split(|letter: char| !letter.is_ascii_alphanumeric()).any(is_word)
}

/// A text without the password of `scheme://user:password@host`, wherever it has one.
fn without_passwords(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (scheme, after) = rest.split_at(at + "://".len());
        let is_end = |letter: char| letter.is_whitespace() || "/?#\"'".contains(letter);
        let (authority, tail) = after.split_at(after.find(is_end).unwrap_or(after.len()));
        let user = authority.rsplit_once('@').and_then(|(user, host)| Some((user.split_once(':')?.0, host)));
        shown.push_str(scheme);
        match user {
            Some((user, host)) => shown.push_str(&format!("{user}:{HIDDEN}@{host}")),
            None => shown.push_str(authority),
        }
        rest = tail;
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_hidden_by_their_names_and_passwords_by_their_place() {
        let cases = [
            ("STUDIO_TOKEN", "abc", HIDDEN),
            ("aws_secret_access", "abc", HIDDEN),
            ("OCIO", "/studio/config.ocio", "/studio/config.ocio"),
            ("HTTP_PROXY", "http://anna:pa:ss@proxy:3128/", "http://anna:(hidden)@proxy:3128/"),
            (
                "MIRRORS",
                "https://a:b@one https://two c://d:e@three",
                "https://a:(hidden)@one https://two c://d:(hidden)@three",
            ),
            ("SHOT", "https://farm/shots?by=anna@studio:8", "https://farm/shots?by=anna@studio:8"),
            ("USER_AT", "ssh://anna@host", "ssh://anna@host"),
        ];
        for (name, given, expect) in cases {
            assert_eq!(value(name, given), expect, "{name}={given}");
        }
    }

    #[test]
    fn arguments_of_options_that_are_called_after_a_secret_are_hidden() {
        let cases = [
            ("-b shot.blend --frames 1-5", "-b shot.blend --frames 1-5"),
            ("--token abc -f 1", "--token (hidden) -f 1"),
            ("--api-key=abc=def shot", "--api-key=(hidden) shot"),
            ("-password abc def", "-password (hidden) def"),
            ("--token --frames 1", "--token --frames 1"),
            ("--keyframes 5 key token", "--keyframes 5 key token"),
            ("--publish https://anna:abc@farm/x", "--publish https://anna:(hidden)@farm/x"),
        ];
        for (given, expect) in cases {
            let args = given.split(' ').map(str::to_owned).collect();
            assert_eq!(arguments(args).join(" "), expect, "{given}");
        }
    }
}
