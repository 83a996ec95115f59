//! The body of a request: a known length, and bytes that are produced while it is sent.
//!
//! The body of a submit is JSON with the document in base64. Unless it is small, it never exists in
//! memory as a whole: the document is encoded in blocks of 16 KiB while it is sent, so memory use
//! does not depend on the size of the file.

mod encoder;
mod source_error;

use std::fmt;
use std::io::{self, Read};
use std::mem;

use bytes::Bytes;

use super::document::Content;
use encoder::Encoder;
pub use source_error::SourceError;

/// The body of a request. Its exact length is known in advance, and it can be read again for a
/// retry.
///
/// Transports read it as one buffer ([`to_bytes`](Self::to_bytes)), as [`Read`]
/// ([`reader`](Self::reader)), or in chunks ([`chunks`](Self::chunks)); all three yield the same
/// bytes. If a document source yields fewer or more bytes than it declared, reading fails with a
/// [`SourceError`]; an upload is never truncated.
#[derive(Clone, Default)]
pub struct Body {
    framed: Option<Framed>,
}

/// JSON before the document, the document, which is encoded in base64, and JSON after it.
#[derive(Clone)]
struct Framed {
    head: Bytes,
    content: Content,
    tail: &'static [u8],
}

/// The JSON after the document.
const TAIL: &[u8] = b"\"}";

impl Body {
    /// The maximum length of a small body, in bytes: up to this length one buffer is faster, above
    /// it streaming is; see [`is_small`](Self::is_small).
    ///
    /// One buffer needs one system call. Above 1 MiB, allocating the memory costs more than that.
    pub const MAX_SMALL_BYTES: u64 = 1024 * 1024;

    /// The number of bytes encoded at a time: the size of each chunk except the last.
    pub const BLOCK_BYTES: usize = 16 * 1024;

    /// The body of a request without one.
    pub fn empty() -> Self {
        Self::default()
    }

    /// A JSON object: `head` is everything up to the opening quote of the document, which comes
    /// last.
    pub(crate) fn framed(head: Bytes, content: Content) -> Self {
        Self {
            framed: Some(Framed {
                head,
                content,
                tail: TAIL,
            }),
        }
    }

    /// A body with this JSON, for your own [`Request`](super::Request).
    pub fn from_json(json: impl Into<Bytes>) -> Self {
        Self {
            framed: Some(Framed {
                head: json.into(),
                content: Content::Memory(Bytes::new()),
                tail: b"",
            }),
        }
    }

    /// The exact length, in bytes.
    pub fn len(&self) -> u64 {
        self.framed.as_ref().map_or(0, |framed| {
            let encoded = framed.content.len().div_ceil(3) * 4;
            framed.head.len() as u64 + encoded + framed.tail.len() as u64
        })
    }

    /// Whether the length is zero.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a transport should send it from one buffer: at most
    /// [`MAX_SMALL_BYTES`](Self::MAX_SMALL_BYTES) bytes.
    pub fn is_small(&self) -> bool {
        self.len() <= Self::MAX_SMALL_BYTES
    }

    /// Whether all bytes are in memory, so reading never blocks. Otherwise a document source is
    /// read.
    pub fn is_in_memory(&self) -> bool {
        !matches!(
            &self.framed,
            Some(Framed {
                content: Content::Source { .. },
                ..
            })
        )
    }

    /// The whole body in one buffer of its exact length.
    ///
    /// # Errors
    ///
    /// The document source can't be read or has another length than it declared; see
    /// [`SourceError::find_in`]. A body that does not fit into the address space fails with
    /// [`io::ErrorKind::OutOfMemory`].
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

    /// Opens the body as a reader, from its first byte.
    ///
    /// Reads of at least [`BLOCK_BYTES`](Self::BLOCK_BYTES) bytes are encoded straight into the
    /// caller's buffer; smaller ones go through an internal block.
    ///
    /// # Errors
    ///
    /// The document source can't be opened; see [`SourceError::find_in`].
    pub fn reader(&self) -> io::Result<BodyReader> {
        Ok(BodyReader {
            encoder: self.encoder()?,
            block: Vec::new(),
            start: 0,
        })
    }

    /// Opens the body as an iterator over chunks, from its first byte.
    ///
    /// If a chunk is dropped before the next one is requested, its memory is reused.
    ///
    /// # Errors
    ///
    /// The document source can't be opened; see [`SourceError::find_in`].
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

/// A body being read; see [`Body::reader`].
pub struct BodyReader {
    encoder: Encoder,
    /// Encoded bytes that were not read yet. Used only if the caller's buffer is smaller than a
    /// block.
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

/// The chunks of a body; see [`Body::chunks`].
///
/// After an error the iterator is finished.
pub struct BodyChunks {
    encoder: Encoder,
    /// The length of a block, or of the whole body if that is shorter.
    size: usize,
    /// The previous chunk. Its memory is reused if nobody else holds it.
    last: Bytes,
    failed: bool,
}

impl Iterator for BodyChunks {
    type Item = io::Result<Bytes>;

    fn next(&mut self) -> Option<Self::Item> {
        // Checks for the end first, so that no memory is allocated for it.
        if self.failed || self.encoder.finish().is_ok() {
            return None;
        }
        let mut block = mem::take(&mut self.last).try_into_mut().unwrap_or_default();
        // Reused memory already has this length, so there is next to nothing to write.
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
                // Split, not truncated: this way the memory can be frozen and reused without an
                // allocation.
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
