//! A table of texts to look for in log lines, as cheap as one pass over a line however long the table is.

/// One row: a line matches when it contains all the needles, in any order.
#[derive(Debug, Clone, Copy)]
pub struct Rule<T: 'static> {
    /// Substrings, case-sensitive. The first has at least four bytes, and a line without it costs next to nothing:
    /// put the rarest first.
    pub needles: &'static [&'static str],
    /// What a match means.
    pub then: T,
}

/// A row, as tables are written: `row(&["out of memory"], MEMORY)`.
#[must_use]
pub const fn row<T>(needles: &'static [&'static str], then: T) -> Rule<T> {
    Rule { needles, then }
}

/// A table in which the first matching row wins: put the specific before the general.
///
/// Every four bytes in a row of a line are looked up in a small set that holds the last four bytes of each row's
/// first needle; only a line with a hit is compared with the rows.
#[derive(Debug, Clone)]
pub struct Rules<T: 'static> {
    rows: &'static [Rule<T>],
    grams: Box<[u64; WORDS]>,
}

const BITS: u32 = 13;
const WORDS: usize = (1 << BITS) / 64;

impl<T> Rules<T> {
    /// The table of these rows.
    ///
    /// # Panics
    /// A row has no needle, or its first one is shorter than four bytes: a mistake in the plugin that its first
    /// test shows.
    #[must_use]
    pub fn new(rows: &'static [Rule<T>]) -> Self {
        let mut grams = Box::new([0; WORDS]);
        for row in rows {
            let tail = row.needles.first().and_then(|needle| needle.as_bytes().last_chunk());
            let Some(tail) = tail else {
                panic!("the first needle of a rule needs at least four bytes: {:?}", row.needles);
            };
            let hash = hash(*tail);
            grams[hash / 64] |= 1 << (hash % 64);
        }
        Self { rows, grams }
    }

    /// The first row that the line matches.
    #[must_use]
    pub fn find(&self, line: &str) -> Option<&'static Rule<T>> {
        let hit = line.as_bytes().windows(4).any(|window| {
            let hash = hash([window[0], window[1], window[2], window[3]]);
            self.grams[hash / 64] & (1 << (hash % 64)) != 0
        });
        if !hit {
            return None;
        }
        self.rows.iter().find(|row| row.needles.iter().all(|needle| line.contains(needle)))
    }
}

/// Fibonacci hashing: the upper bits of the product depend on all four bytes.
fn hash(bytes: [u8; 4]) -> usize {
    (u32::from_le_bytes(bytes).wrapping_mul(0x9E37_79B1) >> (32 - BITS)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    static ROWS: [Rule<u8>; 4] = [
        Rule { needles: &["out of memory", "GPU"], then: 1 },
        Rule { needles: &["out of memory"], then: 2 },
        Rule { needles: &["Error"], then: 3 },
        Rule { needles: &["größe"], then: 4 },
    ];

    fn check(line: &str, expected: Option<u8>) {
        assert_eq!(Rules::new(&ROWS).find(line).map(|rule| rule.then), expected, "{line}");
    }

    #[test]
    fn the_first_row_with_all_its_needles_wins() {
        check("GPU: out of memory", Some(1));
        check("out of memory", Some(2));
        check("Error: out of memory", Some(2));
        check("xError", Some(3));
        check("die größe", Some(4));
        check("error", None);
        check("Err", None);
        check("", None);
    }

    #[test]
    #[should_panic(expected = "at least four bytes")]
    fn a_short_first_needle_is_a_mistake() {
        static SHORT: [Rule<u8>; 1] = [Rule { needles: &["oom"], then: 0 }];
        let _ = Rules::new(&SHORT);
    }
}
