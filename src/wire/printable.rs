//! Makes foreign text safe for a terminal or a log.

/// Escapes everything in foreign text that could move the cursor, change colours or reverse the
/// reading direction, as `\u{..}`.
///
/// The text is cut after `max_chars` characters, with `…` in place of the rest. Every `Display`
/// in this crate that quotes a server uses it; use it if you print a server's text yourself.
pub fn printable(text: &str, max_chars: usize) -> String {
    let mut out = String::with_capacity(text.len().min(max_chars.saturating_mul(4)));
    for (index, character) in text.chars().enumerate() {
        if index == max_chars {
            out.push('…');
            break;
        }
        if is_harmless(character) {
            out.push(character);
        } else {
            out.extend(character.escape_unicode());
        }
    }
    out
}

fn is_harmless(character: char) -> bool {
    let steers = character.is_control()
        || matches!(
            character,
            // Marks, embeddings and isolates of the bidirectional algorithm; invisible operators;
            // line and paragraph separators; tags.
            '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{061c}'
                | '\u{feff}'
                | '\u{e0000}'..='\u{e007f}'
        );
    !steers
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn plain_text_of_any_script_stays() {
        assert_eq!(
            printable("Žlička, naïve, 請求書 €", 100),
            "Žlička, naïve, 請求書 €"
        );
    }

    #[test]
    fn escape_sequences_and_direction_marks_are_spelled_out() {
        assert_eq!(
            printable("a\u{1b}[31mb\r\n\u{202e}c\u{9b}", 100),
            "a\\u{1b}[31mb\\u{d}\\u{a}\\u{202e}c\\u{9b}"
        );
    }

    #[test]
    fn long_text_is_cut_at_a_character() {
        assert_eq!(printable("ééééé", 3), "ééé…");
    }
}
