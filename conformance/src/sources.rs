//! Documents that are large, fail, or have a wrong length.

use std::io::{self, Read};

use typless::wire::DocumentSource;

use crate::server::Counter;

/// A document that declares one length and yields another, or fails.
pub(crate) struct Faulty {
    pub(crate) declared: u64,
    pub(crate) yields: u64,
    pub(crate) ends: Ends,
}

/// What follows the last byte.
#[derive(Clone, Copy)]
pub(crate) enum Ends {
    Cleanly,
    InAnError,
    InAPanic,
    /// It can't be opened.
    BeforeTheStart,
}

impl DocumentSource for Faulty {
    fn len(&self) -> u64 {
        self.declared
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        let content = io::repeat(b'x').take(self.yields);
        match self.ends {
            Ends::Cleanly => Ok(Box::new(content)),
            Ends::InAnError => Ok(Box::new(content.chain(Failing))),
            Ends::InAPanic => Ok(Box::new(content.chain(Panicking))),
            Ends::BeforeTheStart => {
                Err(io::Error::new(io::ErrorKind::NotFound, "the file is gone"))
            }
        }
    }
}

struct Failing;

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "the disk is gone",
        ))
    }
}

struct Panicking;

impl Read for Panicking {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        panic!("a document of the conformance suite panics on purpose")
    }
}

/// A document of zeros that counts the bytes that are read.
pub(crate) struct Zeros {
    pub(crate) len: u64,
    pub(crate) read: Counter,
}

impl Zeros {
    /// A document larger than what the system buffers if a server does not read.
    pub(crate) fn more_than_is_buffered() -> Self {
        Self {
            len: 24_000_000,
            read: Counter::default(),
        }
    }
}

impl DocumentSource for Zeros {
    fn len(&self) -> u64 {
        self.len
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(Counted {
            content: io::repeat(0).take(self.len),
            read: self.read.clone(),
        }))
    }
}

struct Counted {
    content: io::Take<io::Repeat>,
    read: Counter,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.content.read(buffer)?;
        self.read.add(count as u64);
        Ok(count)
    }
}
