//! The body of a request: its exact length first, its bytes on the way.
//!
//! A submit's body is JSON with the document in base64 inside. It is never put together in memory unless it is small: the document is
//! encoded in blocks of 16 KiB while it is sent, so a file of any size costs the same few kilobytes.

mod encoder;
mod source_error;

use std::fmt;
use std::io::{self, Read};
use std::mem;

use bytes::Bytes;

use super::document::Content;
use encoder::Encoder;
pub use source_error::SourceError;

/// The body of a request: its exact length is known before its first byte, and it can be opened again for a further attempt.
///
/// Made by the `request` methods of this module, consumed by transports: as one buffer ([`to_bytes`](Self::to_bytes)), as
/// [`Read`] ([`reader`](Self::reader)), or chunk by chunk ([`chunks`](Self::chunks)); all three yield the same bytes. It guards its own length: a
/// document source that yields fewer or more bytes than it said is an error of the source ([`SourceError`]), never a truncated upload.
#[derive(Clone, Default)]
pub struct Body {
    framed: Option<Framed>,
}

/// JSON head, the document in base64, JSON tail.
#[derive(Clone)]
struct Framed {
    head: Bytes,
    content: Content,
    tail: &'static [u8],
}

/// What follows the document in the JSON.
const TAIL: &[u8] = b"\"}";

impl Body {
    /// Bodies up to this many bytes are best sent from one buffer, longer ones as they are encoded; see [`is_small`](Self::is_small).
    ///
    /// One buffer means one system call; above a megabyte, what counts is that the memory need not be found and faulted in.
    pub const MAX_SMALL_BYTES: u64 = 1024 * 1024;

    /// The number of bytes encoded at a time, and the size of each chunk but the last.
    pub const BLOCK_BYTES: usize = 16 * 1024;

    /// The body of a request that has none.
    pub fn empty() -> Self {
        Self::default()
    }

    /// A JSON object that starts with `head` (everything up to the opening quote of the document) and ends after the document.
    pub(crate) fn framed(head: Bytes, content: Content) -> Self {
        Self {
            framed: Some(Framed {
                head,
                content,
                tail: TAIL,
            }),
        }
    }

    /// A body of these bytes, which are JSON; for a [`Request`](super::Request) of one's own.
    pub fn from_json(json: impl Into<Bytes>) -> Self {
        Self {
            framed: Some(Framed {
                head: json.into(),
                content: Content::Memory(Bytes::new()),
                tail: b"",
            }),
        }
    }

    /// The exact number of bytes.
    pub fn len(&self) -> u64 {
        self.framed.as_ref().map_or(0, |framed| {
            let encoded = framed.content.len().div_ceil(3) * 4;
            framed.head.len() as u64 + encoded + framed.tail.len() as u64
        })
    }

    /// Whether there are no bytes at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a transport does best to take it as one buffer: at most [`MAX_SMALL_BYTES`](Self::MAX_SMALL_BYTES) bytes.
    pub fn is_small(&self) -> bool {
        self.len() <= Self::MAX_SMALL_BYTES
    }

    /// Whether all of its bytes are in memory, so that reading it waits for nothing; else a document source is read, which may.
    pub fn is_in_memory(&self) -> bool {
        !matches!(
            &self.framed,
            Some(Framed {
                content: Content::Source { .. },
                ..
            })
        )
    }

    /// The whole body in one buffer of exactly its length.
    ///
    /// # Errors
    ///
    /// The document source could not be read, or is not as long as it said; see [`SourceError::find_in`]. A body that does not fit into
    /// this machine's address space is refused as out of memory.
    pub fn to_bytes(&self) -> io::Result<Bytes> {
        let length =
            usize::try_from(self.len()).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
        let mut buffer = vec![0; length];
        let mut encoder = self.encoder()?;
        let mut filled = 0;
        while let Some(rest @ [_, ..]) = buffer.get_mut(filled..) {
            match encoder.fill(rest)? {
                0 => break,
                count => filled += count,
            }
        }
        encoder.finish()?;
        Ok(Bytes::from(buffer))
    }

