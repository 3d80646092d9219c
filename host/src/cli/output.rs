//! Where commands print: aligned tables and lines on standard output, JSON where it was asked for, colours only on a
//! terminal, and never a control character that a log or a file name brought along.

use super::error::CliError;
use serde::Serialize;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};

/// Standard output of a command.
pub(super) struct Output {
    writer: Box<dyn Write>,
    style: Style,
    is_terminal: bool,
    /// Columns of the terminal; absent where there is none, and then nothing is wrapped or cut.
    width: Option<usize>,
    /// Whether JSON was asked for.
    pub(super) json: bool,
}

impl Output {
    /// Standard output; colours follow the terminal, `NO_COLOR` and `TERM=dumb`.
    pub(super) fn standard(json: bool) -> Self {
        let is_terminal = io::stdout().is_terminal();
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let style = if is_terminal && !is_set("NO_COLOR") && !is_dumb { Style::Colour } else { Style::Plain };
        let width = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        let width = width.filter(|_| is_terminal);
        Self { writer: Box::new(io::stdout()), style, is_terminal, width, json }
    }

    pub(super) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// One line.
    pub(super) fn line(&mut self, text: impl AsRef<str>) -> Result<(), CliError> {
        Ok(writeln!(self.writer, "{}", text.as_ref())?)
    }

    /// A value as JSON, for programs.
    pub(super) fn json(&mut self, value: &impl Serialize) -> Result<(), CliError> {
        let text = serde_json::to_string_pretty(value)
            .map_err(|error| CliError::failed(format!("cannot write JSON: {error}")))?;
        self.line(text)
    }

    /// A table, within the width of the terminal.
    pub(super) fn table(&mut self, table: &Table) -> Result<(), CliError> {
        Ok(self.writer.write_all(table.render_within(self.style, self.width).as_bytes())?)
    }

    /// A table after an empty line; nothing where it has no rows.
    pub(super) fn section(&mut self, table: &Table) -> Result<(), CliError> {
        if table.rows.is_empty() {
            return Ok(());
        }
        self.line("")?;
        self.table(table)
    }

    /// Bytes as they are; for logs that go into a file or a pipe.
    pub(super) fn raw(&mut self, bytes: &[u8]) -> Result<(), CliError> {
        self.writer.write_all(bytes)?;
        Ok(self.writer.flush()?)
    }
}

/// Whether colours may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Colour,
}

/// What a cell says besides its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Good,
    Warn,
    Bad,
    Dim,
}

/// One cell of a table.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    pub(super) fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: clean(&text.into()), tone }
    }
}

impl<T: ToString> From<T> for Cell {
    fn from(text: T) -> Self {
        Cell::toned(text.to_string(), Tone::Plain)
    }
}

/// What a terminal without room for its last column is too narrow for: it then gets lines of its own.
const LEAST_ROOM: usize = 24;
/// How far those lines are indented.
const INDENT: usize = 5;

/// Columns are as wide as their widest cell; a column of numbers is aligned to the right. The last one is wrapped at the
/// edge of the terminal, between words, or cut there.
#[derive(Debug, Default)]
pub(super) struct Table {
    head: Vec<Column>,
    rows: Vec<Vec<Cell>>,
    cuts: bool,
}

#[derive(Debug)]
struct Column {
    title: &'static str,
    is_number: bool,
}

impl Table {
    /// A table with these columns; a title that begins with `#` is of a column of numbers.
    pub(super) fn new(titles: &[&'static str]) -> Self {
        let column = |title: &&'static str| match title.strip_prefix('#') {
            Some(title) => Column { title, is_number: true },
            None => Column { title, is_number: false },
        };
        Self { head: titles.iter().map(column).collect(), rows: Vec::new(), cuts: false }
    }

    /// Two columns without a head: a name and what it is.
    pub(super) fn facts() -> Self {
        Self::new(&["", ""])
    }

