//! Finds out who issued a document, by evidence in its text.
//!
//! Evidence is a label ("Sold by"), a company's legal form ("GmbH"), the place (letterhead,
//! footer), an internet domain of the same name, being named more than once, and words of an
//! imprint nearby. What stands in the buyer's block does not count. With too little evidence no
//! name is returned: a wrong name is worse than none.

use std::collections::{BTreeMap, HashSet};

use super::candidate::{Candidate, MAX_SCORE};
use super::company;
use super::labels::{Document, LabelledRun, Place};
use crate::text::{fold, label_key, tokens};

/// A name needs this much evidence.
const MIN_EVIDENCE: f64 = 0.6;

/// The names of possible issuers of the document.
pub(crate) fn find(document: &Document<'_>, field: usize) -> Vec<Candidate> {
    let buyer = buyer_runs(document);
    let domains = domains(document, &buyer);
    let mut names: BTreeMap<String, Evidence> = BTreeMap::new();

    for (place, run) in document.runs() {
        if buyer.contains(&place) {
            continue;
        }
        for name in company::names(&run.text) {
            let evidence = names.entry(label_key(&name)).or_default();
            evidence.note(document, place, run, &name);
            evidence.has_legal_form = true;
        }
        for (name, where_found) in labelled_names(document, field, place, run) {
            if !buyer.contains(&where_found) {
                let evidence = names.entry(label_key(&name)).or_default();
                evidence.note(document, place, run, &name);
                evidence.is_labelled = true;
            }
        }
        if let Some(name) = letterhead(document, place, run) {
            let evidence = names.entry(label_key(name)).or_default();
            evidence.note(document, place, run, name);
        }
    }

    let mut scored: Vec<(String, f64, Evidence)> = names
        .into_iter()
        .map(|(key, evidence)| (key, evidence.score(&domains), evidence))
        .filter(|(_, score, _)| *score >= MIN_EVIDENCE)
        .collect();
    // "On behalf of Acme Ltd" has nothing that "Acme Ltd" does not.
    let keys: Vec<String> = scored.iter().map(|(key, ..)| key.clone()).collect();
    scored.retain(|(key, ..)| {
        !keys
            .iter()
            .any(|other| key != other && key.ends_with(other.as_str()))
    });
    scored
        .into_iter()
        .map(|(_, score, evidence)| Candidate {
            text: evidence.name,
            score: score.min(MAX_SCORE),
            place: evidence.place,
            end: 0,
        })
        .collect()
}

#[derive(Debug, Default)]
struct Evidence {
    name: String,
    place: Option<Place>,
    has_legal_form: bool,
    is_labelled: bool,
    is_on_top: bool,
    is_at_bottom: bool,
    is_in_imprint: bool,
    lines: HashSet<(usize, usize)>,
}

impl Evidence {
    fn note(&mut self, document: &Document<'_>, place: Place, run: &LabelledRun<'_>, name: &str) {
        if self.place.is_none() {
            name.clone_into(&mut self.name);
            self.place = Some(place);
        }
        self.lines.insert((place.page, place.line));
        let Some(page) = document.pages.get(place.page) else {
            return;
        };
        let height = run.run.area.bottom / page.height;
        self.is_on_top |= place.page == 0 && height < 0.14;
        self.is_at_bottom |= height > 0.8;
        let from = place.line.saturating_sub(1);
        let nearby = page.lines.iter().skip(from).take(place.line + 3 - from);
        self.is_in_imprint |= nearby
            .flat_map(|line| &line.runs)
            .filter(|other| {
                (other.run.area.left - run.run.area.left).abs() < 30.0
                    || other.run.area.shared_width(run.run.area) > 0.0
            })
            .any(|other| is_imprint(&other.text));
    }

