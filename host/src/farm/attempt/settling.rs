//! From "the DCC says that it wrote this" to "it is there": checks that the frame is this attempt's own, verifies the
//! image, moves it into place, and tells the scheduler.
//!
//! It works beside the reading of the log, in order, so that a slow decode never holds the renderer's output up.
//!
//! A frame may have several images: views, passes, layers rendered together. It is done once all of those that the
//! command promised are in place and none that was announced before it was bad.
//!
//! A daemon may be gone between moving an image and saying so. The next one, which reads the log again, finds the image
//! in place instead of where it was written.

use super::Attempt;
use super::ending::{BAD_IMAGE, FOREIGN_FRAME, LIE, NOT_PLACED};
use super::manifest::Manifest;
use super::reading::KEPT;
use farmhand_model::dcc::{Cause, Fault, ImageOutput, MovieOutput, Output, Severity};
use farmhand_model::{FrameSet, Timestamp};
use farmhand_runner::{Roots, place, verify_image, verify_movie};
use farmhand_scheduler::Event;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc;

/// Images waiting to be verified; past that the reading waits, and with it nothing but the log file.
const QUEUE: usize = 64;

/// What is to be settled.
pub(super) enum Claim {
    /// The DCC wrote this image.
    Image { image: ImageOutput, seconds: Option<f64> },
    /// The DCC, or the host before it, left this image as it was.
    Existing(ImageOutput),
    /// The DCC wrote this movie.
    Movie(MovieOutput),
}

/// What came of the claims.
#[derive(Default)]
pub(super) struct Settled {
    pub(super) frames: FrameSet,
    pub(super) faults: Vec<Fault>,
}

/// Settles claims in their order until the sender is dropped.
pub(super) struct Settler {
    claims: mpsc::Sender<Claim>,
    task: tokio::task::JoinHandle<Settled>,
}

impl Settler {
    pub(super) fn start(attempt: &Attempt, manifest: &Manifest) -> Self {
        let (claims, inbox) = mpsc::channel(QUEUE);
        let work = Work {
            attempt: attempt.id,
            driver: attempt.driver.clone(),
            roots: attempt.parts.roots.clone(),
            frames: manifest.task.frames.clone(),
            staging: manifest.task.staging.clone(),
            not_before: system_time(manifest.started),
            taken_up: attempt.taken_up,
            images: Images::promised(&manifest.outputs),
            settled: Settled::default(),
        };
        Self { claims, task: tokio::spawn(work.run(inbox)) }
    }

    pub(super) async fn claim(&self, claim: Claim) {
        // The task ends only after this sender is dropped, or with the daemon.
        let _ = self.claims.send(claim).await;
    }

    /// Waits until every claim is settled.
    pub(super) async fn finish(self) -> Settled {
        drop(self.claims);
        self.task.await.unwrap_or_default()
    }
}

struct Work {
    attempt: farmhand_model::AttemptId,
    driver: super::DriverHandle,
    roots: Roots,
    frames: FrameSet,
    staging: PathBuf,
    not_before: SystemTime,
    /// An earlier daemon began the attempt, and may have moved images.
    taken_up: bool,
    images: Images,
    settled: Settled,
}

/// Which images of which frames are still to come.
#[derive(Default)]
struct Images {
    /// Those that the command promised and that are not in place yet, and those that were announced and bad; by the
    /// path where the DCC writes them.
    open: BTreeMap<i32, BTreeSet<PathBuf>>,
    /// Those that are in place: nobody is believed twice.
    in_place: BTreeSet<PathBuf>,
}

impl Images {
    fn promised(outputs: &[Output]) -> Self {
        let mut images = Self::default();
        for output in outputs {
            if let Output::Image(image) = output {
                images.opened(image.frame, &image.path);
            }
        }
        images
    }

    /// Its frame is not complete without this one.
    fn opened(&mut self, frame: i32, path: &Path) {
        self.open.entry(frame).or_default().insert(path.to_owned());
    }

