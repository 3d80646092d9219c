//! How a picture is wanted: what an address can say of it.

use super::light::View;
use super::show::Over;

/// How a picture is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(in crate::api) struct Wanted {
    /// Longest side in pixels; absent: the file itself where it is small enough.
    pub(in crate::api) size: Option<u32>,
    /// The layer or pass; absent: the one that a file's name for it says is the beauty.
    pub(in crate::api) pass: Option<String>,
    /// One channel of the pass, alone.
    pub(in crate::api) channel: Option<String>,
    /// Hundredths of a stop.
    pub(in crate::api) exposure: i32,
    pub(in crate::api) view: View,
    pub(in crate::api) over: Over,
    /// Everything there are samples of, and not what was framed.
    pub(in crate::api) is_whole: bool,
    /// A piece of the file.
    pub(in crate::api) region: Option<Region>,
}

impl Wanted {
    pub(in crate::api) fn set_stops(&mut self, stops: f32) {
        self.exposure = (stops * 100.0).round() as i32;
    }

    pub(super) fn stops(&self) -> f32 {
        self.exposure as f32 / 100.0
    }

    /// Whether the file as it is would do where its size does.
    pub(super) fn is_plain(&self) -> bool {
        let plain = Self { size: self.size, over: self.over, is_whole: self.is_whole, ..Self::default() };
        *self == plain
    }
}

/// A piece of a file, in its pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::api) struct Region {
    pub(in crate::api) x: i32,
    pub(in crate::api) y: i32,
    pub(in crate::api) width: u32,
    pub(in crate::api) height: u32,
}

impl Region {
    /// Reads `x,y,width,height`.
    pub(in crate::api) fn parse(text: &str) -> Option<Self> {
        let mut pieces = text.split(',').map(|piece| piece.trim().parse::<i32>().ok());
        let mut next = || pieces.next().flatten();
        let (x, y, width, height) = (next()?, next()?, next()?, next()?);
        let bounds = 1..=1 << 17;
        let (width, height) =
            (bounds.contains(&width).then_some(width)?, bounds.contains(&height).then_some(height)?);
        let region = Self { x, y, width: width.unsigned_abs(), height: height.unsigned_abs() };
        pieces.next().is_none().then_some(region)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_read() {
        let check = |text: &str, expect: Option<(i32, i32, u32, u32)>| {
            let found = Region::parse(text).map(|one| (one.x, one.y, one.width, one.height));
            assert_eq!(found, expect, "{text}");
        };
        check("0,0,10,20", Some((0, 0, 10, 20)));
        check("-5, 7, 1, 1", Some((-5, 7, 1, 1)));
        for wrong in ["", "1,2,3", "1,2,3,4,5", "0,0,0,1", "0,0,1,-1", "a,0,1,1", "0,0,99999999,1"] {
            check(wrong, None);
        }
    }
}
