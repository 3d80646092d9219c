//! Text files line by line, without ever holding more than a line, and no further than a bound.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// What of a line is kept. Names and numbers stand at its beginning; what is longer is geometry, or a drawing.
const LONGEST: usize = 64 << 10;
/// How much of a file is looked at, as the plugins do: what counts stands at the end of a Maya scene, so half a scene
/// would tell lies.
pub(super) const MOST_BYTES: u64 = 256 << 20;

/// Gives each line to `take`, without its end. Whether the whole file was read.
pub(super) fn each(path: &Path, take: impl FnMut(&str)) -> io::Result<bool> {
    let file = File::open(path)?;
    of_reader(BufReader::with_capacity(256 << 10, file), MOST_BYTES, take)
}

fn of_reader(reader: impl BufRead, most: u64, mut take: impl FnMut(&str)) -> io::Result<bool> {
    // One byte more tells a file that ends at the bound from one that goes on.
    let mut reader = reader.take(most + 1);
    let mut read = 0;
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut bytes = (&mut reader).take(LONGEST as u64).read_until(b'\n', &mut line)? as u64;
        let whole = line.ends_with(b"\n");
        if !whole && bytes == LONGEST as u64 {
            bytes += rest_of_line(&mut reader)?;
        }
        read += bytes;
        if read > most {
            return Ok(false);
        }
        if bytes == 0 {
            return Ok(true);
        }
        let text = String::from_utf8_lossy(&line);
        take(text.trim_end_matches(['\n', '\r']));
    }
}

/// Passes over what is left of a line, and says how much that was.
fn rest_of_line(reader: &mut impl BufRead) -> io::Result<u64> {
    let mut passed = 0;
    loop {
        let buffer = reader.fill_buf()?;
        let (bytes, ended) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        reader.consume(bytes);
        passed += bytes as u64;
        if ended {
            return Ok(passed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_bounded_and_so_is_the_file() {
        let check = |text: &[u8], most: u64, expect: &[&str], complete: bool| {
            let mut lines = Vec::new();
            let read = of_reader(text, most, |line| lines.push(line.to_owned())).expect("readable");
            assert_eq!(lines, expect);
            assert_eq!(read, complete);
        };
        check(b"", 10, &[], true);
        check(b"one\r\ntwo\n\nthree", 100, &["one", "two", "", "three"], true);
        check(b"four", 4, &["four"], true);
        check(b"one\nfour5", 7, &["one"], false);
        check(b"\xff\n", 10, &["\u{fffd}"], true);
        let long = [vec![b'a'; LONGEST + 10], b"\nend".to_vec()].concat();
        let kept = "a".repeat(LONGEST);
        check(&long, 1 << 20, &[&kept, "end"], true);
    }
}
