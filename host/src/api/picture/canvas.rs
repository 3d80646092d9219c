//! The small picture that samples are gathered on: which pixel each sample falls on, and what the pixel becomes of
//! several. A file of any size costs no more memory than the picture. What samples mean is not known here.

use super::light::unit;

/// A rectangle in the file's own pixels; the display window's corner need not be 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rect {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Rect {
    pub(super) fn sized(width: usize, height: usize) -> Self {
        Self { x: 0.0, y: 0.0, width: width as f64, height: height as f64 }
    }

    fn is_within(&self, low: f64, high: f64, from: f64, length: f64) -> bool {
        high > from && low < from + length
    }

    /// Whether any row of `from` up to `to` is in it.
    pub(super) fn has_rows(&self, from: f64, to: f64) -> bool {
        self.is_within(from, to, self.y, self.height)
    }

    /// Whether any column of `from` up to `to` is in it.
    pub(super) fn has_columns(&self, from: f64, to: f64) -> bool {
        self.is_within(from, to, self.x, self.width)
    }
}

/// What becomes of several samples that fall on one pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gather {
    /// Their mean: right for light.
    Mean,
    /// The first of them: a mean of distances or of object numbers is none that is there.
    First,
}

impl Gather {
    /// Light that is infinite or no number must not spoil the mean of its neighbours.
    fn sane(self, sample: f32) -> f32 {
        match self {
            Self::First => sample,
            Self::Mean if sample.is_nan() => 0.0,
            Self::Mean => sample.clamp(-65504.0, 65504.0),
        }
    }
}

/// Where samples of a row or column lie: `start` is where the first begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    pub(super) start: f64,
    pub(super) step: f64,
}

/// Marks a sample that falls on no pixel.
pub(super) const OUTSIDE: u32 = u32::MAX;

/// The picture. A pixel has up to four samples, red first.
pub(super) struct Canvas {
    pub(super) columns: usize,
    pub(super) rows: usize,
    pub(super) view: Rect,
    gather: Gather,
    sums: Vec<[f32; 4]>,
    counts: Vec<u32>,
}

impl Canvas {
    /// A picture of `view` with neither side longer than `size`, and never larger than the file. `aspect` is how wide
    /// a pixel of the file is for its height.
    pub(super) fn new(view: Rect, aspect: f32, size: u32, gather: Gather) -> Self {
        let aspect = f64::from(aspect);
        let aspect = if aspect.is_finite() && (0.1..=10.0).contains(&aspect) { aspect } else { 1.0 };
        // A wide pixel makes the picture wider, or lower where that would be more than there is.
        let (width, height) = if aspect >= 1.0 {
            (view.width, view.height / aspect)
        } else {
            (view.width * aspect, view.height)
        };
        let scale = (f64::from(size) / width.max(height).max(1.0)).min(1.0);
        let side = |length: f64| ((length * scale).round() as usize).clamp(1, size.max(1) as usize);
        let (columns, rows) = (side(width), side(height));
        let (sums, counts) = (vec![[0.0; 4]; columns * rows], vec![0; columns * rows]);
        Self { columns, rows, view, gather, sums, counts }
    }

    /// The row that a line of the file falls on, by where its middle is.
    pub(super) fn row(&self, middle: f64) -> Option<usize> {
        let row = ((middle - self.view.y) * self.rows as f64 / self.view.height).floor();
        (row >= 0.0 && row < self.rows as f64).then_some(row as usize)
    }

    /// Whether the middle of any of its rows lies from `low` up to `high`: lines that none lies in may be left out of a
    /// file that is much larger than the picture.
    pub(super) fn needs_rows(&self, low: f64, high: f64) -> bool {
        let pitch = self.view.height / self.rows as f64;
        let first = ((low - self.view.y) / pitch - 0.5).ceil().max(0.0);
        first < self.rows as f64 && self.view.y + (first + 0.5) * pitch < high
    }

    /// The columns that the samples of a line fall on.
    pub(super) fn columns_of(&self, axis: Axis, count: usize) -> Vec<u32> {
        let scale = self.columns as f64 / self.view.width;
        (0..count)
            .map(|index| {
                let middle = axis.start + (index as f64 + 0.5) * axis.step;
                let column = ((middle - self.view.x) * scale).floor();
                if column >= 0.0 && column < self.columns as f64 { column as u32 } else { OUTSIDE }
            })
            .collect()
    }

    /// One sample of every place at once.
    pub(super) fn put(&mut self, row: usize, column: u32, samples: [f32; 4]) {
        let index = row * self.columns + column as usize;
        if self.gather == Gather::First && self.counts[index] > 0 {
            return;
        }
        self.counts[index] += 1;
        for (sum, sample) in self.sums[index].iter_mut().zip(samples) {
            *sum += self.gather.sane(sample);
        }
    }

