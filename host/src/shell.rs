//! Commands as a POSIX shell takes them back. Nothing is ever run through a shell; this is for people who copy it.

/// A command as one line.
#[must_use]
pub fn command_line(program: &str, args: &[String]) -> String {
    let words = std::iter::once(program).chain(args.iter().map(String::as_str));
    words.map(quoted).collect::<Vec<_>>().join(" ")
}

/// One word of it.
#[must_use]
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back_out_of_a_shell_as_they_were() {
        let check = |word: &str, expect: &str| assert_eq!(quoted(word), expect);
        check("/show/a_####.exr", "'/show/a_####.exr'");
        check("-f", "-f");
        check("it's", r"'it'\''s'");
        check("", "''");
    }

    #[test]
    fn a_command_can_be_pasted() {
        let args = ["-b".to_owned(), "it's.blend".to_owned(), String::new(), "$(rm)".to_owned()];
        assert_eq!(command_line("/opt/blender", &args), r"/opt/blender -b 'it'\''s.blend' '' '$(rm)'");
    }
}
