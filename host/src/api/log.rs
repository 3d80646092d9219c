//! Reading an attempt's log: a span of it, its last lines, and following it while it grows. Memory stays at one block
//! however long the log or a line of it is.
//!
//! What a client asked for and what it is answered with is in `attempts`.

use axum::body::Bytes;
use futures::Stream;
use std::io;
use std::ops::Range;
use std::time::{Duration, Instant};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, SeekFrom};
use tokio_util::sync::CancellationToken;

/// Read at once: large enough that 200 MB cost few calls, small enough that 100 readers cost nothing.
const BLOCK: usize = 64 * 1024;

/// How far back the last lines are looked for, so that one endless line does not cost a walk through a whole log.
const TAIL_BYTES: u64 = 16 * 1024 * 1024;

/// How often a followed log is looked at: what a page shows is at most 100 ms old.
const POLL: Duration = Duration::from_millis(100);

/// How often a followed log that does not grow is asked whether it still can.
const LIVE_POLL: Duration = Duration::from_millis(500);

/// What a `Range` header asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// No range, or one that may be ignored: several at once, or another unit.
    Whole,
    /// This part.
    Part(Range<u64>),
    /// Nothing that there is.
    Outside,
}

/// Reads a `Range` header against a file of `length` bytes (RFC 9110, section 14).
pub(super) fn asked_range(header: Option<&str>, length: u64) -> Asked {
    let Some(spec) = header.and_then(|header| header.trim().strip_prefix("bytes=")) else {
        return Asked::Whole;
    };
    let Some((first, last)) = spec.split_once('-').filter(|_| !spec.contains(',')) else {
        return Asked::Whole;
    };
    let range = match (first.trim().parse::<u64>(), last.trim().parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(length),
        (Ok(first), Err(_)) if last.trim().is_empty() => first..length,
        (Err(_), Ok(count)) if first.trim().is_empty() => length.saturating_sub(count)..length,
        _ => return Asked::Whole,
    };
    if range.start < range.end { Asked::Part(range) } else { Asked::Outside }
}

/// Where the last `lines` lines of a file's first `length` bytes begin. A line without its newline at the end counts.
pub(super) async fn tail_start(file: &mut File, length: u64, lines: u32) -> io::Result<u64> {
    let floor = length.saturating_sub(TAIL_BYTES);
    let mut newlines = 0;
    let mut end = length;
    let mut block = vec![0; BLOCK];
    while end > floor {
        let start = end.saturating_sub(BLOCK as u64).max(floor);
        let part = &mut block[..(end - start) as usize];
        file.seek(SeekFrom::Start(start)).await?;
        file.read_exact(part).await?;
        for (index, _) in part.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n') {
            let after = start + index as u64 + 1;
            // The newline that ends the last line begins no line.
            if after == length {
                continue;
            }
            newlines += 1;
            if newlines == lines {
                return Ok(after);
            }
        }
        end = start;
    }
    Ok(floor)
}

/// A span of a file, block by block. Ends early where the file does.
pub(super) fn span(mut file: File, span: Range<u64>) -> impl Stream<Item = io::Result<Bytes>> {
    async_stream::try_stream! {
        file.seek(SeekFrom::Start(span.start)).await?;
        let mut left = span.end - span.start;
        while left > 0 {
            let block = read_block(&mut file, left).await?;
            if block.is_empty() {
                break;
            }
            left -= block.len() as u64;
            yield block;
        }
    }
}

