//! Small parts of the page: escaped text, shapes of states, tiles, pictures.

use super::Thumbnail;
use crate::report::words::line;
use farmhand_model::batch::EntryState;
use std::fmt::Write as _;

/// Text that stands for itself, between tags and in quoted attributes.
pub(in crate::report) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in line(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// The shape of a state: told apart without any colour.
pub(super) fn icon(mark: EntryState) -> &'static str {
    match mark {
        EntryState::Completed => {
            "<svg class=\"i\" viewBox=\"0 0 16 16\" aria-hidden=\"true\"><circle cx=\"8\" cy=\"8\" r=\"7\"/><path d=\"M4.7 8.3l2.3 2.3 4.4-4.9\"/></svg>"
        }
        EntryState::Failed => {
            "<svg class=\"i\" viewBox=\"0 0 16 16\" aria-hidden=\"true\"><path class=\"s\" d=\"M5 1h6l4 4v6l-4 4H5l-4-4V5z\"/><path d=\"M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2\"/></svg>"
        }
        EntryState::Skipped => {
            "<svg class=\"i\" viewBox=\"0 0 16 16\" aria-hidden=\"true\"><rect class=\"s\" x=\"1\" y=\"1\" width=\"14\" height=\"14\" rx=\"3\"/><path d=\"M4.2 5l3 3-3 3M8.6 5l3 3-3 3\"/></svg>"
        }
        EntryState::Pending => {
            "<svg class=\"i\" viewBox=\"0 0 16 16\" aria-hidden=\"true\"><circle class=\"o\" cx=\"8\" cy=\"8\" r=\"6.2\"/><path class=\"o\" d=\"M8 4.4V8l2.4 1.6\"/></svg>"
        }
        EntryState::Running => {
            "<svg class=\"i\" viewBox=\"0 0 16 16\" aria-hidden=\"true\"><circle class=\"s\" cx=\"8\" cy=\"8\" r=\"7\"/><path class=\"h\" d=\"M6.2 4.8v6.4l5-3.2z\"/></svg>"
        }
        EntryState::Cancelled => {
            "<svg class=\"i\" viewBox=\"0 0 16 16\" aria-hidden=\"true\"><circle class=\"o\" cx=\"8\" cy=\"8\" r=\"6.2\"/><path class=\"o\" d=\"M3.8 12.2l8.4-8.4\"/></svg>"
        }
    }
}

/// A figure with its name.
pub(super) fn figure_tile(out: &mut String, name: &str, value: &str, class: &str) -> std::fmt::Result {
    writeln!(out, "<div class=\"{class}\"><dt>{}</dt><dd>{}</dd></div>", escape(name), escape(value))
}

/// A part of the page with its heading; nothing where it is empty.
pub(super) fn section(out: &mut String, heading: &str, body: &str) -> std::fmt::Result {
    if body.is_empty() {
        return Ok(());
    }
    writeln!(out, "<section>\n<h2>{}</h2>\n{body}\n</section>", escape(heading))
}

/// A picture with its caption.
pub(super) fn picture(thumbnail: &Thumbnail, caption: &str) -> String {
    let caption = escape(caption);
    format!(
        "<figure><img src=\"data:{};base64,{}\" alt=\"{caption}\"><figcaption>{caption}</figcaption></figure>",
        thumbnail.mime, thumbnail.base64
    )
}

/// A line of a list of facts; nothing where there is no value.
pub(super) fn fact(out: &mut String, name: &str, value: &str) {
    if !value.is_empty() {
        let _ = write!(out, "<dt>{}</dt><dd>{value}</dd>", escape(name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_escapes() {
        assert_eq!(
            escape("<img src=x onerror='a'>&\"\n\u{202e}"),
            "&lt;img src=x onerror=&#39;a&#39;&gt;&amp;&quot;"
        );
    }
}
