//! What sentences are made of in more than one place.

/// `1 frame`, `2 frames`.
#[must_use]
pub fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
