//! Plain forms of words, so that labels match however they are written.

/// A letter sequence, number or sign of a run, in its plain form, and where in the run's text it
/// stands.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    /// Lower case, without accents; what stands for "number" (`No.`, `n°`, `#`, `Nr.`) is always
    /// `no`.
    pub(crate) plain: String,
    /// The first byte in the run's text.
    pub(crate) start: usize,
    /// The byte after the last one in the run's text.
    pub(crate) end: usize,
}

/// Splits text into tokens: letters and digits (and `_`) that stand together, and the number sign.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut open = false;
    for (start, character) in text.char_indices() {
        let end = start + character.len_utf8();
        if matches!(character, '#' | '№') {
            tokens.push(Token {
                plain: "no".to_owned(),
                start,
                end,
            });
            open = false;
        } else if is_part_of_word(character) {
            match tokens.last_mut() {
                Some(token) if open => token.end = end,
                _ => tokens.push(Token {
                    plain: String::new(),
                    start,
                    end,
                }),
            }
            open = true;
            if let Some(token) = tokens.last_mut() {
                fold_into(&mut token.plain, character);
            }
        } else {
            open = false;
        }
    }
    for token in &mut tokens {
        use_one_word_for_number(&mut token.plain);
    }
    tokens
}

/// A label as it is looked up: its tokens in a row, nothing between them.
pub(crate) fn label_key(label: &str) -> String {
    tokens(label)
        .iter()
        .map(|token| token.plain.as_str())
        .collect()
}

/// Lower case, without accents, everything else as it is.
pub(crate) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for character in text.chars() {
        fold_into(&mut folded, character);
    }
    folded
}

fn fold_into(folded: &mut String, character: char) {
    for lower in character.to_lowercase() {
        let plain = match lower {
            'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' | 'ă' | 'ą' => "a",
            'ç' | 'č' | 'ć' => "c",
            'ď' | 'đ' => "d",
            'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ė' | 'ę' | 'ě' => "e",
            'ì' | 'í' | 'î' | 'ï' | 'ī' => "i",
            'ł' => "l",
            'ñ' | 'ń' | 'ň' => "n",
            'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ő' => "o",
            'ŕ' | 'ř' => "r",
            'ś' | 'š' | 'ş' | 'ș' => "s",
            'ť' | 'ţ' | 'ț' => "t",
            'ù' | 'ú' | 'û' | 'ü' | 'ū' | 'ů' | 'ű' => "u",
            'ý' | 'ÿ' => "y",
            'ź' | 'ż' | 'ž' => "z",
            'ß' => "ss",
            'æ' => "ae",
            'œ' => "oe",
            accent if is_combining(accent) => "",
            other => {
                folded.push(other);
                continue;
            }
        };
        folded.push_str(plain);
    }
}

/// The small raised letters of `Nº` and `1ª` are letters to Unicode, but signs to a reader.
fn is_part_of_word(character: char) -> bool {
    (character.is_alphanumeric() && !matches!(character, 'º' | 'ª'))
        || character == '_'
        || is_combining(character)
}

fn is_combining(character: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&character)
}

/// Invoices write "number" in many ways; labels need to be listed with one of them only.
fn use_one_word_for_number(plain: &mut String) {
    const WORDS: [&str; 9] = [
        "number", "num", "nr", "nbr", "numero", "nummer", "n", "nro", "stevilka",
    ];
    const ENDINGS: [&str; 3] = ["nummer", "number", "nr"];
    if WORDS.contains(&plain.as_str()) {
        "no".clone_into(plain);
        return;
    }
    for ending in ENDINGS {
        if let Some(stem) = plain.strip_suffix(ending)
            && stem.len() > 2
            && stem.chars().all(char::is_alphabetic)
        {
            *plain = format!("{stem}no");
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_match_however_they_are_written() {
        for written in ["Invoice No.", "INVOICE #", "invoice number", "InvoiceNr"] {
            assert_eq!(label_key(written), "invoiceno", "{written}");
        }
        assert_eq!(label_key("Facture n°"), "factureno");
        assert_eq!(label_key("Nº Factura"), "nofactura");
        assert_eq!(label_key("Rechnungs-Nr."), label_key("Rechnungsnummer"));
        assert_eq!(label_key("Številka računa"), "noracuna");
    }

    #[test]
    fn tokens_know_where_they_stand() {
        let text = "Facture n°562 du";
        let stand: Vec<&str> = tokens(text).iter().map(|t| &text[t.start..t.end]).collect();
        assert_eq!(stand, ["Facture", "n", "562", "du"]);
    }
}
