//! Ids of extractions: made of text, and as text.

use serde::{Deserialize, Serialize};
use typless::wire::ExtractionId;

use crate::support::ID;

#[test]
fn an_id_is_made_of_text_in_each_usual_way() {
    let id = ExtractionId::new(ID).unwrap();
    assert_eq!(ID.parse::<ExtractionId>().unwrap(), id);
    assert_eq!(ExtractionId::try_from(ID).unwrap(), id);
    assert_eq!(ExtractionId::try_from(ID.to_owned()).unwrap(), id);
    assert_eq!(AsRef::<str>::as_ref(&id), ID);

    let too_long = "a".repeat(ExtractionId::MAX_BYTES + 1);
    for invalid in ["", "a\nb", &too_long] {
        assert!(invalid.parse::<ExtractionId>().is_err());
        assert!(ExtractionId::try_from(invalid).is_err());
        assert!(ExtractionId::try_from(invalid.to_owned()).is_err());
    }
}

#[test]
fn an_id_is_stored_as_its_text_and_checked_when_it_is_read() {
    #[derive(Serialize, Deserialize)]
    struct Row {
        id: ExtractionId,
        earlier: Vec<ExtractionId>,
    }
    // A short one, a long one, and one that needs an escape.
    let texts = [ID.to_owned(), "é".repeat(100), "a\"b".to_owned()];
    let ids = texts
        .each_ref()
        .map(|text| ExtractionId::new(text).unwrap());
    let row = Row {
        id: ids[0].clone(),
        earlier: ids[1..].to_vec(),
    };
    let stored = serde_json::to_value(&row).unwrap();
    assert_eq!(stored["id"], ID);
    let read: Row = serde_json::from_value(stored).unwrap();
    assert_eq!((read.id, read.earlier), (row.id, row.earlier));

    for invalid in [r#""""#, r#""a\nb""#, "17", "null"] {
        let error = serde_json::from_str::<ExtractionId>(invalid).unwrap_err();
        assert!(error.to_string().contains("id"), "{error}");
    }
}