    /// One line a row: what the last column has no room for is left out.
    pub(super) fn cut(self) -> Self {
        Self { cuts: true, ..self }
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Drops the columns in which no row has anything.
    pub(super) fn leave_out_empty(&mut self) {
        let filled = |index: usize| {
            self.rows.iter().any(|row| row.get(index).is_some_and(|cell| !cell.text.is_empty()))
        };
        let kept: Vec<bool> = (0..self.head.len()).map(filled).collect();
        let mut of_head = kept.iter();
        self.head.retain(|_| of_head.next().is_some_and(|kept| *kept));
        for row in &mut self.rows {
            let mut of_row = kept.iter();
            row.retain(|_| of_row.next().is_some_and(|kept| *kept));
        }
    }

    /// A name and what it is.
    pub(super) fn fact(&mut self, name: &str, value: impl Into<Cell>) {
        self.rows.push(vec![Cell::toned(name, Tone::Dim), value.into()]);
    }

    /// As it is where there is no terminal.
    #[cfg(test)]
    pub(super) fn render(&self, style: Style) -> String {
        self.render_within(style, None)
    }

    pub(super) fn render_within(&self, style: Style, width: Option<usize>) -> String {
        let has_head = self.head.iter().any(|column| !column.title.is_empty());
        let titles = || self.head.iter().map(|column| Cell::toned(column.title, Tone::Dim)).collect();
        let rows: Vec<Vec<Cell>> =
            has_head.then(titles).into_iter().chain(self.rows.iter().cloned()).collect();
        let widths: Vec<usize> = (0..self.head.len())
            .map(|index| {
                rows.iter().filter_map(|row| row.get(index)).map(|cell| cell.text.chars().count()).max()
            })
            .map(Option::unwrap_or_default)
            .collect();
        let final_column = self.head.len().saturating_sub(1);
        let before: usize = widths.iter().take(final_column).map(|width| width + 2).sum();
        // Where the last column begins, and how much of a line it has.
        let (indent, room) = match width {
            None => (before, usize::MAX),
            Some(width) if width >= before + LEAST_ROOM.min(widths[final_column]) => (before, width - before),
            Some(width) => (INDENT, width.saturating_sub(INDENT).max(LEAST_ROOM)),
        };
        let mut out = String::new();
        for (number, row) in rows.iter().enumerate() {
            let mut line = String::new();
            // Blanks after the last cell that has text would only get in the way of copying it.
            let last = row.iter().rposition(|cell| !cell.text.is_empty()).map_or(0, |index| index + 1);
            for (index, (cell, column)) in row.iter().zip(&self.head).take(last).enumerate() {
                let text = cell.text.as_str();
                if index == final_column && !column.is_number {
                    if indent != before && has_head && number == 0 {
                        continue;
                    }
                    let lines = if self.cuts { vec![cut(text, room)] } else { wrapped(text, room) };
                    for (number, text) in lines.iter().enumerate() {
                        if number > 0 || indent != before {
                            line.truncate(line.trim_end().len());
                            let _ = write!(line, "\n{}", " ".repeat(indent));
                        } else if index > 0 {
                            line.push_str("  ");
                        }
                        line.push_str(&painted(text, cell.tone, style));
                    }
                    continue;
                }
                if index > 0 {
                    line.push_str("  ");
                }
                let blanks = " ".repeat(widths[index].saturating_sub(text.chars().count()));
                let text = painted(text, cell.tone, style);
                let _ = match (column.is_number, index + 1 == last) {
                    (true, _) => write!(line, "{blanks}{text}"),
                    (false, true) => write!(line, "{text}"),
                    (false, false) => write!(line, "{text}{blanks}"),
                };
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

/// The text with an ellipsis for what there is no room for.
fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let kept: String = text.chars().take(room.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// The text in lines that fit, broken between words; a word that is too long for a line has one of its own, whole, so that
/// a path can be copied.
fn wrapped(text: &str, room: usize) -> Vec<String> {
    if text.chars().count() <= room {
        return vec![text.to_owned()];
    }
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.len() - 1;
        let line = &mut lines[last];
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= room {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

fn painted(text: &str, tone: Tone, style: Style) -> String {
    let code = match (style, tone) {
        (Style::Plain, _) | (_, Tone::Plain) => return text.to_owned(),
        (_, Tone::Good) => 32,
        (_, Tone::Warn) => 33,
        (_, Tone::Bad) => 31,
        (_, Tone::Dim) => 2,
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

/// The text without control characters: what a renderer prints must not move the cursor of whoever reads it.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The same for text of many lines, which keeps its lines and tabs.
pub(super) fn clean_lines(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(&["#JOB", "NAME", "WHY"]);
        table.row([Cell::from(7), Cell::from("häuser"), Cell::from("")]);
        table.row([Cell::from(1234), Cell::from("a\tb\x1b[31m"), Cell::from("waits")]);
        assert_eq!(table.render(Style::Plain), " JOB  NAME      WHY\n   7  häuser\n1234  a b [31m  waits\n");
    }

    #[test]
    fn facts_have_no_head() {
        let mut table = Table::facts();
        table.fact("scene", "/a.blend");
        table.fact("frames", 12);
        assert_eq!(table.render(Style::Plain), "scene   /a.blend\nframes  12\n");
    }

    #[test]
    fn colours_do_not_count_as_width() {
        let mut table = Table::new(&["STATE", "NAME"]);
        table.row([Cell::toned("ok", Tone::Good), Cell::from("x")]);
        let rendered = table.render(Style::Colour);
        assert!(rendered.ends_with("\x1b[32mok\x1b[0m     x\n"), "{rendered:?}");
    }

    #[test]
    fn the_last_column_keeps_within_the_terminal() {
        let check = |cuts: bool, width: usize, expect: &str| {
            let mut table = Table::new(&["#JOB", "NAME", "WHY"]);
            table.cuts = cuts;
            table.row([
                Cell::from(7),
                Cell::from("shot"),
                Cell::from("needs 1 GPU: GPU 0 is reserved, GPU 1 renders"),
            ]);
            table.row([Cell::from(8), Cell::from("comp"), Cell::from("")]);
            assert_eq!(table.render_within(Style::Plain, Some(width)), expect, "{cuts} {width}");
        };
        check(
            false,
            80,
            "JOB  NAME  WHY\n  7  shot  needs 1 GPU: GPU 0 is reserved, GPU 1 renders\n  8  comp\n",
        );
        check(true, 40, "JOB  NAME  WHY\n  7  shot  needs 1 GPU: GPU 0 is reserv…\n  8  comp\n");
        let wrapped = "JOB  NAME  WHY\n  7  shot  needs 1 GPU: GPU 0 is\n           reserved, GPU 1 renders\n  8  comp\n";
        check(false, 40, wrapped);
        check(true, 30, "JOB  NAME\n  7  shot\n     needs 1 GPU: GPU 0 is re…\n  8  comp\n");
    }

    #[test]
    fn a_word_is_never_broken() {
        assert_eq!(wrapped("in /shows/very/long/path here", 8), ["in", "/shows/very/long/path", "here"]);
        assert_eq!(wrapped("", 8), [""]);
    }

    #[test]
    fn control_characters_do_not_get_through() {
        assert_eq!(clean("a\x07b\nc"), "a b c");
        assert_eq!(clean_lines("a\x1b[2Jb\r\n\tc"), "a[2Jb\n\tc");
    }
}