    /// It is in place now; answers whether its frame is complete with it.
    fn arrived(&mut self, frame: i32, path: &Path) -> bool {
        self.in_place.insert(path.to_owned());
        let Some(open) = self.open.get_mut(&frame) else { return true };
        open.remove(path);
        open.is_empty()
    }
}

impl Work {
    async fn run(mut self, mut inbox: mpsc::Receiver<Claim>) -> Settled {
        while let Some(claim) = inbox.recv().await {
            let (frames, seconds, skipped) = match &claim {
                Claim::Image { image, seconds } => {
                    (FrameSet::range(image.frame, image.frame), *seconds, false)
                }
                Claim::Existing(image) => (FrameSet::range(image.frame, image.frame), None, true),
                Claim::Movie(movie) => (movie.frames.clone(), None, false),
            };
            if !frames.is_subset(&self.frames) {
                if self.settled.faults.len() < KEPT {
                    self.settled.faults.push(foreign_frame(&frames, &self.frames));
                }
                continue;
            }
            let image = match &claim {
                Claim::Image { image, .. } | Claim::Existing(image) => {
                    Some((image.frame, image.path.clone()))
                }
                Claim::Movie(_) => None,
            };
            let is_known = match &image {
                Some((_, path)) => self.images.in_place.contains(path),
                None => frames.is_subset(&self.settled.frames),
            };
            if is_known {
                continue;
            }
            match self.settle(claim).await {
                Ok((path, bytes)) => {
                    if let Some((frame, path)) = &image
                        && !self.images.arrived(*frame, path)
                    {
                        continue;
                    }
                    let frames = frames.difference(&self.settled.frames);
                    self.settled.frames.extend(&frames);
                    for frame in frames.iter() {
                        let path = path.display().to_string();
                        let event = Event::FrameSettled {
                            attempt: self.attempt,
                            frame,
                            path,
                            bytes,
                            seconds,
                            skipped,
                        };
                        self.driver.tell(event).await;
                    }
                }
                Err(mut fault) => {
                    fault.frame = frames.first().filter(|_| frames.len() == 1);
                    if let Some((frame, path)) = &image {
                        self.images.opened(*frame, path);
                    }
                    if self.settled.faults.len() < KEPT {
                        let event = Event::Fault { attempt: self.attempt, fault: fault.clone() };
                        self.driver.tell(event).await;
                        self.settled.faults.push(fault);
                    }
                }
            }
        }
        self.settled
    }

    async fn settle(&self, claim: Claim) -> Result<(PathBuf, u64), Fault> {
        let staging = self.staging.clone();
        let roots = self.roots.clone();
        let not_before = self.not_before;
        let (attempt, taken_up) = (self.attempt, self.taken_up);
        let written = move |path: &Path, place: Option<&Path>| -> Result<PathBuf, Fault> {
            let path = inside(path, place.is_some(), &staging, &roots)?;
            let moved = place.filter(|_| taken_up && !path.exists());
            let moved = moved.and_then(|place| in_place(place, &roots));
            Ok(moved.unwrap_or(path))
        };
        let roots = self.roots.clone();
        tokio::task::spawn_blocking(move || match claim {
            Claim::Image { image, .. } => {
                let path = written(&image.path, image.place.as_deref())?;
                let verified = verify_image(&path, not_before).map_err(|error| disbelief(&error))?;
                Ok((into_place(path, image.place, &roots, attempt)?, verified.bytes))
            }
            Claim::Existing(image) => {
                let path = image.place.unwrap_or(image.path);
                let path = roots.confine(&path).map_err(|error| lie(&error))?;
                let verified = verify_image(&path, UNIX_EPOCH).map_err(|error| disbelief(&error))?;
                Ok((path, verified.bytes))
            }
            Claim::Movie(movie) => {
                let path = written(&movie.path, movie.place.as_deref())?;
                let verified = verify_movie(&path, not_before).map_err(|error| disbelief(&error))?;
                Ok((into_place(path, movie.place, &roots, attempt)?, verified.bytes))
            }
        })
        .await
        .unwrap_or_else(|error| Err(lie(&error)))
    }
}

