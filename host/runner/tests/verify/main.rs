//! Whole images are accepted; cut ones never are, wherever they are cut; damaged ones never do harm.

mod made;

use farmhand_runner::{Check, Format, Problem, Verified, VerifyError, verify_image, verify_movie};
use made::{images, movies};
use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

const LONG_AGO: SystemTime = SystemTime::UNIX_EPOCH;

fn verify(dir: &Path, name: &str, content: &[u8]) -> Result<Verified, VerifyError> {
    let path = dir.join(name);
    fs::write(&path, content).expect("a file");
    match verify_image(&path, LONG_AGO) {
        Err(VerifyError { problem: Problem::IsMovie(_), .. }) => verify_movie(&path, LONG_AGO),
        found => found,
    }
}

#[test]
fn an_image_is_no_movie_and_a_movie_no_image() {
    let dir = tempfile::tempdir().expect("a directory");
    let (image, movie) = (dir.path().join("a.png"), dir.path().join("a.mp4"));
    fs::write(&image, &images()[0].content).expect("a file");
    fs::write(&movie, &movies()[0].content).expect("a file");
    let error = verify_movie(&image, LONG_AGO).expect_err("an image");
    assert!(matches!(error.problem, Problem::IsImage(Format::Png)), "{error}");
    let error = verify_image(&movie, LONG_AGO).expect_err("a movie");
    assert!(matches!(error.problem, Problem::IsMovie(Format::Mp4)), "{error}");
    assert!(verify_movie(&movie, LONG_AGO).is_ok());
}

#[test]
fn what_an_encoder_wrote_is_whole() {
    let dir = tempfile::tempdir().expect("a directory");
    for made in images().into_iter().chain(movies()) {
        let found = verify(dir.path(), made.name, &made.content);
        let found = found.unwrap_or_else(|error| panic!("{}: {error}", made.name));
        assert_eq!((found.format, found.check), (made.format, made.check), "{}", made.name);
        assert_eq!(found.size, made.size, "{}", made.name);
        assert_eq!(found.bytes, made.content.len() as u64, "{}", made.name);
    }
}

#[test]
fn what_was_cut_off_anywhere_is_not() {
    let dir = tempfile::tempdir().expect("a directory");
    for made in images().into_iter().chain(movies()) {
        let length = made.content.len();
        let step = (length / 150).max(1);
        let cuts = (0..length).step_by(step).chain(length.saturating_sub(20)..length);
        for cut in cuts {
            let found = verify(dir.path(), made.name, &made.content[..cut]);
            assert!(found.is_err(), "{} with {cut} of {length} bytes: {found:?}", made.name);
        }
    }
}

#[test]
fn a_file_that_was_made_long_before_it_was_filled_is_not_whole() {
    // What a full disk or a crash leaves: the right length, and zeroes from some point on.
    let dir = tempfile::tempdir().expect("a directory");
    for made in images().into_iter().filter(|made| made.detects_zeroes) {
        let length = made.content.len();
        for part in [1, 2, 3] {
            let mut content = made.content.clone();
            content[length * part / 4..].fill(0);
            let found = verify(dir.path(), made.name, &content);
            assert!(found.is_err(), "{} with {part}/4 of its content: {found:?}", made.name);
        }
    }
}

#[test]
fn damage_is_never_more_than_an_error() {
    let dir = tempfile::tempdir().expect("a directory");
    for made in images().into_iter().chain(movies()) {
        let length = made.content.len();
        let step = (length / 80).max(1);
        for at in (0..length.min(100)).chain((100..length).step_by(step)) {
            let mut content = made.content.clone();
            content[at] = if at % 2 == 0 { content[at] ^ (1 << (at % 8)) } else { 0xff };
            let _ = verify(dir.path(), made.name, &content);
        }
    }
}

#[test]
fn what_is_no_image_says_why() {
    let dir = tempfile::tempdir().expect("a directory");
    let check = |name: &str, content: Option<&[u8]>, expect: &str| {
        let path = dir.path().join(name);
        if let Some(content) = content {
            fs::write(&path, content).expect("a file");
        }
        let error = verify_image(&path, LONG_AGO).expect_err(name).to_string();
        assert!(error.contains(expect) && error.contains(name), "{name}: {error}");
    };
    check("missing.png", None, "is not there");
    check("empty.png", Some(b""), "is empty");
    check("text.png", Some(b"error: no licence"), "does not begin like a Png file");
    check("text.exr", Some(b"error: no licence"), "does not begin like a OpenExr file");
    check("short.tga", Some(b"x"), "not a whole Tga file");
    fs::create_dir(dir.path().join("dir.png")).expect("a directory");
    check("dir.png", None, "not a regular file");
}

#[test]
fn a_file_from_before_the_attempt_does_not_count() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("0001.png");
    fs::write(&path, &images()[0].content).expect("a file");
    let started = SystemTime::now();
    assert!(verify_image(&path, started).is_ok(), "times are coarse");
    let file = File::options().write(true).open(&path).expect("a file");
    file.set_modified(started - Duration::from_secs(60)).expect("a time");
    let error = verify_image(&path, started).expect_err("old");
    assert!(matches!(error.problem, Problem::Stale(age) if age == Duration::from_secs(60)), "{error}");
}

#[test]
fn an_unknown_format_counts_once_it_stops_growing() {
    let dir = tempfile::tempdir().expect("a directory");
    let found = verify(dir.path(), "cache.vdb", b"whatever this is").expect("a settled file");
    assert_eq!((found.format, found.check), (Format::Other, Check::Settled));

    let path = dir.path().join("growing.vdb");
    fs::write(&path, "x").expect("a file");
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let grown = path.clone();
    let writer = std::thread::spawn(move || {
        use std::io::Write;
        let mut file = File::options().append(true).open(grown).expect("a file");
        while stopped.recv_timeout(Duration::from_millis(1)).is_err() {
            file.write_all(b"more").expect("written");
        }
    });
    let error = verify_image(&path, LONG_AGO).expect_err("it grows");
    assert!(matches!(error.problem, Problem::Changing), "{error}");
    stop.send(()).expect("a listener");
    writer.join().expect("the writer");
}

#[test]
fn the_content_decides_and_not_the_name() {
    let dir = tempfile::tempdir().expect("a directory");
    let png = &images()[0];
    for name in ["image.jpg", "image", "image.dat"] {
        assert_eq!(verify(dir.path(), name, &png.content).expect("an image").format, Format::Png);
    }
}
