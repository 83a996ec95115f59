//! Values as bytes that no other values have, for digests.

use sha2::{Digest as _, Sha256};

/// A SHA-256 over values. Each has its length before it, so no two lists of values are the same
/// bytes.
pub(crate) struct Canonical(Sha256);

impl Canonical {
    /// `purpose` tells digests of different things apart, and their versions.
    pub(crate) fn new(purpose: &str) -> Self {
        Self(Sha256::new()).bytes(purpose.as_bytes())
    }

    pub(crate) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
        self
    }

    pub(crate) fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    /// One byte says whether there is one: none and an empty text differ.
    pub(crate) fn optional(mut self, text: Option<&str>) -> Self {
        self.0.update([u8::from(text.is_some())]);
        match text {
            Some(text) => self.text(text),
            None => self,
        }
    }

    pub(crate) fn number(mut self, number: i64) -> Self {
        self.0.update(number.to_be_bytes());
        self
    }

    pub(crate) fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// Writes bytes as lower-case hexadecimal digits.
pub(crate) fn write_hex(bytes: &[u8], f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// Reads 64 hexadecimal digits.
pub(crate) fn read_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |digit: u8| char::from(digit).to_digit(16);
        // At most 255.
        *byte = (digit(pair[0])? * 16 + digit(pair[1])?) as u8;
    }
    Some(bytes)
}
