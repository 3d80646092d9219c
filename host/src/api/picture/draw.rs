//! From a file and a wish to a picture, a list of passes, or the numbers of one pixel. It runs in a thread of the pool.

use super::canvas::{Canvas, Gather, Rect};
use super::exr::Exr;
use super::file::{self, Format, Stamp};
use super::passes::{Pass, PassKind};
use super::pool::{Fail, Wish};
use super::raster::Raster;
use super::show::{Look, Meaning, encode, show};
use super::wanted::{Region, Wanted};
use super::{LayersView, PassView, Picture, PictureError, PixelView, SampleView, WindowView};
use axum::body::Bytes;
use std::fs::File;
use std::io::{Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// The longest side where nothing is asked for.
const USUAL: u32 = 512;

/// A file up to this size is sent as it is where a browser can show it.
const SMALL_FILE: u64 = 2 * 1024 * 1024;

/// The picture; an error that says so when the file is no longer what `stamp` says.
pub(super) fn picture(
    path: &Path,
    stamp: Stamp,
    wanted: &Wanted,
    wish: &Wish,
) -> Result<Picture, PictureError> {
    let (mut file, now) = file::open(path)?;
    if now != stamp {
        return Err(PictureError::Changed);
    }
    guarded(path, || {
        let format = Format::of(&mut file, path)?;
        if let Some(picture) = as_it_is(&mut file, format, now, wanted)? {
            return Ok(picture);
        }
        let size = wanted.size.unwrap_or(USUAL);
        let look = Look { stops: wanted.stops(), view: wanted.view, over: wanted.over };
        let (canvas, meaning) = match format {
            Format::Exr => of_exr(file, wanted, size, wish)?,
            format => of_raster(file, format, wanted, size, wish)?,
        };
        wish.check()?;
        let (bytes, mime) = encode(&show(&canvas, &meaning, look), meaning.kind)?;
        Ok(Picture { bytes: Bytes::from(bytes), mime })
    })
}

/// What a file is made of.
pub(super) fn layers(path: &Path, _wish: &Wish) -> Result<LayersView, PictureError> {
    let (mut file, _) = file::open(path)?;
    guarded(path, || {
        let format = Format::of(&mut file, path)?;
        if format == Format::Exr {
            let exr = Exr::open(file)?;
            let first = exr.passes.first().ok_or_else(|| "it has no channels".to_owned())?;
            let windows = exr.windows(first);
            let passes = exr.passes.iter().map(|pass| pass_view(pass, exr.samples(pass))).collect();
            return Ok(LayersView {
                format: format.name().to_owned(),
                display: window(windows.display),
                data: window(windows.data),
                is_scene: true,
                passes,
            });
        }
        let raster = Raster::open(file, format)?;
        let whole = window(Rect::sized(raster.shape.width as usize, raster.shape.height as usize));
        let samples = match raster.shape.samples {
            super::raster::Samples::Srgb8 => "8 bit",
            super::raster::Samples::Srgb16 => "16 bit",
            super::raster::Samples::Float => "float",
        };
        Ok(LayersView {
            format: format.name().to_owned(),
            display: whole,
            data: whole,
            is_scene: raster.shape.is_light(),
            passes: vec![pass_view(&raster_pass(&raster), samples)],
        })
    })
}

/// The numbers of one pixel, as they are in the file; colours of files made for a screen as linear light.
pub(super) fn pixel(
    path: &Path,
    wanted: &Wanted,
    at: (i32, i32),
    wish: &Wish,
) -> Result<PixelView, PictureError> {
    let (mut file, _) = file::open(path)?;
    let region = Some(Region { x: at.0, y: at.1, width: 1, height: 1 });
    let one = Wanted { region, pass: wanted.pass.clone(), ..Wanted::default() };
    guarded(path, || {
        let format = Format::of(&mut file, path)?;
        let (names, canvas): (Vec<String>, Canvas) = if format == Format::Exr {
            let exr = Exr::open(file)?;
            let pass = choose(&exr.passes, wanted)?.clone();
            let view = seen(&one, exr.windows(&pass).display, exr.windows(&pass).data);
            let names = pass.channels.iter().map(|channel| channel.name.clone()).collect();
            (names, exr.gather(&pass, view, 1, Gather::First, wish)?)
        } else {
            let raster = Raster::open(file, format)?;
            choose(&[raster_pass(&raster)], wanted)?;
            let names = raster_pass(&raster).channels.iter().map(|channel| channel.name.clone()).collect();
            let whole = Rect::sized(raster.shape.width as usize, raster.shape.height as usize);
            let view = seen(&one, whole, whole);
            (names, raster.gather(view, 1, Gather::First, wish)?)
        };
        let samples = canvas.pixel(0, 0);
        let samples = samples.map_or_else(Vec::new, |samples| {
            names.into_iter().zip(samples).map(|(channel, value)| SampleView::new(channel, value)).collect()
        });
        Ok(PixelView { x: at.0, y: at.1, samples })
    })
}

/// Files that were damaged in just the right place make decoders panic: that is one more way to say that they are.
fn guarded<T>(path: &Path, work: impl FnOnce() -> Result<T, Fail>) -> Result<T, PictureError> {
    let done = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(Fail::File("it is damaged in a way that its decoder cannot name".to_owned()))
    });
    done.map_err(|fail| match fail {
        Fail::NotWanted => PictureError::Internal("nobody waits for this picture".to_owned()),
        Fail::File(reason) => PictureError::NotShown { path: path.to_owned(), reason },
    })
}