    /// Samples of one place along a line. Exactly one place of all has `counts` set.
    pub(super) fn put_line(
        &mut self,
        row: usize,
        columns: &[u32],
        place: usize,
        counts: bool,
        samples: impl Iterator<Item = f32>,
    ) {
        let line = row * self.columns;
        for (column, sample) in columns.iter().zip(samples) {
            if *column == OUTSIDE {
                continue;
            }
            let index = line + *column as usize;
            match self.gather {
                Gather::Mean => {
                    self.sums[index][place] += self.gather.sane(sample);
                    self.counts[index] += u32::from(counts);
                }
                // The count has a bit for each place that has its one sample.
                Gather::First if self.counts[index] & (1 << place) == 0 => {
                    self.sums[index][place] = sample;
                    self.counts[index] |= 1 << place;
                }
                Gather::First => {}
            }
        }
    }

    /// What a pixel is; `None` where the file has nothing for it.
    pub(super) fn pixel(&self, column: usize, row: usize) -> Option<[f32; 4]> {
        let index = row * self.columns + column;
        let count = self.counts[index];
        let sums = self.sums[index];
        match (count, self.gather) {
            (0, _) => None,
            (_, Gather::First) => Some(sums),
            (count, Gather::Mean) => Some(sums.map(|sum| sum / count as f32)),
        }
    }

    /// Lets one place alone stay, as the first.
    pub(super) fn pick(&mut self, place: usize) {
        for sums in &mut self.sums {
            *sums = [sums[place], 0.0, 0.0, 0.0];
        }
    }

    /// The least and the largest of a place among samples that `counts` takes.
    pub(super) fn range(&self, places: usize, is_meant: impl Fn(f32) -> bool) -> Option<(f32, f32)> {
        (0..self.rows)
            .flat_map(|row| (0..self.columns).map(move |column| (column, row)))
            .filter_map(|(column, row)| self.pixel(column, row))
            .flat_map(|samples| samples.into_iter().take(places))
            .filter(|sample| sample.is_finite() && is_meant(*sample))
            .fold(None, |range, sample| {
                let (low, high) = range.unwrap_or((sample, sample));
                Some((low.min(sample), high.max(sample)))
            })
    }
}

/// A value between 0 and 1 as a byte.
pub(super) fn to_byte(value: f32) -> u8 {
    (unit(value) * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_is_never_larger_than_asked_for_nor_than_the_file() {
        let check = |width: usize, height: usize, aspect: f32, size: u32, expect: (usize, usize)| {
            let canvas = Canvas::new(Rect::sized(width, height), aspect, size, Gather::Mean);
            assert_eq!((canvas.columns, canvas.rows), expect, "{width}x{height} at {size}, {aspect}");
        };
        check(64, 32, 1.0, 32, (32, 16));
        check(64, 32, 1.0, 2048, (64, 32));
        check(100_000, 1, 1.0, 100, (100, 1));
        check(1, 1, 1.0, 16, (1, 1));
        check(100, 100, 2.0, 100, (100, 50));
        check(100, 100, 0.5, 100, (50, 100));
        check(100, 100, f32::NAN, 100, (100, 100));
    }

    #[test]
    fn every_row_of_the_picture_finds_the_lines_it_needs() {
        let canvas =
            Canvas::new(Rect { x: 0.0, y: -8.0, width: 160.0, height: 160.0 }, 1.0, 10, Gather::Mean);
        // Rows are 16 lines high; their middles are at 0, 16, 32 and so on.
        for (low, high, expect) in [
            (-8.0, 0.0, false),
            (0.0, 1.0, true),
            (1.0, 16.0, false),
            (15.0, 17.0, true),
            (152.0, 400.0, false),
        ] {
            assert_eq!(canvas.needs_rows(low, high), expect, "{low} to {high}");
        }
        assert_eq!(
            [-8.5, -7.5, 7.5, 8.5, 151.5, 152.5].map(|y| canvas.row(y)),
            [None, Some(0), Some(0), Some(1), Some(9), None]
        );
    }

    #[test]
    fn samples_are_averaged_or_the_first_is_kept() {
        let columns = [0, 0, OUTSIDE];
        let of = |gather| {
            let mut canvas = Canvas::new(Rect::sized(2, 2), 1.0, 1, gather);
            for samples in [[1.0, 3.0, 9.0], [f32::NAN, f32::INFINITY, 9.0]] {
                canvas.put_line(0, &columns, 0, true, samples.into_iter());
            }
            canvas.pixel(0, 0)
        };
        assert_eq!(of(Gather::Mean).map(|sums| sums[0]), Some((1.0 + 3.0 + 65504.0) / 4.0));
        assert_eq!(of(Gather::First).map(|sums| sums[0]), Some(1.0));
        assert_eq!(Canvas::new(Rect::sized(2, 2), 1.0, 1, Gather::Mean).pixel(0, 0), None);
    }
}