    fn score(&self, domains: &HashSet<String>) -> f64 {
        let name = bare(&self.name);
        let matches_domain = domains.iter().any(|domain| {
            domain == &name
                || domain.len() >= 4
                    && (name.starts_with(domain) || domain.starts_with(&name) && name.len() >= 4)
        });
        let mut doubt = 1.0;
        let mut weigh = |applies: bool, leaves: f64| {
            if applies {
                doubt *= leaves;
            }
        };
        weigh(self.has_legal_form, 0.5);
        weigh(
            self.is_labelled,
            if self.has_legal_form { 0.25 } else { 0.4 },
        );
        weigh(self.is_on_top, if self.has_legal_form { 0.6 } else { 0.75 });
        weigh(self.is_at_bottom, 0.75);
        weigh(self.is_in_imprint, 0.65);
        weigh(self.lines.len() > 1, 0.8);
        weigh(matches_domain, 0.45);
        1.0 - doubt
    }
}

/// Names after the labels of the field, in the same run, to the right or below, and where they
/// are.
fn labelled_names<'a>(
    document: &'a Document<'_>,
    field: usize,
    place: Place,
    run: &'a LabelledRun<'_>,
) -> Vec<(String, Place)> {
    let Some(label) = run.labels.iter().find(|label| {
        label.stands_for(field).is_some() && (label.has_colon || label.at_start && label.at_end)
    }) else {
        return Vec::new();
    };
    let rest = run.text.get(label.end..).unwrap_or_default();
    if let Some(name) = plain_name(rest) {
        return vec![(name, place)];
    }
    let Some(page) = document.pages.get(place.page) else {
        return Vec::new();
    };
    let same_line = page
        .lines
        .get(place.line)
        .into_iter()
        .flat_map(|line| line.runs.iter().enumerate().skip(place.run + 1).take(1))
        .map(|(number, found)| {
            (
                Place {
                    run: number,
                    ..place
                },
                found,
            )
        });
    let below = page
        .lines
        .iter()
        .enumerate()
        .skip(place.line + 1)
        .take(3)
        .flat_map(|(line, row)| {
            row.runs
                .iter()
                .enumerate()
                .map(move |(run, found)| (Place { line, run, ..place }, found))
        })
        .filter(|(_, found)| {
            (found.run.area.left - run.run.area.left).abs() < 6.0
                && found.run.area.top - run.run.area.bottom < run.run.font_size * 2.5
        })
        .take(1);
    same_line
        .chain(below)
        .filter(|(_, found)| found.heading().is_none())
        .find_map(|(place, found)| Some((plain_name(&found.text)?, place)))
        .into_iter()
        .collect()
}

/// The large text on top of the first page, which is often the name of the sender.
fn letterhead<'a>(
    document: &Document<'_>,
    place: Place,
    run: &'a LabelledRun<'_>,
) -> Option<&'a str> {
    let page = document.pages.get(place.page)?;
    let is_name = run.labels.is_empty()
        && (1..=5).contains(&run.run.words.len())
        && !run
            .text
            .contains(|c: char| c.is_ascii_digit() || matches!(c, '@' | ':' | '/'))
        && run.text.starts_with(char::is_uppercase)
        && label_key(&run.text).len() >= 4;
    (place.page == 0 && run.run.area.bottom < page.height * 0.2 && is_name).then_some(&run.text)
}

/// A name that a label announces: a company with its legal form, or a few words without digits.
fn plain_name(text: &str) -> Option<String> {
    if let Some(name) = company::names(text).into_iter().next() {
        return Some(name);
    }
    let name = text.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, ':' | '-' | ',' | '*' | '.' | '|')
    });
    let is_name = name.starts_with(char::is_uppercase)
        && name.split(' ').count() <= 6
        && name.len() >= 3
        && !name.contains(|c: char| c.is_ascii_digit() || matches!(c, '@' | '(' | ':'));
    is_name.then(|| name.to_owned())
}

