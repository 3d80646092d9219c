//! Two texts side by side, line by line, as people read a difference.

use std::fmt::Write;

/// Unchanged lines shown around a change.
const CONTEXT: usize = 2;
/// Lines past which the texts are shown one after the other: the table below grows with their product.
const TOO_MANY: usize = 2_000;

enum Line<'a> {
    Same(&'a str),
    Gone(&'a str),
    New(&'a str),
}

/// What differs: `-` what was expected, `+` what was seen. Empty where nothing does.
#[must_use]
pub fn diff(expected: &str, seen: &str) -> String {
    if expected == seen {
        return String::new();
    }
    let (old, new): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), seen.lines().collect());
    let lines = if old.len().max(new.len()) > TOO_MANY {
        old.into_iter().map(Line::Gone).chain(new.into_iter().map(Line::New)).collect()
    } else {
        lined_up(&old, &new)
    };
    written(&lines)
}

/// The shortest way from one to the other.
fn lined_up<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Line<'a>> {
    // How many lines the rests of both have in common, in order.
    let mut common = vec![vec![0_u32; new.len() + 1]; old.len() + 1];
    for (i, gone) in old.iter().enumerate().rev() {
        for (j, came) in new.iter().enumerate().rev() {
            common[i][j] =
                if gone == came { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut lines = Vec::new();
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push(Line::Same(old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && common[i + 1][j] >= common[i][j + 1]) {
            lines.push(Line::Gone(old[i]));
            i += 1;
        } else {
            lines.push(Line::New(new[j]));
            j += 1;
        }
    }
    lines
}

fn written(lines: &[Line<'_>]) -> String {
    let changed = |line: &Line<'_>| !matches!(line, Line::Same(_));
    let near = |index: usize| {
        let from = index.saturating_sub(CONTEXT);
        lines[from..lines.len().min(index + CONTEXT + 1)].iter().any(changed)
    };
    let mut text = String::new();
    let mut left_out = false;
    for (index, line) in lines.iter().enumerate() {
        if !near(index) {
            left_out = true;
            continue;
        }
        if std::mem::take(&mut left_out) {
            text.push_str("  ...\n");
        }
        // Writing to a string cannot fail.
        let _ = match line {
            Line::Same(line) => writeln!(text, "  {line}"),
            Line::Gone(line) => writeln!(text, "- {line}"),
            Line::New(line) => writeln!(text, "+ {line}"),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_shown() {
        let check = |expected: &str, seen: &str, expect: &str| assert_eq!(diff(expected, seen), expect);
        check("a\nb", "a\nb", "");
        check("", "a", "+ a\n");
        check("a\nb\nc", "a\nx\nc", "  a\n- b\n+ x\n  c\n");
        check("a\nb\nc\nd\ne", "a\nb\nc\nd\nf", "  ...\n  c\n  d\n- e\n+ f\n");
        check("a\nb", "b", "- a\n  b\n");
        // A last line without an end is the same line.
        check("a\n", "a", "");
    }

    #[test]
    fn large_texts_are_shown_one_after_the_other() {
        let large = "x\n".repeat(TOO_MANY + 1);
        assert!(diff(&large, "y").ends_with("- x\n+ y\n"));
    }
}