/// A file from `start` on, and what is added to it, until `is_live` says that nothing more will be, or the daemon
/// stops. Holds `place` as long as it lives.
pub(super) fn follow<L, F, P>(
    mut file: File,
    start: u64,
    mut is_live: L,
    stop: CancellationToken,
    place: P,
) -> impl Stream<Item = io::Result<Bytes>>
where
    L: FnMut() -> F,
    F: Future<Output = bool>,
{
    async_stream::try_stream! {
        let _place = place;
        file.seek(SeekFrom::Start(start)).await?;
        let mut live = true;
        let mut asked = Instant::now();
        loop {
            let mut grew = false;
            loop {
                let block = read_block(&mut file, BLOCK as u64).await?;
                if block.is_empty() {
                    break;
                }
                grew = true;
                yield block;
            }
            if !live {
                break;
            }
            if !grew && asked.elapsed() >= LIVE_POLL {
                // What was written before the end was announced is read after the question.
                live = is_live().await;
                asked = Instant::now();
                continue;
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }
}

async fn read_block(file: &mut File, most: u64) -> io::Result<Bytes> {
    let size = most.min(BLOCK as u64) as usize;
    let mut block = Vec::with_capacity(size);
    file.take(size as u64).read_to_end(&mut block).await?;
    Ok(Bytes::from(block))
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{StreamExt, TryStreamExt, pin_mut};
    use std::io::Write;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[test]
    fn ranges_are_read_as_http_says() {
        let check =
            |header: &str, expect: Asked| assert_eq!(asked_range(Some(header), 100), expect, "{header}");
        check("bytes=0-9", Asked::Part(0..10));
        check("bytes=90-", Asked::Part(90..100));
        check("bytes=-5", Asked::Part(95..100));
        check("bytes=-500", Asked::Part(0..100));
        check("bytes=50-5000", Asked::Part(50..100));
        check("bytes=0-18446744073709551615", Asked::Part(0..100));
        check("bytes=100-", Asked::Outside);
        check("bytes=-0", Asked::Outside);
        check("bytes=9-0", Asked::Whole);
        check("bytes=0-1,5-6", Asked::Whole);
        check("lines=0-9", Asked::Whole);
        check("bytes=x-", Asked::Whole);
        check("bytes=-", Asked::Whole);
        assert_eq!(asked_range(None, 100), Asked::Whole);
        assert_eq!(asked_range(Some("bytes=0-"), 0), Asked::Outside);
    }

    async fn file(contents: &[u8]) -> (tempfile::NamedTempFile, File) {
        let mut written = tempfile::NamedTempFile::new().unwrap();
        written.write_all(contents).unwrap();
        let opened = File::open(written.path()).await.unwrap();
        (written, opened)
    }

    #[tokio::test]
    async fn the_last_lines_are_found_across_blocks() {
        async fn check(contents: &[u8], lines: u32, expect: &[u8]) {
            let (_kept, mut file) = file(contents).await;
            let start = tail_start(&mut file, contents.len() as u64, lines).await.unwrap();
            assert_eq!(String::from_utf8_lossy(&contents[start as usize..]), String::from_utf8_lossy(expect));
        }
        check(b"", 5, b"").await;
        check(b"a\nb\nc\n", 2, b"b\nc\n").await;
        check(b"a\nb\nc", 2, b"b\nc").await;
        check(b"a\nb\nc\n", 3, b"a\nb\nc\n").await;
        check(b"a\nb\nc\n", 9, b"a\nb\nc\n").await;
        check(b"\n\n\n", 1, b"\n").await;
        let long = format!("{}\n{}\nlast\n", "x".repeat(3 * BLOCK), "y".repeat(2 * BLOCK));
        let expect = format!("{}\nlast\n", "y".repeat(2 * BLOCK));
        check(long.as_bytes(), 2, expect.as_bytes()).await;
    }

    async fn all(stream: impl Stream<Item = io::Result<Bytes>>) -> Vec<u8> {
        stream
            .try_fold(Vec::new(), async |mut all, block| {
                all.extend(block);
                Ok(all)
            })
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn a_span_is_exact_and_ends_where_the_file_does() {
        let contents: Vec<u8> = (0..3 * BLOCK).map(|n| n as u8).collect();
        let (_kept, opened) = file(&contents).await;
        assert_eq!(all(span(opened, 10..(2 * BLOCK as u64 + 5))).await, &contents[10..2 * BLOCK + 5]);
        let (_kept, opened) = file(b"short").await;
        assert_eq!(all(span(opened, 2..1000)).await, b"ort");
    }

    #[tokio::test]
    async fn following_shows_what_is_added_and_ends_with_the_attempt() {
        let (mut writer, opened) = file(b"one\n").await;
        let live = Arc::new(AtomicBool::new(true));
        let still = Arc::clone(&live);
        let stream = follow(
            opened,
            0,
            move || std::future::ready(still.load(Ordering::SeqCst)),
            CancellationToken::new(),
            (),
        );
        pin_mut!(stream);
        assert_eq!(stream.next().await.unwrap().unwrap(), "one\n");
        writer.write_all(b"two\n").unwrap();
        assert_eq!(stream.next().await.unwrap().unwrap(), "two\n");
        writer.write_all(b"three\n").unwrap();
        live.store(false, Ordering::SeqCst);
        assert_eq!(all(stream).await, b"three\n");
    }

    #[tokio::test]
    async fn following_ends_when_the_daemon_stops() {
        let (_writer, opened) = file(b"one\n").await;
        let stop = CancellationToken::new();
        let stream = follow(opened, 2, || std::future::ready(true), stop.clone(), ());
        pin_mut!(stream);
        assert_eq!(stream.next().await.unwrap().unwrap(), "e\n");
        stop.cancel();
        assert!(stream.next().await.is_none());
    }
}
