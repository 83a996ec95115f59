//! Reads a body to its end, as transports do.

use std::hint::black_box;
use std::io::{self, Read};

use bytes::Bytes;

/// Reads to the end through one buffer.
///
/// # Errors
///
/// A read failed.
pub fn read(mut reader: impl Read, buffer: &mut [u8]) -> io::Result<()> {
    loop {
        let count = reader.read(buffer)?;
        if count == 0 {
            return Ok(());
        }
        black_box(&buffer[..count]);
    }
}

/// Reads to the end through a buffer of this length, and returns everything.
///
/// # Errors
///
/// A read failed.
pub fn read_all(mut reader: impl Read, block: usize) -> io::Result<Vec<u8>> {
    let (mut buffer, mut all) = (vec![0; block], Vec::new());
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(all),
            count => all.extend_from_slice(&buffer[..count]),
        }
    }
}

/// Takes all chunks, and drops each before the next.
///
/// # Errors
///
/// A chunk could not be made.
pub fn chunks(chunks: impl Iterator<Item = io::Result<Bytes>>) -> io::Result<()> {
    for chunk in chunks {
        drop(black_box(chunk?));
    }
    Ok(())
}
