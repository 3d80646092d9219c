//! OpenEXR, block by block: an 8K image with forty channels costs the memory of one block and of the picture. Blocks that
//! the picture does not need are not read: other levels of a tiled file, what is outside of the view, and most lines of
//! a file that is many times larger than the picture.

use super::canvas::{Axis, Canvas, Gather, Rect};
use super::passes::{Part, Pass, PassKind, passes};
use super::pool::{Fail, Wish};
use super::primaries::ToRec709;
use exr::block::UncompressedBlock;
use exr::block::reader::Reader;
use exr::meta::BlockDescription;
use exr::meta::attribute::LevelMode;
use exr::meta::compute_level_size;
use exr::meta::header::Header;
use exr::prelude::{Error, SampleType, f16};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What one block may be, decompressed. 256 lines of 16K in sixteen channels of half floats.
const MAX_BLOCK: u64 = 128 * 1024 * 1024;
/// What may be decompressed for one picture: 16K by 16K in four channels of floats. It is what bounds the time.
const MAX_DECODED: u64 = 4 << 30;
/// Blocks and channels of a file: more than any renderer writes.
const MAX_CHUNKS: usize = 1 << 22;
const MAX_CHANNELS: usize = 1 << 14;
/// What the header may take: an attribute can claim two gigabytes for itself.
const MAX_HEADER: u64 = 64 * 1024 * 1024;
/// From this many pixels on, lines that fall between those of the picture are left out.
const THINNED: u64 = 1 << 24;

/// A file that can be read on only as long as something is left of its allowance.
struct Metered {
    file: BufReader<File>,
    left: Arc<AtomicU64>,
}

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        let left = self.left.load(Ordering::Relaxed);
        match left.checked_sub(count as u64) {
            Some(rest) => self.left.store(rest, Ordering::Relaxed),
            None => {
                return Err(io::Error::other(format!("its header is larger than {} MB", MAX_HEADER >> 20)));
            }
        }
        Ok(count)
    }
}

impl Seek for Metered {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// An opened file.
pub(super) struct Exr {
    reader: Reader<Metered>,
    pub(super) passes: Vec<Pass>,
}

/// What a pass is made of, besides its samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Windows {
    /// What the artist framed.
    pub(super) display: Rect,
    /// What there are samples of.
    pub(super) data: Rect,
}

impl Exr {
    pub(super) fn open(mut file: File) -> Result<Self, String> {
        file.rewind().map_err(|error| error.to_string())?;
        let left = Arc::new(AtomicU64::new(MAX_HEADER));
        let metered = Metered { file: BufReader::new(file), left: Arc::clone(&left) };
        let reader = exr::block::read(metered, false).map_err(message)?;
        // What follows is bounded by what the header says.
        left.store(u64::MAX, Ordering::Relaxed);
        let headers = reader.headers();
        let chunks: usize = headers.iter().fold(0, |sum, header| sum.saturating_add(header.chunk_count));
        let channels: usize = headers.iter().map(|header| header.channels.list.len()).sum();
        if chunks > MAX_CHUNKS || channels > MAX_CHANNELS {
            return Err(format!("it claims to have {chunks} blocks of {channels} channels"));
        }
        let parts: Vec<Part> = headers
            .iter()
            .map(|header| Part {
                name: header.own_attributes.layer_name.as_ref().map(ToString::to_string),
                deep: header.deep,
                channels: header
                    .channels
                    .list
                    .iter()
                    .map(|channel| (channel.name.to_string(), channel.sample_type == SampleType::U32))
                    .collect(),
            })
            .collect();
        Ok(Self { passes: passes(&parts), reader })
    }

    fn header(&self, pass: &Pass) -> &Header {
        &self.reader.headers()[pass.part]
    }

    /// What a pass's samples are stored as.
    pub(super) fn samples(&self, pass: &Pass) -> &'static str {
        let first =
            pass.channels.first().map(|channel| self.header(pass).channels.list[channel.index].sample_type);
        match first {
            Some(SampleType::F16) => "half",
            Some(SampleType::U32) => "uint",
            _ => "float",
        }
    }

    pub(super) fn windows(&self, pass: &Pass) -> Windows {
        let header = self.header(pass);
        let display = header.shared_attributes.display_window;
        let corner = header.own_attributes.layer_position;
        Windows {
            display: Rect {
                x: f64::from(display.position.x()),
                y: f64::from(display.position.y()),
                width: (display.size.width() as f64).max(1.0),
                height: (display.size.height() as f64).max(1.0),
            },
            data: Rect {
                x: f64::from(corner.x()),
                y: f64::from(corner.y()),
                ..Rect::sized(header.layer_size.width(), header.layer_size.height())
            },
        }
    }

    /// What brings a pass's colours to those of the screen.
    pub(super) fn primaries(&self, pass: &Pass) -> Option<ToRec709> {
        (pass.kind == PassKind::Colour)
            .then(|| self.header(pass).shared_attributes.chromaticities.as_ref().and_then(ToRec709::of))
            .flatten()
    }

    /// Gathers the samples of a pass that are within `view` on a canvas, each channel at its place in the pass.
    pub(super) fn gather(
        self,
        pass: &Pass,
        view: Rect,
        size: u32,
        gather: Gather,
        wish: &Wish,
    ) -> Result<Canvas, Fail> {
        let data = self.windows(pass).data;
        let header = self.header(pass);
        refuse(header, pass)?;
        let mut canvas = Canvas::new(view, header.shared_attributes.pixel_aspect, size, gather);
        let level = level_for(header, &canvas);
        let levelled = |full: usize| level_size(header, full, level);
        let (width, height) = (levelled(header.layer_size.width()), levelled(header.layer_size.height()));
        let step = (data.width / width as f64, data.height / height as f64);
        let thinned = (width as u64).saturating_mul(height as u64) > THINNED;
        let bytes_each = header.channels.bytes_per_pixel as u64;

        let meta = self.reader.meta_data().clone();
        let mut bytes = 0_u64;
        let chunks = self
            .reader
            .filter_chunks(false, |_, tile, block| {
                let (x, y) = (
                    data.x + block.pixel_position.x() as f64 * step.0,
                    data.y + block.pixel_position.y() as f64 * step.1,
                );
                let (right, bottom) =
                    (x + block.pixel_size.x() as f64 * step.0, y + block.pixel_size.y() as f64 * step.1);
                let needed = block.layer == pass.part
                    && (tile.level_index.x(), tile.level_index.y()) == (level, level)
                    && view.has_columns(x, right)
                    && view.has_rows(y, bottom)
                    && (!thinned || canvas.needs_rows(y, bottom));
                if needed {
                    bytes = bytes.saturating_add(block.pixel_size.area() as u64 * bytes_each);
                }
                needed
            })
            .map_err(message)?;
        if bytes > MAX_DECODED {
            return Err(Fail::File(format!(
                "{} MB would have to be decompressed for this picture, and at most {} MB are; ask for a smaller size \
                 or a region",
                bytes >> 20,
                MAX_DECODED >> 20
            )));
        }
        let meta_headers = &meta.headers;
        for chunk in chunks {
            wish.check()?;
            let block = UncompressedBlock::decompress_chunk(chunk.map_err(message)?, &meta, false)
                .map_err(message)?;
            // The table may point at a block of another part or level.
            if block.index.layer == pass.part
                && (block.index.level.x(), block.index.level.y()) == (level, level)
            {
                put_block(&mut canvas, &meta_headers[pass.part], pass, &block, data, step)?;
            }
        }
        Ok(canvas)
    }
}

