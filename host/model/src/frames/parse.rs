//! The grammar of frame sets: `1,5,10-20`, `1-100x5`, `-5--1`, in any order, with spaces between the tokens.

use super::set::MAX_FRAMES;
use super::{FrameSet, Run};
use std::str::FromStr;

/// Why a text is no frame set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {message}")]
pub struct ParseFramesError {
    /// Where, counted in characters from 1.
    pub column: usize,
    /// What is wrong and what is allowed.
    pub message: String,
}

const ALLOWED: &str = "write frames and ranges with commas between them, such as 1,5,10-20 or 1-100x5";

impl FromStr for FrameSet {
    type Err = ParseFramesError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut cursor = Cursor { chars: text.chars().collect(), at: 0 };
        let mut set = FrameSet::new();
        let mut budget = MAX_FRAMES;
        if cursor.peek().is_none() {
            return Err(ParseFramesError { column: 1, message: format!("no frames; {ALLOWED}") });
        }
        loop {
            let column = cursor.column();
            let (run, last) = cursor.item()?;
            // The last frame of a stepped range always belongs to it, also where the step misses it.
            let frames = run.len() + u64::from(last != run.last);
            budget = budget.checked_sub(frames).ok_or_else(|| ParseFramesError {
                column,
                message: format!("more than {MAX_FRAMES} frames; split them over several jobs"),
            })?;
            set.insert_run(run);
            set.insert(last);
            match cursor.peek() {
                None => break,
                Some(',') => cursor.at += 1,
                Some(other) => return Err(cursor.junk(other)),
            }
        }
        set.compact();
        Ok(set)
    }
}

/// The text and how far it has been read.
struct Cursor {
    chars: Vec<char>,
    at: usize,
}

impl Cursor {
    /// The next character that is no space, without taking it.
    fn peek(&mut self) -> Option<char> {
        while self.chars.get(self.at).is_some_and(|next| next.is_whitespace()) {
            self.at += 1;
        }
        self.chars.get(self.at).copied()
    }

    /// Where the next token is.
    fn column(&mut self) -> usize {
        self.peek();
        self.at + 1
    }

    /// A frame or a range, as a run and the frame that was written as its last one.
    fn item(&mut self) -> Result<(Run, i32), ParseFramesError> {
        let column = self.column();
        let first = self.frame()?;
        if self.peek() != Some('-') {
            return match self.peek() {
                Some('x' | 'X') => Err(self.error("a step needs a range before it, such as 10-20x2")),
                _ => Ok((Run { first, last: first, step: 1 }, first)),
            };
        }
        self.at += 1;
        let last = self.frame()?;
        let step = if matches!(self.peek(), Some('x' | 'X')) {
            self.at += 1;
            self.step()?
        } else {
            1
        };
        if last < first {
            let suffix = if step == 1 { String::new() } else { format!("x{step}") };
            let message = format!("{first}-{last} runs backwards; write {last}-{first}{suffix}");
            return Err(ParseFramesError { column, message });
        }
        Ok((Run::up_to(first, last, step), last))
    }

    fn frame(&mut self) -> Result<i32, ParseFramesError> {
        let column = self.column();
        let mut text = String::new();
        if self.peek() == Some('-') {
            self.at += 1;
            text.push('-');
        }
        self.digits(&mut text);
        if matches!(text.as_str(), "" | "-") {
            return Err(match self.chars.get(self.at) {
                None => self.error("a frame number is missing at the end"),
                Some(',') => self.error("a frame number is missing before the comma"),
                Some(other) if other.is_whitespace() => {
                    self.error("a minus sign must stand right before its number")
                }
                Some(other) => self.junk(*other),
            });
        }
        text.parse().map_err(|_| ParseFramesError {
            column,
            message: format!("{text} is out of range; frames go from {} to {}", i32::MIN, i32::MAX),
        })
    }

    fn step(&mut self) -> Result<u32, ParseFramesError> {
        let column = self.column();
        let mut text = String::new();
        self.digits(&mut text);
        match text.parse() {
            Ok(0) => Err(ParseFramesError {
                column,
                message: "a step of 0 leads nowhere; the least is 1".to_owned(),
            }),
            Ok(step) => Ok(step),
            Err(_) if text.is_empty() => Err(self.error("after x comes a step, such as 10-20x2")),
            Err(_) => {
                let message = format!("{text} is out of range; a step is at most {}", u32::MAX);
                Err(ParseFramesError { column, message })
            }
        }
    }

    fn digits(&mut self, text: &mut String) {
        while let Some(digit) = self.chars.get(self.at).filter(|next| next.is_ascii_digit()) {
            text.push(*digit);
            self.at += 1;
        }
    }

    fn error(&self, message: &str) -> ParseFramesError {
        ParseFramesError { column: self.at + 1, message: message.to_owned() }
    }

    fn junk(&self, found: char) -> ParseFramesError {
        self.error(&format!("unexpected {found:?}; {ALLOWED}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What people type: the page's own reader of frame sets is tested with the same table.
    #[derive(serde::Deserialize)]
    struct Table {
        accepted: Vec<Accepted>,
        refused: Vec<Refused>,
    }

    #[derive(serde::Deserialize)]
    struct Accepted {
        text: String,
        frames: Vec<i32>,
    }

    #[derive(serde::Deserialize)]
    struct Refused {
        text: String,
        column: usize,
        message: String,
    }

    fn table() -> Table {
        serde_json::from_str(include_str!("../../fixtures/frame-sets.json")).unwrap()
    }

    #[test]
    fn what_people_write() {
        for Accepted { text, frames } in table().accepted {
            let set: FrameSet = text.parse().unwrap();
            assert_eq!(set.iter().collect::<Vec<_>>(), frames, "{text}");
        }
    }

    #[test]
    fn what_is_refused_says_where_and_what_to_write() {
        for Refused { text, column, message } in table().refused {
            let error = text.parse::<FrameSet>().unwrap_err();
            assert_eq!(error, ParseFramesError { column, message }, "{text}");
        }
    }

    #[test]
    fn ten_million_frames_cost_kilobytes() {
        let set: FrameSet = "1-10000000".parse().unwrap();
        assert_eq!(set.len(), 10_000_000);
        assert!(set.stored_bytes() < 4096, "{} bytes", set.stored_bytes());
        assert_eq!(set.to_string(), "1-10000000");
    }
}
