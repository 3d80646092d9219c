//! Amounts of memory as people write and read them: `12 GB`, `1.5 GiB`.

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{OneOf, Schema};
use utoipa::{PartialSchema, ToSchema};

/// An amount of memory. Read from text with a unit, where GB is 10^9 bytes and GiB is 2^30, or from a number of bytes.
/// Shown in powers of 1000, as GPU and memory vendors count: `12 GB`, `1.5 GB`, `512 MB`. In JSON a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Bytes(pub u64);

/// Units, in the order in which messages name them.
const UNITS: [(&str, u64); 9] = [
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];
/// Digits after the point that count.
const PLACES: usize = 9;

impl Bytes {
    /// More than any node has, so that a need above it is a mistake: 1000 TB.
    pub const MOST: Bytes = Bytes(1_000_000_000_000_000);
}

/// Why a text is no amount of memory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseBytesError {
    /// No number comes first.
    #[error("`{0}` is no amount of memory; write one such as `12 GB` or `512 MiB`")]
    NoNumber(String),
    /// Which of them it is cannot be guessed.
    #[error("`{0}` has no unit; write `{0} GB` or `{0} GiB`")]
    NoUnit(String),
    /// There is no such unit.
    #[error("`{unit}` in `{text}` is no unit of memory; there are {}", units())]
    Unit {
        /// What was written.
        text: String,
        /// Its end.
        unit: String,
    },
    /// No machine has that.
    #[error("`{0}` is more than any machine has; the most is 1000 TB")]
    TooMuch(String),
}

fn units() -> String {
    UNITS.map(|(name, _)| name).join(", ")
}

impl FromStr for Bytes {
    type Err = ParseBytesError;

    fn from_str(text: &str) -> Result<Self, ParseBytesError> {
        let text = text.trim();
        let end = text.find(|char: char| !char.is_ascii_digit() && char != '.').unwrap_or(text.len());
        let (number, unit) = (&text[..end], text[end..].trim());
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let no_number = || ParseBytesError::NoNumber(text.to_owned());
        if whole.is_empty() || part.contains('.') {
            return Err(no_number());
        }
        if unit.is_empty() {
            return Err(ParseBytesError::NoUnit(text.to_owned()));
        }
        let found = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit));
        let (_, factor) =
            found.ok_or_else(|| ParseBytesError::Unit { text: text.to_owned(), unit: unit.to_owned() })?;
        let too_much = || ParseBytesError::TooMuch(text.to_owned());
        let whole: u64 = whole.parse().map_err(|_| too_much())?;
        let part: String = part.chars().chain(std::iter::repeat('0')).take(PLACES).collect();
        let part: u64 = part.parse().map_err(|_| no_number())?;
        let of_part = u128::from(part) * u128::from(*factor) / 10u128.pow(PLACES as u32);
        let bytes = u128::from(whole) * u128::from(*factor) + of_part;
        match u64::try_from(bytes) {
            Ok(bytes) if bytes <= Self::MOST.0 => Ok(Self(bytes)),
            _ => Err(too_much()),
        }
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, name) = match self.0 {
            0..1_000_000 => return write!(f, "{} kB", self.0.div_ceil(1000)),
            1_000_000..1_000_000_000 => (1_000_000, "MB"),
            _ => (1_000_000_000, "GB"),
        };
        let tenths = self.0 / (unit / 10);
        if tenths >= 100 || tenths.is_multiple_of(10) {
            write!(f, "{} {name}", tenths / 10)
        } else {
            write!(f, "{}.{} {name}", tenths / 10, tenths % 10)
        }
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EitherForm)
    }
}

struct EitherForm;

impl Visitor<'_> for EitherForm {
    type Value = Bytes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an amount of memory such as `12 GB`, or a number of bytes")
    }

    fn visit_u64<E: de::Error>(self, bytes: u64) -> Result<Bytes, E> {
        match bytes <= Bytes::MOST.0 {
            true => Ok(Bytes(bytes)),
            false => Err(E::custom(ParseBytesError::TooMuch(format!("{bytes} B")))),
        }
    }

    fn visit_i64<E: de::Error>(self, bytes: i64) -> Result<Bytes, E> {
        match u64::try_from(bytes) {
            Ok(bytes) => self.visit_u64(bytes),
            Err(_) => Err(E::invalid_value(de::Unexpected::Signed(bytes), &self)),
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Bytes, E> {
        text.parse().map_err(E::custom)
    }
}

impl PartialSchema for Bytes {
    fn schema() -> RefOr<Schema> {
        OneOf::builder()
            .description(Some("An amount of memory such as `12 GB` or `8 GiB`, or a number of bytes."))
            .item(String::schema())
            .item(u64::schema())
            .into()
    }
}

impl ToSchema for Bytes {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Bytes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn amounts_are_short_and_never_too_much() {
        let check = |bytes, expect: &str| assert_eq!(Bytes(bytes).to_string(), expect);
        check(0, "0 kB");
        check(999_999, "1000 kB");
        check(512_000_000, "512 MB");
        check(1_550_000_000, "1.5 GB");
        check(12_000_000_000, "12 GB");
        check(85_899_345_920, "85 GB");
    }

    #[test]
    fn what_people_write_is_read() {
        let check = |text: &str, expect| assert_eq!(text.parse(), Ok(Bytes(expect)), "{text}");
        check("12 GB", 12_000_000_000);
        check("12gb", 12_000_000_000);
        check(" 8 GiB ", 8 << 30);
        check("1.5 GiB", 3 << 29);
        check("0.5kB", 500);
        check("1.123456789123 GB", 1_123_456_789);
        check("4096 B", 4096);
        check("1000 TB", Bytes::MOST.0);
    }

    #[test]
    fn what_is_no_amount_is_refused_with_the_remedy() {
        for (text, expect) in [
            ("", "`` is no amount of memory; write one such as `12 GB`"),
            ("GB", "`GB` is no amount"),
            ("-1 GB", "`-1 GB` is no amount"),
            (".5 GB", "is no amount"),
            ("1.2.3 GB", "is no amount"),
            ("12", "`12` has no unit; write `12 GB` or `12 GiB`"),
            ("12 G", "`G` in `12 G` is no unit of memory; there are B, kB, MB, GB, TB, KiB, MiB, GiB, TiB"),
            ("1,5 GB", "`,5 GB` in `1,5 GB` is no unit"),
            ("1000.1 TB", "more than any machine has"),
            ("99999999999999999999999 B", "more than any machine has"),
        ] {
            let error = text.parse::<Bytes>().unwrap_err().to_string();
            assert!(error.contains(expect), "{text}: {error}");
        }
    }

    #[test]
    fn json_has_a_number_or_a_text() {
        for (json, expect) in [(json!("2 GB"), Some(2_000_000_000)), (json!(7), Some(7)), (json!("7"), None)]
        {
            assert_eq!(serde_json::from_value(json).ok(), expect.map(Bytes));
        }
        for (json, expect) in [
            (json!(-1), "expected an amount of memory such as `12 GB`, or a number of bytes"),
            (json!(u64::MAX), "more than any machine has"),
            (json!(1.5), "expected an amount of memory"),
            (json!(null), "expected an amount of memory"),
        ] {
            let error = serde_json::from_value::<Bytes>(json).unwrap_err().to_string();
            assert!(error.contains(expect), "{error}");
        }
        assert_eq!(serde_json::to_value(Bytes(7)).unwrap(), json!(7));
    }
}