fn put_block(
    canvas: &mut Canvas,
    header: &Header,
    pass: &Pass,
    block: &UncompressedBlock,
    data: Rect,
    step: (f64, f64),
) -> Result<(), Fail> {
    let start = data.x + block.index.pixel_position.x() as f64 * step.0;
    let columns = canvas.columns_of(Axis { start, step: step.0 }, block.index.pixel_size.x());
    for line in block.lines(&header.channels) {
        let place = pass.channels.iter().position(|channel| channel.index == line.location.channel);
        let middle = data.y + (line.location.position.y() as f64 + 0.5) * step.1;
        let (Some(place), Some(row)) = (place, canvas.row(middle)) else { continue };
        let counts = place == 0;
        match header.channels.list[line.location.channel].sample_type {
            SampleType::F16 => canvas.put_line(
                row,
                &columns,
                place,
                counts,
                line.read_samples::<f16>().map_while(Result::ok).map(f16::to_f32),
            ),
            SampleType::F32 => canvas.put_line(
                row,
                &columns,
                place,
                counts,
                line.read_samples::<f32>().map_while(Result::ok),
            ),
            // Object numbers beyond 2^24 lose their last digits here, which their colours do not show.
            SampleType::U32 => canvas.put_line(
                row,
                &columns,
                place,
                counts,
                line.read_samples::<u32>().map_while(Result::ok).map(|one| one as f32),
            ),
        }
    }
    Ok(())
}

fn message(error: Error) -> String {
    match error {
        Error::NotSupported(what) => format!("it uses what is not supported yet: {what}"),
        error => error.to_string(),
    }
}

/// What cannot be read within bounds, or not at all.
fn refuse(header: &Header, pass: &Pass) -> Result<(), String> {
    if header.deep {
        return Err(format!("`{}` has deep samples, which are not shown; flatten it", pass.name));
    }
    if header.channels.list.iter().any(|channel| (channel.sampling.x(), channel.sampling.y()) != (1, 1)) {
        return Err(
            "its colour channels have fewer samples than its brightness, which is not shown".to_owned()
        );
    }
    let block = header.max_block_pixel_size();
    let bytes = (block.x() as u64)
        .saturating_mul(block.y().min(header.layer_size.height().max(1)) as u64)
        .saturating_mul(header.channels.bytes_per_pixel as u64);
    if bytes > MAX_BLOCK {
        return Err(format!(
            "each of its blocks is {} MB, and at most {} MB are decompressed at once; write it with a compression of \
             fewer lines a block, such as ZIP, or in tiles",
            bytes >> 20,
            MAX_BLOCK >> 20
        ));
    }
    Ok(())
}

/// The smallest level that still has a sample for every pixel of the picture.
fn level_for(header: &Header, canvas: &Canvas) -> usize {
    let BlockDescription::Tiles(tiles) = header.blocks else { return 0 };
    if tiles.level_mode == LevelMode::Singular {
        return 0;
    }
    let (width, height) = (header.layer_size.width(), header.layer_size.height());
    let enough = |full: usize, level: usize, pixels: usize, view: f64| {
        level_size(header, full, level) as f64 * view >= pixels as f64 * full as f64
    };
    (1..32)
        .take_while(|level| width >> level > 0 && height >> level > 0)
        .take_while(|level| {
            enough(width, *level, canvas.columns, canvas.view.width)
                && enough(height, *level, canvas.rows, canvas.view.height)
        })
        .last()
        .unwrap_or(0)
}

fn level_size(header: &Header, full: usize, level: usize) -> usize {
    match header.blocks {
        BlockDescription::Tiles(tiles) => compute_level_size(tiles.rounding_mode, full, level).max(1),
        BlockDescription::ScanLines => full.max(1),
    }
}
