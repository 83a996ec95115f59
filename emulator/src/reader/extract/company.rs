//! Recognises names of companies by their legal form.

use crate::text::fold;

/// A name has no more words than this before its legal form.
const MAX_NAME_WORDS: usize = 6;

/// Legal forms, without points and in lower case, that are no other word in any way of writing.
const FORMS: [&str; 44] = [
    "ltd",
    "limited",
    "llc",
    "llp",
    "inc",
    "incorporated",
    "corp",
    "corporation",
    "plc",
    "gmbh",
    "ggmbh",
    "mbh",
    "ohg",
    "ek",
    "sas",
    "sasu",
    "sarl",
    "eurl",
    "sl",
    "slu",
    "srl",
    "srls",
    "spa",
    "bv",
    "bvba",
    "nv",
    "vof",
    "doo",
    "dd",
    "sp",
    "sro",
    "aps",
    "oyj",
    "pty",
    "pvt",
    "kft",
    "zrt",
    "ltda",
    "eood",
    "ood",
    "snc",
    "gbr",
    "kgaa",
    "sprl",
];

/// Legal forms that are words, units or syllables too, unless they are written just so.
const FORMS_AS_WRITTEN: [&str; 21] = [
    "AG", "KG", "SE", "UG", "SA", "S.A.", "S.A", "AS", "A/S", "AB", "Oy", "OY", "Co.", "CO.",
    "s.p.", "d.d.", "a.s.", "A.S.", "SCI", "eG", "Lda",
];

/// Words before a legal form that make it longer.
const PREFIXES: [&str; 4] = ["pvt", "private", "co", "pty"];

/// The names of companies in a text, each with its legal form.
pub(crate) fn names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for part in parts(text) {
        let words: Vec<&str> = part.split(' ').filter(|word| !word.is_empty()).collect();
        let mut at = 0;
        while at < words.len() {
            let is_form = words.get(at).is_some_and(|word| is_legal_form(word));
            if !is_form {
                at += 1;
                continue;
            }
            // "GmbH & Co. KG" is one form.
            let mut end = at + 1;
            while let Some(next) = words.get(end) {
                let joins = is_legal_form(next)
                    || *next == "&" && words.get(end + 1).is_some_and(|word| is_legal_form(word));
                if !joins {
                    break;
                }
                end += 1;
            }
            let start = name_start(&words, at);
            if start < at
                && let Some(name) = words.get(start..end)
            {
                names.push(tidy(&name.join(" ")));
            }
            at = end;
        }
    }
    names.retain(|name| {
        let has_letters = |word: &str| word.chars().filter(|c| c.is_alphabetic()).count() > 1;
        name.len() <= 80
            && name
                .split(' ')
                .any(|word| has_letters(word) && !is_legal_form(word))
    });
    names
}

/// Whether a word is a legal form, such as `Ltd.`, `GmbH` or `d.o.o.`.
pub(crate) fn is_legal_form(word: &str) -> bool {
    let word = word.trim_end_matches([',', ';', ':', ')']);
    if FORMS_AS_WRITTEN.contains(&word) {
        return true;
    }
    let bare: String = fold(word).chars().filter(|c| *c != '.').collect();
    // Without points or a capital it is a word of a sentence: "limited", "inc".
    let is_marked = word.contains('.') || word.starts_with(char::is_uppercase);
    is_marked
        && (FORMS.contains(&bare.as_str()) && bare != "sp"
            || PREFIXES.contains(&bare.as_str()) && word.ends_with('.'))
}

/// Where the name before the legal form at `form` begins.
fn name_start(words: &[&str], form: usize) -> usize {
    let mut start = form;
    while start > 0 && form - start < MAX_NAME_WORDS {
        let Some(word) = words.get(start - 1) else {
            break;
        };
        let ends_another = word.ends_with([':', ';', '!', '?', ')']) || *word == "-";
        let is_name = |word: &str| {
            word.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit())
                || word.contains('.') && !word.ends_with('.')
        };
        let joins_names = is_name(word)
            || matches!(*word, "&" | "+")
            || start > 1 && words.get(start - 2).is_some_and(|before| is_name(before));
        if ends_another || !joins_names || ends_sentence(word) {
            break;
        }
        start -= 1;
    }
    // A joining word or a number is no beginning.
    while start < form
        && words.get(start).is_some_and(|word| {
            word.starts_with(|c: char| c.is_lowercase() || c == '&' || c == '+')
                && !word.contains('.')
        })
    {
        start += 1;
    }
    start
}

/// Words that end a sentence before a name: "sold by", "payable to".
fn ends_sentence(word: &str) -> bool {
    matches!(
        word,
        "by" | "to"
            | "from"
            | "at"
            | "with"
            | "is"
            | "are"
            | "the"
            | "our"
            | "von"
            | "bei"
            | "an"
            | "mit"
            | "par"
            | "chez"
            | "à"
            | "por"
            | "da"
            | "od"
            | "pri"
            | "door"
            | "bij"
            | "aan"
            | "for"
            | "für"
            | "pour"
            | "za"
    )
}

/// The parts of a text between the signs that separate a name from an address.
fn parts(text: &str) -> Vec<&str> {
    text.split(['|', '·', '•', '–', '—', '\u{2022}'])
        .flat_map(|part| part.split(" - "))
        .flat_map(|part| part.split(" / "))
        .collect()
}

fn tidy(name: &str) -> String {
    let name = name.trim_end_matches([',', ';', ':', ' ', ')']);
    name.trim_start_matches(['(', '"', '\'', '©', ' '])
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn companies_are_cut_out_of_their_text() {
        for (text, name) in [
            ("Coolblue B.V.", "Coolblue B.V."),
            (
                "QualityHosting AG - Uferweg 40-42 - D-63571 Gelnhausen",
                "QualityHosting AG",
            ),
            (
                "WS Retail Services Pvt. Ltd.,",
                "WS Retail Services Pvt. Ltd.",
            ),
            (
                "All AWS Services are sold by Amazon Web Services, Inc.",
                "Amazon Web Services, Inc.",
            ),
            ("Free SAS au capital de 3.441.812 Euros", "Free SAS"),
            (
                "Muster & Söhne GmbH & Co. KG",
                "Muster & Söhne GmbH & Co. KG",
            ),
            (
                "Hribar in Sinovi d.o.o., Ljubljana",
                "Hribar in Sinovi d.o.o.",
            ),
            ("bol.com b.v.", "bol.com b.v."),
            ("Supplier: Rossi Vini S.p.A.", "Rossi Vini S.p.A."),
        ] {
            assert_eq!(names(text), [name], "{text}");
        }
    }

    #[test]
    fn other_words_are_no_companies() {
        for text in [
            "5 KG",
            "as soon as possible",
            "Sarl au capital",
            "GmbH",
            "limited offer",
        ] {
            assert_eq!(names(text), Vec::<String>::new(), "{text}");
        }
    }
}
