//! A body, read in blocks on a thread that may block.

use std::collections::VecDeque;
use std::io::{self, Read};

use bytes::{Bytes, BytesMut};
use typless::wire::{Body, BodyReader};

/// A body that is read in blocks.
pub(super) struct Blocks {
    body: Body,
    reader: Option<BodyReader>,
    /// The bytes that are not read yet.
    left: u64,
    /// The bytes of each block except the last.
    size: usize,
    /// Blocks given to hyper. Their memory is used again once hyper has dropped them.
    lent: VecDeque<Bytes>,
}

/// The bytes of a block of a large body: few system calls, and it fits into the caches.
const BLOCK: usize = 4 * Body::BLOCK_BYTES;

/// How many blocks are kept for reuse while hyper holds them.
const MAX_LENT: usize = 8;

impl Blocks {
    /// The blocks of a body. A small body is one block.
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
            lent: VecDeque::new(),
        }
    }

    pub(super) fn left(&self) -> u64 {
        self.left
    }

    /// Reads the next block. It is empty only if the body has ended.
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
                None => self.reader.insert(self.body.reader()?),
            };
            match reader.read(&mut block[filled..])? {
                0 => return Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
                count => filled += count,
            }
        }
        self.left -= size as u64;
        let block = block.freeze();
        if self.left > 0 {
            self.lent.push_back(block.clone());
        }
        Ok(block)
    }

    /// The memory of the oldest lent block, or new memory while hyper still holds that block.
    fn memory(&mut self) -> BytesMut {
        match self.lent.pop_front().map(Bytes::try_into_mut) {
            Some(Ok(memory)) => memory,
            Some(Err(in_use)) => {
                if self.lent.len() < MAX_LENT {
                    self.lent.push_front(in_use);
                }
                BytesMut::new()
            }
            None => BytesMut::new(),
        }
    }
}
