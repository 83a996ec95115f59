//! Files that cannot be read end in an error that says why, and never in a panic.

use typless_emulator::{DocumentType, read};

use crate::paper::{Paper, one_page};
use crate::support::INVOICE;

fn code(document: &[u8]) -> String {
    read(document, &DocumentType::line_item_invoice())
        .map_or_else(|error| error.code().to_owned(), |_| "read".to_owned())
}

#[test]
fn a_file_cut_anywhere_is_an_error() {
    let document_type = DocumentType::line_item_invoice();
    assert!(read(INVOICE, &document_type).is_ok());
    for length in 0..INVOICE.len() {
        let cut = &INVOICE[..length];
        let error = read(cut, &document_type).expect_err("it is cut off");
        let expected: &[&str] = match length {
            0 => &["empty_file"],
            1..5 => &["invalid_file"],
            _ => &["file_cut_off"],
        };
        assert!(
            expected.contains(&error.code()),
            "{} at {length}",
            error.code()
        );
    }
}

#[test]
fn a_file_with_a_part_missing_is_an_error_or_read() {
    let document_type = DocumentType::line_item_invoice();
    for start in (10..INVOICE.len() - 100).step_by(37) {
        let mut document = INVOICE.to_vec();
        document.drain(start..start + 60);
        // Whatever comes of it, it comes back.
        let _ = read(&document, &document_type);
    }
}

#[test]
fn what_is_not_a_pdf_has_its_own_error() {
    assert_eq!(code(b""), "empty_file");
    assert_eq!(code(b"Hello, this is no PDF."), "invalid_file");
    assert_eq!(code(&[0xff; 5000]), "invalid_file");
    assert_eq!(
        code(b"\x89PNG\r\n\x1a\n rest of an image"),
        "unsupported_file"
    );
    assert_eq!(
        code(b"\xff\xd8\xff\xe0 rest of an image"),
        "unsupported_file"
    );
}

#[test]
fn a_scan_has_no_text() {
    let document = one_page(|sheet| {
        sheet.fill([100.0, 100.0, 200.0, 300.0]);
    });
    assert_eq!(code(&document), "no_text");
    assert_eq!(code(&Paper::a4().page(|_| ()).finish()), "no_text");
}

#[test]
fn a_file_without_pages_is_damaged() {
    assert_eq!(code(&Paper::a4().finish()), "damaged_file");
    assert_eq!(code(b"%PDF-1.7\nxref\nstartxref\n9\n%%EOF"), "damaged_file");
}

#[test]
fn an_encrypted_file_has_its_own_error() {
    // A standard security handler whose keys fit no password.
    let text = String::from_utf8_lossy(INVOICE);
    let trailer = text.rfind("trailer").expect("a trailer");
    let mut document = INVOICE.to_vec();
    let at = INVOICE.len() - (text.len() - trailer) + "trailer".len();
    let open = INVOICE[at..]
        .windows(2)
        .position(|pair| pair == b"<<")
        .expect("a dictionary")
        + at
        + 2;
    let keys = "41".repeat(32);
    let entry = format!(
        "/ID[<{id}><{id}>]\
                /Encrypt<</Filter/Standard/V 2/R 3/Length 128/P -44/O<{keys}>/U<{keys}>>>",
        id = "00".repeat(16)
    );
    document.splice(open..open, entry.into_bytes());
    assert_eq!(code(&document), "password_protected");
}

#[test]
fn a_file_of_many_pages_is_refused() {
    let document = (0..501)
        .fold(Paper::a4(), |paper, _| paper.page(|_| ()))
        .finish();
    assert_eq!(code(&document), "too_many_pages");
}

#[test]
fn forms_within_forms_come_to_an_end() {
    // Each form draws the next one ten times: ten to the power of twelve if there were no limit.
    use std::fmt::Write;
    let mut file = String::from("%PDF-1.7\n");
    let mut offsets = Vec::new();
    let mut object = |file: &mut String, body: &str| {
        offsets.push(file.len());
        let number = offsets.len();
        write!(file, "{number} 0 obj\n{body}\nendobj\n").expect("a string takes all");
    };
    object(&mut file, "<</Type/Catalog/Pages 2 0 R>>");
    object(&mut file, "<</Type/Pages/Kids[3 0 R]/Count 1>>");
    object(
        &mut file,
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R\
                /Resources<</XObject<</X 5 0 R>>>>>>",
    );
    object(&mut file, "<</Length 5>>\nstream\n/X Do\nendstream");
    for number in 5..17 {
        let draw = "/X Do ".repeat(10);
        let next = number + 1;
        object(
            &mut file,
            &format!(
                "<</Type/XObject/Subtype/Form/BBox[0 0 99 99]\
                /Resources<</XObject<</X {next} 0 R>>>>/Length {}>>\n\
                stream\n{draw}\nendstream",
                draw.len()
            ),
        );
    }
    object(
        &mut file,
        "<</Type/XObject/Subtype/Form/BBox[0 0 99 99]/Length 12>>\nstream\n0 0 5 5 re f\nendstream",
    );
    let table = file.len();
    write!(file, "xref\n0 {}\n0000000000 65535 f \n", offsets.len() + 1)
        .expect("a string takes all");
    for offset in &offsets {
        writeln!(file, "{offset:010} 00000 n ").expect("a string takes all");
    }
    write!(
        file,
        "trailer\n<</Size {}/Root 1 0 R>>\nstartxref\n{table}\n%%EOF\n",
        offsets.len() + 1
    )
    .expect("a string takes all");
    assert_eq!(code(file.as_bytes()), "too_complex");
}

#[test]
fn errors_have_the_services_shape() {
    let error = read(b"no PDF", &DocumentType::line_item_invoice()).expect_err("no PDF");
    let shown = serde_json::to_value(&error).expect("JSON");
    assert_eq!(shown["code"], "invalid_file");
    assert_eq!(shown["message"], error.to_string());
    assert!(shown["details"].is_object());
}