/// A small file that a browser shows as farmhand would.
fn as_it_is(file: &mut File, format: Format, stamp: Stamp, wanted: &Wanted) -> Result<Option<Picture>, Fail> {
    let mime = match format {
        Format::Png => "image/png",
        Format::Jpeg => "image/jpeg",
        _ => return Ok(None),
    };
    if stamp.length > SMALL_FILE || !wanted.is_plain() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    let failed = |error: std::io::Error| error.to_string();
    Read::by_ref(file).take(SMALL_FILE).read_to_end(&mut bytes).map_err(failed)?;
    file.rewind().map_err(failed)?;
    let dimensions = match format {
        // Its alpha is shown over what was asked for, and 16 bits are no thumbnail.
        Format::Png => {
            let clone = file.try_clone().map_err(failed)?;
            let shape = Raster::open(clone, format)?.shape;
            file.rewind().map_err(failed)?;
            shape.is_plain().then_some((shape.width, shape.height))
        }
        _ => image::ImageReader::with_format(std::io::Cursor::new(&bytes), image::ImageFormat::Jpeg)
            .into_dimensions()
            .ok(),
    };
    let fits =
        dimensions.is_some_and(|(width, height)| wanted.size.is_none_or(|size| width.max(height) <= size));
    Ok(fits.then(|| Picture { bytes: Bytes::from(bytes), mime }))
}

fn of_exr(file: File, wanted: &Wanted, size: u32, wish: &Wish) -> Result<(Canvas, Meaning), Fail> {
    let exr = Exr::open(file)?;
    let pass = choose(&exr.passes, wanted)?.clone();
    let windows = exr.windows(&pass);
    let meaning = Meaning {
        kind: pass.kind,
        places: pass.channels.len(),
        has_alpha: pass.kind == PassKind::Colour && pass.channels.len() == 4,
        is_scene: true,
        primaries: exr.primaries(&pass),
    };
    let view = seen(wanted, windows.display, windows.data);
    let canvas = exr.gather(&pass, view, size, gathering(pass.kind), wish)?;
    picked(canvas, meaning, &pass, wanted)
}

