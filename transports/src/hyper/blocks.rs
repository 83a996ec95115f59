//! A body, read block by block on whatever thread may wait for it.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::{Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use typless::wire::{Body, BodyReader};

/// A body being read in blocks.
pub(super) struct Blocks {
    body: Body,
    /// Behind a lock that nobody ever waits for: there are clients that ask for a body to be `Sync`, and a source need not be.
    reader: Option<Mutex<BodyReader>>,
    /// The bytes of the body that are still to be read.
    left: u64,
    /// The bytes of each block but the last.
    size: usize,
    /// Blocks handed out, whose memory is used again once nobody else has it.
    handed_out: VecDeque<Bytes>,
}

/// The bytes of a block of a long body: enough for a system call to be worth it, and little enough for the caches.
const BLOCK: usize = 4 * Body::BLOCK_BYTES;

/// How many blocks hyper may be holding before their memory comes back.
const HANDED_OUT: usize = 8;

impl Blocks {
    /// A small body is one block.
    pub(super) fn new(body: Body) -> Self {
        let left = body.len();
        let size = if body.is_small() {
            usize::try_from(left).unwrap_or(BLOCK)
        } else {
            BLOCK
        };
        Self {
            body,
            reader: None,
            left,
            size,
            handed_out: VecDeque::new(),
        }
    }

    pub(super) fn left(&self) -> u64 {
        self.left
    }

    /// Reads the next block; an empty one only at the end.
    pub(super) fn read(&mut self) -> io::Result<Bytes> {
        let size = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(self.size);
        let mut block = self.memory();
        block.resize(size, 0);
        let mut filled = 0;
        while filled < size {
            let reader = match &mut self.reader {
                Some(reader) => reader,
                None => self.reader.insert(Mutex::new(self.body.reader()?)),
            };
            match reader
                .get_mut()
                .unwrap_or_else(PoisonError::into_inner)
                .read(&mut block[filled..])?
            {
                0 => return Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
                count => filled += count,
            }
        }
        self.left -= size as u64;
        let block = block.freeze();
        if self.left > 0 {
            self.handed_out.push_back(block.clone());
        }
        Ok(block)
    }

    /// The memory of the oldest block that was handed out, or new memory while that is in use.
    fn memory(&mut self) -> BytesMut {
        match self.handed_out.pop_front().map(Bytes::try_into_mut) {
            Some(Ok(memory)) => memory,
            Some(Err(in_use)) => {
                if self.handed_out.len() < HANDED_OUT {
                    self.handed_out.push_front(in_use);
                }
                BytesMut::new()
            }
            None => BytesMut::new(),
        }
    }
}
