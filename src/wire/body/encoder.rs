//! Head, document in base64, tail, written block by block into whatever buffer is at hand.

use std::io::{self, Read};

use base64::Engine;
use base64::engine::GeneralPurposeConfig;
use bytes::{Buf, Bytes};

use super::super::document::Content;
use super::SourceError;

/// The best encoder of this machine; the crate's well-known `STANDARD` is a scalar one.
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

/// Bytes of the document to a block of encoded ones.
const GROUPS: usize = super::Body::BLOCK_BYTES / 4 * 3;

/// A body half written: what is left of the head, the document and the tail.
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

/// A source being read, held to the length it gave.
struct Stream {
    source: Box<dyn Read + Send>,
    declared: u64,
    /// What the source still owes.
    remaining: u64,
    /// What is read and not yet encoded: `block[start..end]`.
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
                source: source
                    .open()
                    .map_err(|error| SourceError::Unreadable(error).into_io())?,
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

    /// Writes as much as fits and says how much that was: 0 only at the end, or when `buffer` is shorter than four bytes.
    ///
    /// The tail is written only once the document has kept to its length, so a wrong one never makes a complete body.
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

    /// Makes sure that nothing is left; to be called once [`fill`](Self::fill) has declared 0.
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
    /// At most `groups` groups of three bytes, fewer than three only at the document's end; empty and `true` once all were consumed.
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
    /// Fills the block as far as the source allows, coalescing short reads, whenever fewer than three bytes are left in it.
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

    fn read(&mut self, range: std::ops::Range<usize>) -> io::Result<usize> {
        loop {
            match self.source.read(&mut self.block[range.clone()]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A source that claims more than the buffer holds is broken; believing it would be a panic.
                Ok(count) => return Ok(count.min(range.len())),
                Err(error) => return Err(SourceError::Unreadable(error).into_io()),
            }
        }
    }

    fn has_more(&mut self) -> io::Result<bool> {
        loop {
            match self.source.read(&mut [0]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(count) => return Ok(count > 0),
                Err(error) => return Err(SourceError::Unreadable(error).into_io()),
            }
        }
    }
}

fn take(from: &mut Bytes, buffer: &mut [u8]) -> usize {
    let count = from.len().min(buffer.len());
    buffer[..count].copy_from_slice(&from[..count]);
    from.advance(count);
    count
}
