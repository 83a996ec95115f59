//! Tells a complete PDF from one that was cut off, before any library tries to repair it.

use crate::ReadError;

/// Readers search the header in this many bytes at the beginning.
const HEADER_WINDOW: usize = 1024;

/// Refuses what is no PDF and what is not the whole of one.
///
/// A file cut off exactly after an earlier, complete version of itself (an incremental update that
/// is missing altogether) is a complete PDF and cannot be distinguished from one.
pub(crate) fn check(document: &[u8]) -> Result<(), ReadError> {
    if document.is_empty() {
        return Err(ReadError::empty_file());
    }
    let window = document.get(..HEADER_WINDOW).unwrap_or(document);
    let Some(header) = find(window, b"%PDF-") else {
        return Err(match image_kind(document) {
            Some(kind) => ReadError::image(kind),
            None => ReadError::not_a_pdf(document.len()),
        });
    };

    let Some(end) = rfind(document, b"%%EOF") else {
        return Err(ReadError::cut_off("its end marker is missing"));
    };
    let behind = document.get(end + b"%%EOF".len()..).unwrap_or_default();
    if may_begin_an_update(behind) {
        return Err(ReadError::cut_off("its last update has no end marker"));
    }
    if let Some(length) = declared_length(window)
        && length > header + end + b"%%EOF".len() + 2
    {
        return Err(ReadError::cut_off("it is shorter than it says itself"));
    }

    let table = start_of_table(document.get(..end).unwrap_or_default())
        .ok_or_else(|| ReadError::cut_off("the place of its table of objects is missing"))?;
    if table >= document.len() {
        return Err(ReadError::cut_off(
            "its table of objects lies beyond its end",
        ));
    }
    // Programs that edit a file in place leave offsets that are a little wrong, and that can be
    // repaired. But a cut after a PDF embedded in this one leaves the end marker of the inner one,
    // with an offset that was never ours.
    let embeds_another = document
        .get(header + 1..)
        .is_some_and(|rest| find(rest, b"%PDF-").is_some());
    if embeds_another
        && !is_table(document, table)
        && !is_table(document, table.saturating_add(header))
    {
        return Err(ReadError::cut_off(
            "its table of objects is not where it should be",
        ));
    }
    Ok(())
}

/// The kind of image the service would also take, by its first bytes.
fn image_kind(document: &[u8]) -> Option<&'static str> {
    // The last two are TIFFs of more than 4 GB.
    const KINDS: [(&[u8], &str); 6] = [
        (b"\x89PNG", "PNG"),
        (b"\xff\xd8\xff", "JPEG"),
        (b"II*\0", "TIFF"),
        (b"MM\0*", "TIFF"),
        (b"II+\0", "TIFF"),
        (b"MM\0+", "TIFF"),
    ];
    KINDS
        .iter()
        .find(|(magic, _)| document.starts_with(magic))
        .map(|(_, kind)| *kind)
}

/// Whether the bytes after an end marker could be an update cut off: one begins with an object's
/// number, a comment, a table (`xref`) or the rest of one.
fn may_begin_an_update(bytes: &[u8]) -> bool {
    bytes
        .iter()
        .find(|byte| !byte.is_ascii_whitespace() && **byte != 0)
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'%')
}

/// The file's length as a PDF arranged for the web declares it in its first object.
fn declared_length(window: &[u8]) -> Option<usize> {
    let linearized = find(window, b"/Linearized")?;
    let object = window.get(linearized..)?;
    let object = object.get(..find(object, b">>")?)?;
    let key = find(object, b"/L ")?;
    number(object.get(key + b"/L ".len()..)?)
}

/// The offset after the last `startxref`, which must be all that stands before the end marker.
fn start_of_table(before_end: &[u8]) -> Option<usize> {
    const WORD: &[u8] = b"startxref";
    let tail = before_end.get(before_end.len().saturating_sub(HEADER_WINDOW)..)?;
    let word = rfind(tail, WORD)?;
    number(tail.get(word + WORD.len()..)?)
}

/// Whether a table of objects, or the object of one, begins at the offset.
fn is_table(document: &[u8], offset: usize) -> bool {
    let Some(rest) = document.get(offset..) else {
        return false;
    };
    let rest = rest.trim_ascii_start();
    rest.starts_with(b"xref") || rest.first().is_some_and(u8::is_ascii_digit)
}

/// The decimal number at the beginning, white space aside.
fn number(bytes: &[u8]) -> Option<usize> {
    let bytes = bytes.trim_ascii_start();
    let digits = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    std::str::from_utf8(bytes.get(..digits)?).ok()?.parse().ok()
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

fn rfind(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .rposition(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(document: &[u8]) -> &'static str {
        check(document).map_or_else(|error| error.code(), |()| "complete")
    }

    #[test]
    fn complete_files_pass() {
        assert_eq!(code(b"%PDF-1.7\nxref\nstartxref\n9\n%%EOF"), "complete");
        assert_eq!(
            code(b"junk\n%PDF-1.7\nxref\nstartxref\n9\n%%EOF\r\n\0\0"),
            "complete"
        );
    }

    #[test]
    fn parts_of_files_do_not_pass() {
        assert_eq!(code(b""), "empty_file");
        assert_eq!(code(b"hello"), "invalid_file");
        assert_eq!(code(b"\x89PNG\r\n"), "unsupported_file");
        assert_eq!(code(b"%PDF-1.7\nxref\nstartxref\n9\n%%EO"), "file_cut_off");
        assert_eq!(code(b"%PDF-1.7\nxref\n9\n%%EOF"), "file_cut_off");
        assert_eq!(
            code(b"%PDF-1.7\nxref\nstartxref\n999\n%%EOF"),
            "file_cut_off"
        );
    }

    #[test]
    fn a_cut_update_is_noticed() {
        let whole = b"%PDF-1.7\nxref\nstartxref\n9\n%%EOF\n\
            4 0 obj\n<<>>\nendobj\nxref\nstartxref\n50\n%%EOF\n";
        assert_eq!(code(whole), "complete");
        let first = b"%PDF-1.7\nxref\nstartxref\n9\n%%EOF\n".len();
        for length in first + 1..whole.len() - 1 {
            assert_eq!(code(&whole[..length]), "file_cut_off", "cut at {length}");
        }
    }

    #[test]
    fn a_file_arranged_for_the_web_must_have_its_length() {
        let file = b"%PDF-1.7\n1 0 obj\n<</Linearized 1/L 500/H[1 2]>>\nendobj\n\
            xref\nstartxref\n9\n%%EOF\n";
        assert_eq!(code(file), "file_cut_off");
    }

    #[test]
    fn a_cut_behind_an_embedded_pdf_is_noticed() {
        let file = b"%PDF-1.7\n1 0 obj\nstream\n%PDF-1.4\nxref\nstartxref\n3\n%%EOF";
        assert_eq!(code(file), "file_cut_off");
    }
}