fn of_raster(
    file: File,
    format: Format,
    wanted: &Wanted,
    size: u32,
    wish: &Wish,
) -> Result<(Canvas, Meaning), Fail> {
    let raster = Raster::open(file, format)?;
    let shape = raster.shape;
    let pass = raster_pass(&raster);
    choose(std::slice::from_ref(&pass), wanted)?;
    let whole = Rect::sized(shape.width as usize, shape.height as usize);
    let canvas = raster.gather(seen(wanted, whole, whole), size, Gather::Mean, wish)?;
    let meaning = Meaning {
        kind: PassKind::Colour,
        places: if shape.has_alpha() { 4 } else { 3 },
        has_alpha: shape.has_alpha(),
        is_scene: shape.is_light(),
        primaries: None,
    };
    picked(canvas, meaning, &pass, wanted)
}

/// One channel alone where it is asked for.
fn picked(
    mut canvas: Canvas,
    meaning: Meaning,
    pass: &Pass,
    wanted: &Wanted,
) -> Result<(Canvas, Meaning), Fail> {
    let Some(name) = &wanted.channel else { return Ok((canvas, meaning)) };
    let place = pass.channels.iter().position(|channel| channel.name.eq_ignore_ascii_case(name));
    let Some(place) = place else {
        let known: Vec<_> = pass.channels.iter().map(|channel| channel.name.as_str()).collect();
        return Err(Fail::File(format!(
            "`{}` has no channel `{name}`; it has {}",
            pass.name,
            known.join(", ")
        )));
    };
    canvas.pick(place);
    let is_alpha = meaning.has_alpha && place + 1 == meaning.places;
    let kind = match meaning.kind {
        PassKind::Colour if !is_alpha => PassKind::Colour,
        PassKind::Depth => PassKind::Depth,
        PassKind::Id => PassKind::Id,
        PassKind::Cryptomatte if place % 2 == 0 => PassKind::Id,
        _ => PassKind::Value,
    };
    Ok((canvas, Meaning { kind, places: 1, has_alpha: false, primaries: None, ..meaning }))
}

/// The pass that is asked for, or the first one.
fn choose<'a>(passes: &'a [Pass], wanted: &Wanted) -> Result<&'a Pass, Fail> {
    let Some(name) = &wanted.pass else {
        return passes.first().ok_or_else(|| Fail::File("it has no channels".to_owned()));
    };
    passes.iter().find(|pass| pass.name == *name).ok_or_else(|| {
        let known: Vec<_> = passes.iter().take(12).map(|pass| pass.name.as_str()).collect();
        Fail::File(format!("it has no pass `{name}`; it has {}", known.join(", ")))
    })
}

fn gathering(kind: PassKind) -> Gather {
    match kind {
        PassKind::Colour | PassKind::Value | PassKind::Normals => Gather::Mean,
        _ => Gather::First,
    }
}

fn seen(wanted: &Wanted, display: Rect, data: Rect) -> Rect {
    match wanted.region {
        Some(Region { x, y, width, height }) => {
            Rect { x: f64::from(x), y: f64::from(y), width: f64::from(width), height: f64::from(height) }
        }
        None if wanted.is_whole => data,
        None => display,
    }
}

/// Grey is gathered as three colours, and keeps them here.
fn raster_pass(raster: &Raster) -> Pass {
    let letters: &[&str] = if raster.shape.has_alpha() { &["R", "G", "B", "A"] } else { &["R", "G", "B"] };
    let channels = letters
        .iter()
        .enumerate()
        .map(|(index, name)| super::passes::Channel { index, name: (*name).to_owned() })
        .collect();
    Pass { name: letters.concat(), kind: PassKind::Colour, part: 0, channels }
}

fn pass_view(pass: &Pass, samples: &str) -> PassView {
    PassView {
        name: pass.name.clone(),
        kind: pass.kind,
        channels: pass.channels.iter().map(|channel| channel.name.clone()).collect(),
        samples: samples.to_owned(),
    }
}

fn window(rect: Rect) -> WindowView {
    WindowView { x: rect.x as i32, y: rect.y as i32, width: rect.width as u32, height: rect.height as u32 }
}
