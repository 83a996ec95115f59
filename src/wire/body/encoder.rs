//! Writes the head, the document in base64 and the tail, block by block.

use std::io::{self, Read};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::GeneralPurposeConfig;
use bytes::{Buf, Bytes};

use super::super::document::Content;
use super::SourceError;

/// The fastest base64 engine of this platform; `base64`'s `STANDARD` does not use SIMD.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
type Base64 = base64::engine::Simd;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
type Base64 = base64::engine::GeneralPurpose;

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn base64() -> Base64 {
    Base64::standard(GeneralPurposeConfig::new())
}
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn base64() -> Base64 {
    Base64::new(&base64::alphabet::STANDARD, GeneralPurposeConfig::new())
}

/// Document bytes that encode to one block.
const GROUPS: usize = super::Body::BLOCK_BYTES / 4 * 3;

/// The unwritten rest of a body: head, document and tail.
pub(super) struct Encoder {
    base64: Base64,
    head: Bytes,
    input: Input,
    tail: Bytes,
}

enum Input {
    Memory(Bytes),
    Stream(Stream),
}

/// A source being read. Its length must match the declared one.
struct Stream {
    /// Never locked, so it costs nothing: it makes every body `Sync`, as some HTTP clients require,
    /// though a source need not be.
    source: Mutex<Box<dyn Read + Send>>,
    declared: u64,
    /// Bytes that the source has not yielded yet.
    remaining: u64,
    /// Bytes that were read and are not encoded yet: `block[start..end]`.
    block: Box<[u8]>,
    start: usize,
    end: usize,
}

impl Encoder {
    pub(super) fn empty() -> Self {
        Self {
            base64: base64(),
            head: Bytes::new(),
            input: Input::Memory(Bytes::new()),
            tail: Bytes::new(),
        }
    }

    pub(super) fn open(head: Bytes, content: &Content, tail: &'static [u8]) -> io::Result<Self> {
        let input = match content {
            Content::Memory(bytes) => Input::Memory(bytes.clone()),
            Content::Source { source, len } => Input::Stream(Stream {
                source: Mutex::new(or_source_error(|| source.open())?),
                declared: *len,
                remaining: *len,
                block: vec![0; usize::try_from(*len).unwrap_or(GROUPS).min(GROUPS)]
                    .into_boxed_slice(),
                start: 0,
                end: 0,
            }),
        };
        Ok(Self {
            base64: base64(),
            head,
            input,
            tail: Bytes::from_static(tail),
        })
    }

    /// Writes as much as fits and returns the number of bytes: 0 only at the end, or if `buffer` is
    /// shorter than four bytes.
    ///
    /// The tail is written only after a document of the declared length, so a wrong length never
    /// results in a complete body.
    pub(super) fn fill(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = take(&mut self.head, buffer);
        loop {
            let room = &mut buffer[filled..];
            let (input, last) = self.input.next_groups(room.len() / 4)?;
            if input.is_empty() {
                if last {
                    filled += take(&mut self.tail, room);
                }
                return Ok(filled);
            }
            let encoded = self
                .base64
                .encode_slice(input, room)
                .map_err(io::Error::other)?;
            let consumed = input.len();
            self.input.consume(consumed);
            filled += encoded;
        }
    }

    /// Checks that nothing is left. Call it after [`fill`](Self::fill) returned 0.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        let done = self.head.is_empty() && self.tail.is_empty();
        if done {
            Ok(())
        } else {
            Err(io::Error::from(io::ErrorKind::WriteZero))
        }
    }
}

impl Input {
    /// At most `groups` groups of three bytes, less than three bytes only at the end of the
    /// document. Empty with `true` after the last one.
    fn next_groups(&mut self, groups: usize) -> io::Result<(&[u8], bool)> {
        match self {
            Self::Memory(bytes) => {
                let count = bytes.len().min(groups.saturating_mul(3));
                Ok((&bytes[..count], bytes.is_empty()))
            }
            Self::Stream(stream) => {
                stream.refill()?;
                let available = stream.end - stream.start;
                let whole = if stream.remaining == 0 {
                    available
                } else {
                    available - available % 3
                };
                let count = whole.min(groups.saturating_mul(3));
                Ok((
                    &stream.block[stream.start..stream.start + count],
                    available == 0 && stream.remaining == 0,
                ))
            }
        }
    }

    fn consume(&mut self, count: usize) {
        match self {
            Self::Memory(bytes) => bytes.advance(count),
            Self::Stream(stream) => stream.start += count,
        }
    }
}

impl Stream {
    /// If less than three bytes are left in the block, fills it as far as the source allows. Short
    /// reads are coalesced.
    fn refill(&mut self) -> io::Result<()> {
        if self.remaining == 0 || self.end - self.start >= 3 {
            return Ok(());
        }
        self.block.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        while self.remaining > 0 && self.end < self.block.len() {
            let room = usize::try_from(self.remaining)
                .unwrap_or(usize::MAX)
                .min(self.block.len() - self.end);
            let count = self.read(self.end..self.end + room)?;
            if count == 0 {
                return Err(SourceError::Shorter {
                    declared: self.declared,
                    yielded: self.declared - self.remaining,
                }
                .into_io());
            }
            self.end += count;
            self.remaining -= count as u64;
        }
        if self.remaining == 0 && self.has_more()? {
            return Err(SourceError::Longer {
                declared: self.declared,
            }
            .into_io());
        }
        Ok(())
    }

    fn read(&mut self, range: Range<usize>) -> io::Result<usize> {
        let source = self
            .source
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        let room = &mut self.block[range];
        let count = read(source, room)?;
        // A source that claims to have read more than the buffer holds is broken; the bound avoids
        // a panic.
        Ok(count.min(room.len()))
    }

    fn has_more(&mut self) -> io::Result<bool> {
        let source = self
            .source
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        Ok(read(source, &mut [0])? > 0)
    }
}

/// Reads some bytes of a source.
fn read(source: &mut dyn Read, room: &mut [u8]) -> io::Result<usize> {
    or_source_error(|| {
        loop {
            match source.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    })
}

/// Calls into a source. An error becomes a [`SourceError`], and so does a panic: it is the
/// document's failure, not that of the transport or of the thread that reads.
fn or_source_error<T>(call: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    // What a panic leaves half done belongs to the source, and its attempt ends with this error.
    catch_unwind(AssertUnwindSafe(call))
        // The message of the panic is left out: it may contain secrets.
        .unwrap_or_else(|_| Err(io::Error::other("the document source panicked")))
        .map_err(|error| SourceError::Unreadable(error).into_io())
}

fn take(from: &mut Bytes, buffer: &mut [u8]) -> usize {
    let count = from.len().min(buffer.len());
    buffer[..count].copy_from_slice(&from[..count]);
    from.advance(count);
    count
}
