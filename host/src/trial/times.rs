//! Moments inside a text, such as the one in the name of a generated script: two runs of the same plugin differ in them
//! and in nothing else, so they are written as `{time}` before texts are compared.

use farmhand_model::Timestamp;

const HOUR: i64 = 3_600_000;
/// A moment that was written into a text is as near as this to the one when it was written: local times included.
const NEAR: i64 = 26 * HOUR;

/// The text with every moment near one of `moments` as `{time}`: Unix times in seconds or milliseconds, and dates with
/// times of day, such as `2026-06-26 18:15:23` and `20260626_181523`.
#[must_use]
pub fn without_times(text: &str, moments: &[Timestamp]) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut kept = 0;
    let mut at = 0;
    while at < bytes.len() {
        let begins = bytes[at].is_ascii_digit() && (at == 0 || !bytes[at - 1].is_ascii_digit());
        let found = if begins { moment(&text[at..]) } else { None };
        match found {
            Some((length, millis)) if moments.iter().any(|near| (near.0 - millis).abs() <= NEAR) => {
                out.push_str(&text[kept..at]);
                out.push_str("{time}");
                at += length;
                kept = at;
            }
            _ => at += 1,
        }
    }
    out.push_str(&text[kept..]);
    out
}

/// The moment that the text begins with: its length, and the milliseconds since 1970.
fn moment(text: &str) -> Option<(usize, i64)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number = || text[..digits].parse::<i64>().ok();
    match digits {
        10 => Some((digits, number()?.checked_mul(1000)?)),
        13 => Some((digits, number()?)),
        _ => date(text),
    }
}

/// `YYYYMMDD` with or without dashes, then `HHMMSS` with or without colons, with one of ` T_-` or nothing between them.
fn date(text: &str) -> Option<(usize, i64)> {
    let mut rest = text.bytes().enumerate().peekable();
    let mut fields = [0_i64; 6];
    for (index, field) in fields.iter_mut().enumerate() {
        let separators: &[u8] = match index {
            0 => b"",
            1 | 2 => b"-",
            3 => b" T_-",
            _ => b":",
        };
        rest.next_if(|(_, byte)| separators.contains(byte));
        for _ in 0..if index == 0 { 4 } else { 2 } {
            let (_, digit) = rest.next_if(|(_, byte)| byte.is_ascii_digit())?;
            *field = *field * 10 + i64::from(digit - b'0');
        }
    }
    let end = rest.peek().map_or(text.len(), |(at, _)| *at);
    if rest.peek().is_some_and(|(_, byte)| byte.is_ascii_digit()) {
        return None;
    }
    let small = |index: usize| i8::try_from(fields[index]).ok();
    let date = jiff::civil::Date::new(i16::try_from(fields[0]).ok()?, small(1)?, small(2)?).ok()?;
    let time = jiff::civil::Time::new(small(3)?, small(4)?, small(5)?, 0).ok()?;
    let zoned = date.to_datetime(time).to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some((end, zoned.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2025-06-26 18:15:23.
    const NOW: Timestamp = Timestamp(1_750_961_723_000);

    #[test]
    fn moments_near_now_are_no_difference() {
        let check = |text: &str, expect: &str| assert_eq!(without_times(text, &[NOW]), expect);
        check("render_Write1_f1001_1750961999_12.py", "render_Write1_f1001_{time}_12.py");
        check("at 1750961723123 ms", "at {time} ms");
        check("# written 2025-06-26 18:15:23, by hand", "# written {time}, by hand");
        check("render_shot_20250626_181523_beauty.ma", "render_shot_{time}_beauty.ma");
        check("20250626T201523", "{time}");
        check("two 1750961723 and 1750961724", "two {time} and {time}");
    }

    #[test]
    fn other_numbers_stay() {
        for text in [
            "",
            "shot_0001.exr",
            "1550961723",
            "17509617231",
            "20150626_181523",
            "20251326_181523",
            "-s 1 -e 1234567890123456",
            "Größe 1234",
        ] {
            assert_eq!(without_times(text, &[NOW]), text);
        }
        assert_eq!(without_times("1750961723", &[]), "1750961723");
    }
}