    /// Opens the body for reading, from its first byte.
    ///
    /// Reads of [`BLOCK_BYTES`](Self::BLOCK_BYTES) bytes and more are encoded straight into the reader's buffer; smaller ones go through one block of the body's own.
    ///
    /// # Errors
    ///
    /// The document source could not be opened; see [`SourceError::find_in`].
    pub fn reader(&self) -> io::Result<BodyReader> {
        Ok(BodyReader {
            encoder: self.encoder()?,
            block: Vec::new(),
            start: 0,
        })
    }

    /// Opens the body chunk by chunk, from its first byte.
    ///
    /// A chunk that is dropped before the next one is asked for gives its memory to it.
    ///
    /// # Errors
    ///
    /// The document source could not be opened; see [`SourceError::find_in`].
    pub fn chunks(&self) -> io::Result<BodyChunks> {
        let size = usize::try_from(self.len())
            .unwrap_or(Self::BLOCK_BYTES)
            .min(Self::BLOCK_BYTES);
        Ok(BodyChunks {
            encoder: self.encoder()?,
            size,
            last: Bytes::new(),
            failed: false,
        })
    }

    fn encoder(&self) -> io::Result<Encoder> {
        match &self.framed {
            None => Ok(Encoder::empty()),
            Some(Framed {
                head,
                content,
                tail,
            }) => Encoder::open(head.clone(), content, tail),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

/// A body being read; made by [`Body::reader`], consumed by transports that want [`Read`].
pub struct BodyReader {
    encoder: Encoder,
    /// What is encoded and not yet read; used only where the caller's buffer is smaller than a block.
    block: Vec<u8>,
    start: usize,
}

impl Read for BodyReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.start == self.block.len() {
            if buffer.len() >= Body::BLOCK_BYTES {
                return match self.encoder.fill(buffer)? {
                    0 => self.encoder.finish().map(|()| 0),
                    count => Ok(count),
                };
            }
            if buffer.is_empty() {
                return Ok(0);
            }
            self.block.resize(Body::BLOCK_BYTES, 0);
            self.start = 0;
            let filled = self.encoder.fill(&mut self.block);
            self.block.truncate(*filled.as_ref().unwrap_or(&0));
            if filled? == 0 {
                self.encoder.finish()?;
            }
        }
        let count = (&self.block[self.start..]).read(buffer)?;
        self.start += count;
        Ok(count)
    }
}

impl fmt::Debug for BodyReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyReader").finish_non_exhaustive()
    }
}

/// A body being taken chunk by chunk; made by [`Body::chunks`], consumed by transports that send frames.
///
/// After an error it yields nothing more.
pub struct BodyChunks {
    encoder: Encoder,
    /// A block, or the whole of a shorter body.
    size: usize,
    /// The chunk before, whose memory is used again if nobody else has it.
    last: Bytes,
    failed: bool,
}

impl Iterator for BodyChunks {
    type Item = io::Result<Bytes>;

    fn next(&mut self) -> Option<Self::Item> {
        // The end is known before it is asked for: nothing is allocated only to find it.
        if self.failed || self.encoder.finish().is_ok() {
            return None;
        }
        let mut block = mem::take(&mut self.last).try_into_mut().unwrap_or_default();
        // Memory that is used again was written before, and is as long as it was: this writes next to nothing.
        block.resize(self.size, 0);
        let filled = self.encoder.fill(&mut block).and_then(|count| {
            if count == 0 {
                self.encoder.finish()?;
            }
            Ok(count)
        });
        match filled {
            Ok(0) => None,
            Ok(count) => {
                // Split, not truncated: what was split can be frozen and taken back without an allocation.
                let chunk = block.split_to(count).freeze();
                self.last = chunk.clone();
                Some(Ok(chunk))
            }
            Err(error) => {
                self.failed = true;
                Some(Err(error))
            }
        }
    }
}

impl fmt::Debug for BodyChunks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyChunks").finish_non_exhaustive()
    }
}
