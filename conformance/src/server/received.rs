//! A request, as received.

/// A request, as received.
#[derive(Clone)]
pub(crate) struct ReceivedRequest {
    /// The number of its connection.
    pub(crate) connection: usize,
    /// Its first line.
    pub(crate) line: String,
    /// The names in lower case, and the values without surrounding spaces.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

impl ReceivedRequest {
    pub(super) fn new(connection: usize, head: &[u8]) -> Self {
        let mut lines = head
            .split(|byte| *byte == b'\n')
            .map(<[u8]>::trim_ascii)
            .filter(|line| !line.is_empty());
        let line = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
        let headers = lines.map(|line| {
            let colon = line
                .iter()
                .position(|byte| *byte == b':')
                .unwrap_or(line.len());
            let name = String::from_utf8_lossy(&line[..colon]).to_ascii_lowercase();
            (
                name,
                line.get(colon + 1..)
                    .unwrap_or_default()
                    .trim_ascii()
                    .to_vec(),
            )
        });
        Self {
            connection,
            line,
            headers: headers.collect(),
            body: Vec::new(),
        }
    }

    /// The values of a header, in order.
    pub(crate) fn values(&self, name: &str) -> Vec<&[u8]> {
        self.headers
            .iter()
            .filter(|(found, _)| found == name)
            .map(|(_, value)| &value[..])
            .collect()
    }

    /// The values of a header as text, in order.
    pub(crate) fn text_values(&self, name: &str) -> Vec<String> {
        self.values(name)
            .into_iter()
            .map(|value| String::from_utf8_lossy(value).into_owned())
            .collect()
    }

    pub(super) fn is_chunked(&self) -> bool {
        self.values("transfer-encoding")
            .iter()
            .any(|value| value.eq_ignore_ascii_case(b"chunked"))
    }

    pub(crate) fn content_length(&self) -> Option<usize> {
        std::str::from_utf8(self.values("content-length").first()?)
            .ok()?
            .parse()
            .ok()
    }
}