/// Whether an image that the job may leave alone is there and whole.
pub(super) async fn is_whole(path: PathBuf) -> bool {
    tokio::task::spawn_blocking(move || verify_image(&path, UNIX_EPOCH).is_ok()).await.unwrap_or(false)
}

/// Where it really is. What lies in the staging directory is gone with the attempt unless it goes elsewhere.
fn inside(path: &Path, has_place: bool, staging: &Path, roots: &Roots) -> Result<PathBuf, Fault> {
    let own = Roots::new([staging.to_owned()]).map_err(|error| lie(&error))?;
    match own.confine(path) {
        Ok(path) if has_place => Ok(path),
        Ok(path) => {
            Err(lie(&format!("{} is in the staging directory, and has no place to go to", path.display())))
        }
        Err(_) => roots.confine(path).map_err(|error| lie(&error)),
    }
}

/// Its place, where there is a file already.
fn in_place(place: &Path, roots: &Roots) -> Option<PathBuf> {
    roots.confine(place).ok().filter(|place| place.exists())
}

fn into_place(
    path: PathBuf,
    to: Option<PathBuf>,
    roots: &Roots,
    attempt: farmhand_model::AttemptId,
) -> Result<PathBuf, Fault> {
    let Some(to) = to else { return Ok(path) };
    let to = roots.confine(&to).map_err(|error| lie(&error))?;
    place(&path, &to, attempt).map_err(|error| Fault {
        severity: Severity::WorkerFatal,
        cause: Cause::Disk,
        message: format!("{NOT_PLACED}: {error}"),
        frame: None,
        about: None,
    })?;
    Ok(to)
}

fn disbelief(error: &dyn std::fmt::Display) -> Fault {
    Fault {
        severity: Severity::Transient,
        cause: Cause::Other,
        message: format!("{BAD_IMAGE}: {error}"),
        frame: None,
        about: None,
    }
}

fn lie(error: &dyn std::fmt::Display) -> Fault {
    Fault {
        severity: Severity::FrameFatal,
        cause: Cause::Plugin,
        message: format!("{LIE}: {error}"),
        frame: None,
        about: None,
    }
}

fn foreign_frame(claimed: &FrameSet, own: &FrameSet) -> Fault {
    Fault {
        severity: Severity::Transient,
        cause: Cause::Plugin,
        message: format!("{FOREIGN_FRAME} {claimed}, but this attempt renders {own}; ignored"),
        frame: None,
        about: None,
    }
}

fn system_time(at: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(at.0.max(0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(frame: i32, path: &str) -> Output {
        Output::Image(ImageOutput { frame, path: path.into(), place: None })
    }

    #[test]
    fn a_frame_is_complete_with_its_last_promised_image() {
        let mut images = Images::promised(&[image(1, "/left.1"), image(1, "/right.1"), image(2, "/main.2")]);
        assert!(!images.arrived(1, Path::new("/left.1")));
        assert!(
            !images.arrived(2, Path::new("/depth.2")),
            "an extra image comes before the one that was promised"
        );
        assert!(images.arrived(2, Path::new("/main.2")));
        assert!(images.arrived(1, Path::new("/right.1")));
        assert!(images.arrived(3, Path::new("/nobody/promised.3")));
        assert!(images.in_place.contains(Path::new("/left.1")));
    }

    #[test]
    fn a_bad_image_keeps_its_frame_open_until_it_is_whole() {
        let mut images = Images::promised(&[]);
        images.opened(4, Path::new("/depth.4"));
        assert!(!images.arrived(4, Path::new("/main.4")));
        assert!(images.arrived(4, Path::new("/depth.4")));
    }
}