/// The runs of the buyer's block: after, to the right of and below the labels that name the
/// buyer.
fn buyer_runs(document: &Document<'_>) -> HashSet<Place> {
    let mut block = HashSet::new();
    for (place, run) in document.runs() {
        let Some(label) = run.labels.iter().find(|label| {
            label.names_the_buyer() && label.at_start && (label.at_end || label.has_colon)
        }) else {
            continue;
        };
        block.insert(place);
        let Some(page) = document.pages.get(place.page) else {
            continue;
        };
        if label.at_end
            && let Some(line) = page.lines.get(place.line)
            && let Some(next) = line.runs.get(place.run + 1)
            && next.heading().is_none()
        {
            block.insert(Place {
                run: place.run + 1,
                ..place
            });
        }
        // The block continues below as long as its lines follow each other closely.
        let mut bottom = run.run.area.bottom;
        let mut size = 0;
        for (number, line) in page.lines.iter().enumerate().skip(place.line + 1).take(40) {
            for (position, below) in line.runs.iter().enumerate() {
                let area = below.run.area;
                let is_below = (area.left - run.run.area.left).abs() < 15.0
                    || area.shared_width(run.run.area) > 0.0
                        && area.left > run.run.area.left - 15.0;
                let is_close = area.top - bottom < run.run.font_size * 3.0 && size < 9;
                if is_below && is_close {
                    block.insert(Place {
                        page: place.page,
                        line: number,
                        run: position,
                    });
                    bottom = area.bottom.max(bottom);
                    size += 1;
                }
            }
        }
    }
    block
}

/// The names in e-mail and web addresses, without those that everybody can have an address at.
fn domains(document: &Document<'_>, buyer: &HashSet<Place>) -> HashSet<String> {
    const FREE: [&str; 14] = [
        "gmail",
        "hotmail",
        "outlook",
        "yahoo",
        "icloud",
        "live",
        "aol",
        "gmx",
        "web",
        "mail",
        "protonmail",
        "siol",
        "orange",
        "example",
    ];
    let mut found = HashSet::new();
    for (place, run) in document.runs() {
        if buyer.contains(&place) {
            continue;
        }
        for word in run
            .text
            .split([' ', '(', ')', ',', ';', '<', '>', '|', '"'])
        {
            let word = word.trim_end_matches(['.', ':', '/']).to_lowercase();
            let host = match word.rsplit_once('@') {
                Some((_, host)) => host,
                None if word.starts_with("http") || word.starts_with("www.") => {
                    let word = word
                        .split_once("://")
                        .map_or(word.as_str(), |(_, rest)| rest);
                    word.split(['/', '?']).next().unwrap_or_default()
                }
                None => {
                    let is_bare = [
                        ".com", ".fr", ".de", ".nl", ".si", ".it", ".es", ".eu", ".net", ".org",
                    ]
                    .iter()
                    .any(|ending| word.ends_with(ending));
                    if is_bare { word.as_str() } else { continue }
                }
            };
            let labels: Vec<&str> = host.split('.').collect();
            let place = match labels[..] {
                [.., name, "co" | "com", _] if name != "www" => name,
                [.., name, _] => name,
                _ => continue,
            };
            let name = label_key(place);
            if name.len() >= 3 && !FREE.contains(&name.as_str()) {
                found.insert(name);
            }
        }
    }
    found
}

/// A name without its legal form, as a domain has it.
fn bare(name: &str) -> String {
    let words: Vec<&str> = name
        .split(' ')
        .filter(|word| !company::is_legal_form(word))
        .collect();
    let joined = words.join(" ");
    let name = joined.trim_end_matches(".com").trim_end_matches(".net");
    label_key(name)
}

/// Whether a text has words of an imprint: registers, seats, tax numbers.
fn is_imprint(text: &str) -> bool {
    const WORDS: [&str; 28] = [
        "kvk",
        "btw",
        "hrb",
        "hra",
        "registergericht",
        "handelsregister",
        "geschaftsfuhrer",
        "vorstand",
        "ustid",
        "uid",
        "steuernr",
        "steuerno",
        "siret",
        "siren",
        "rcs",
        "rsc",
        "capital",
        "siege",
        "tva",
        "registered",
        "gstin",
        "iban",
        "vat",
        "maticna",
        "trr",
        "partita",
        "piva",
        "cif",
    ];
    let folded = fold(text);
    tokens(&folded)
        .iter()
        .any(|token| WORDS.contains(&token.plain.as_str()))
}
