//! HTTP/2 frame by frame (RFC 9113), for what a server library does not allow.

use std::io;

use super::Connection;

pub(crate) const REFUSED_STREAM: u32 = 7;
pub(crate) const NO_ERROR: u32 = 0;
pub(crate) const INTERNAL_ERROR: u32 = 2;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const ACK: u8 = 1;
const PADDED: u8 = 8;
const PRIORITY: u8 = 0x20;

/// A request of which at least the head has been received.
pub(crate) struct StartedRequest {
    pub(crate) stream: u32,
    /// The header block, still compressed.
    pub(crate) block: Vec<u8>,
    has_body: bool,
}

struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

impl Connection {
    /// Sends the settings and reads the head of the first request, and the first frame of its body
    /// if there is one.
    pub(crate) fn http2_request(&mut self) -> io::Result<StartedRequest> {
        self.read_exact(&mut [0; 24])?;
        self.frame(SETTINGS, 0, 0, &[])?;
        let mut request: Option<StartedRequest> = None;
        loop {
            let frame = self.read_frame()?;
            match (frame.kind, &request) {
                (HEADERS, None) => {
                    let has_body = frame.flags & END_STREAM == 0;
                    request = Some(StartedRequest {
                        stream: frame.stream,
                        block: block(&frame),
                        has_body,
                    });
                }
                (DATA, Some(_)) => {}
                _ => continue,
            }
            if let Some(request) =
                request.take_if(|request| !request.has_body || frame.kind == DATA)
            {
                return Ok(request);
            }
        }
    }

    pub(crate) fn reset_stream(&mut self, stream: u32, reason: u32) -> io::Result<()> {
        self.frame(RST_STREAM, 0, stream, &reason.to_be_bytes())
    }

    pub(crate) fn go_away(&mut self, last_stream: u32, reason: u32) -> io::Result<()> {
        self.frame(
            GOAWAY,
            0,
            0,
            &[last_stream.to_be_bytes(), reason.to_be_bytes()].concat(),
        )
    }

    /// Writes a response. `status` has three digits; `ends` ends the stream.
    pub(crate) fn http2_response(
        &mut self,
        stream: u32,
        status: &str,
        body: &[u8],
        ends: bool,
    ) -> io::Result<()> {
        // A literal without indexing (0000), named by entry 8 of the static table (RFC 7541):
        // `:status`.
        self.frame(
            HEADERS,
            END_HEADERS,
            stream,
            &[&[0x08, 3], status.as_bytes()].concat(),
        )?;
        self.frame(DATA, if ends { END_STREAM } else { 0 }, stream, body)
    }

    /// Reads and acknowledges frames, until the client closes.
    pub(crate) fn http2_drain(&mut self) -> io::Result<()> {
        loop {
            self.read_frame()?;
        }
    }

    /// Reads the next frame. Acknowledges it if it is a settings frame or a ping.
    fn read_frame(&mut self) -> io::Result<Frame> {
        let mut head = [0; 9];
        self.read_exact(&mut head)?;
        let [a, b, c, kind, flags, stream @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        self.read_exact(&mut payload)?;
        match kind {
            SETTINGS if flags & ACK == 0 => self.frame(SETTINGS, ACK, 0, &[])?,
            PING if flags & ACK == 0 => self.frame(PING, ACK, 0, &payload)?,
            _ => {}
        }
        Ok(Frame {
            kind,
            flags,
            stream: u32::from_be_bytes(stream) & 0x7fff_ffff,
            payload,
        })
    }

    fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> io::Result<()> {
        let [_, a, b, c] = u32::try_from(payload.len())
            .unwrap_or(u32::MAX)
            .to_be_bytes();
        let head = [&[a, b, c, kind, flags][..], &stream.to_be_bytes()].concat();
        self.write(&[&head, payload].concat())
    }
}

/// The header block without padding and priority.
fn block(frame: &Frame) -> Vec<u8> {
    let mut block = &frame.payload[..];
    if frame.flags & PADDED != 0 {
        let padding = block.first().copied().map_or(0, usize::from);
        block = block
            .get(1..block.len().saturating_sub(padding))
            .unwrap_or_default();
    }
    if frame.flags & PRIORITY != 0 {
        block = block.get(5..).unwrap_or_default();
    }
    block.to_vec()
}

/// Whether a header block (RFC 7541) has `authorization` as a never-indexed literal, which marks a
/// sensitive value.
pub(crate) fn has_sensitive_authorization(block: &[u8]) -> bool {
    const AUTHORIZATION: usize = 23;
    let mut rest = block;
    while let Some(first) = rest.first().copied() {
        let (prefix, is_literal) = match first {
            0x80.. => (7, false),
            0x40..0x80 => (6, true),
            0x20..0x40 => (5, false),
            _ => (4, true),
        };
        let Some(name) = integer(&mut rest, prefix) else {
            return false;
        };
        if !is_literal {
            continue;
        }
        // The name is an index, or 0 and a literal. No other header is marked as sensitive.
        if (0x10..0x20).contains(&first) && (name == AUTHORIZATION || name == 0) {
            return true;
        }
        if (name == 0 && string(&mut rest).is_none()) || string(&mut rest).is_none() {
            return false;
        }
    }
    false
}

fn integer(rest: &mut &[u8], prefix: u32) -> Option<usize> {
    let mask = (1_usize << prefix) - 1;
    let (first, mut tail) = rest.split_first()?;
    let mut value = usize::from(*first) & mask;
    if value == mask {
        for shift in (0..28).step_by(7) {
            let (byte, more) = tail.split_first()?;
            tail = more;
            value += (usize::from(*byte) & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
    }
    *rest = tail;
    Some(value)
}

fn string(rest: &mut &[u8]) -> Option<()> {
    let length = integer(rest, 7)?;
    *rest = rest.get(length..)?;
    Some(())
}
