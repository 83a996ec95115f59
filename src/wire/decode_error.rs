//! A body that could not be decoded.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use bytes::Bytes;
use serde::de::DeserializeOwned;

/// A response whose body could not be decoded; says what was expected and at which JSON path.
///
/// It quotes nothing of the body, which may be content of a document. The body itself is
/// [`raw`](Self::raw).
#[derive(Clone)]
pub struct DecodeError {
    /// Boxed to keep results small.
    inner: Box<Inner>,
}

#[derive(Clone)]
struct Inner {
    what: Cow<'static, str>,
    path: Option<Box<str>>,
    problem: Box<str>,
    raw: Bytes,
}

impl DecodeError {
    pub(crate) fn new(
        what: impl Into<Cow<'static, str>>,
        path: Option<&str>,
        problem: &str,
        raw: Bytes,
    ) -> Self {
        // The path `.` is the root, which says nothing.
        let path = path.filter(|path| *path != ".").map(Box::from);
        Self {
            inner: Box::new(Inner {
                what: what.into(),
                path,
                problem: Box::from(problem),
                raw,
            }),
        }
    }

    /// Why `text`, a part of `raw`, can't be read as a `T`. It is parsed a second time to find the
    /// path, so success costs nothing.
    pub(crate) fn explain<T: DeserializeOwned>(what: &'static str, text: &str, raw: Bytes) -> Self {
        let mut reader = serde_json::Deserializer::from_str(text);
        match serde_path_to_error::deserialize::<_, T>(&mut reader) {
            Err(error) => {
                let path = error.path().to_string();
                Self::new(what, Some(&path), &without_values(error.inner()), raw)
            }
            Ok(_) => match reader.end() {
                Err(error) => Self::new(what, None, &without_values(&error), raw),
                Ok(()) => Self::new(what, None, "could not be read", raw),
            },
        }
    }

    /// The JSON path of the invalid value, such as `result.extracted_fields[0].values[1].x`; `None`
    /// if it is the whole body.
    pub fn path(&self) -> Option<&str> {
        self.inner.path.as_deref()
    }

    /// What it was expected to be.
    pub(super) fn what(&self) -> &str {
        &self.inner.what
    }

    /// What is wrong with it.
    pub(super) fn problem(&self) -> &str {
        &self.inner.problem
    }

    /// The body that could not be decoded, unchanged. It may hold content of a document.
    pub fn raw(&self) -> &Bytes {
        &self.inner.raw
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodeError")
            .field("what", &self.inner.what)
            .field("path", &self.inner.path)
            .field("problem", &self.inner.problem)
            .field("raw_len", &self.inner.raw.len())
            .finish()
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} could not be read", self.inner.what)?;
        if let Some(path) = &self.inner.path {
            write!(f, " at {}", super::printable(path, 200))?;
        }
        write!(f, ": {}", super::printable(&self.inner.problem, 200))
    }
}

impl Error for DecodeError {}

/// The body as text, without the byte-order mark that some proxies add.
pub(crate) fn text<'a>(what: &'static str, raw: &'a Bytes) -> Result<&'a str, DecodeError> {
    let bytes = raw.strip_prefix(b"\xef\xbb\xbf").unwrap_or(raw);
    std::str::from_utf8(bytes).map_err(|error| {
        DecodeError::new(
            what,
            None,
            &format!("invalid UTF-8 after byte {}", error.valid_up_to()),
            raw.clone(),
        )
    })
}

/// The message of a parser error without the value it quotes, which may be content of a document.
pub(crate) fn without_values(error: &serde_json::Error) -> String {
    let place = format!("line {} column {}", error.line(), error.column());
    match error.classify() {
        serde_json::error::Category::Io => "it could not be read".to_owned(),
        serde_json::error::Category::Syntax => format!("not JSON at {place}"),
        serde_json::error::Category::Eof => format!("cut off at {place}"),
        serde_json::error::Category::Data => {
            let message = error.to_string();
            let expected = message
                .rsplit_once(", expected ")
                .map(|(_, expected)| format!("expected {expected}"));
            let named = ["missing field", "duplicate field"]
                .iter()
                .any(|start| message.starts_with(start));
            expected.unwrap_or_else(|| {
                if named {
                    message.clone()
                } else {
                    format!("an unexpected value at {place}")
                }
            })
        }
    }
}
