//! What amounts show together: their currency, and which of them add up.

use std::collections::BTreeMap;

use super::amounts::{self, DecimalSign};
use super::candidate::Candidate;
use super::currency;
use super::dates;
use super::labels::{Document, Place};
use crate::document_type::Field;

/// The currencies printed in the document, each at its best place: next to the total, beside
/// another amount, alone.
pub(crate) fn find(document: &Document<'_>, totals: &[Candidate]) -> Vec<Candidate> {
    let total = totals
        .iter()
        .max_by(|a, b| a.score.total_cmp(&b.score))
        .and_then(|candidate| candidate.place);
    let mut seen: BTreeMap<&'static str, Seen> = BTreeMap::new();
    let mut dollars: Option<&'static str> = None;
    for (place, run) in document.runs() {
        let is_total =
            total.is_some_and(|total| (total.page, total.line) == (place.page, place.line));
        let text = dates::without_dates(&run.text);
        for amount in amounts::find(&text, DecimalSign::Unknown) {
            if let Some((code, certainty)) = amount.currency {
                let bonus = if is_total { 0.98 } else { 0.93 };
                note(&mut seen, code, certainty * bonus, place);
            }
        }
        for word in run.text.split([' ', '(', ')', '/', ',']) {
            let Some((code, certainty)) = currency::named(word).filter(|_| stands_alone(word))
            else {
                continue;
            };
            if code.ends_with('D') && word.len() >= 3 {
                dollars = dollars.or(Some(code));
            }
            let bonus = if is_total { 0.97 } else { 0.85 };
            note(&mut seen, code, certainty * bonus, place);
        }
    }
    // The dollar sign alone means the dollars that are named somewhere.
    if let Some(code) = dollars
        && let Some(sign) = seen.remove("USD")
    {
        let named = seen.entry(code).or_insert(sign);
        named.count += sign.count;
        named.score = named.score.max(0.93);
        named.place = named.place.min(sign.place);
    }
    let most = seen.values().map(|seen| seen.count).max().unwrap_or(0);
    seen.into_iter()
        .map(|(code, seen)| {
            let share = if seen.count * 2 < most { 0.6 } else { 1.0 };
            Candidate {
                text: code.to_owned(),
                score: seen.score * share,
                place: Some(seen.place),
                end: 0,
            }
        })
        .collect()
}

/// Moves amounts that add up towards certainty: a total and what it is the sum of.
pub(crate) fn reward_sums(fields: &[Field], all: &mut [Vec<Candidate>]) {
    for (total, field) in fields.iter().enumerate() {
        let parts: Vec<usize> = field
            .sum_of
            .iter()
            .filter_map(|name| fields.iter().position(|other| other.name == *name))
            .collect();
        let [first, second] = parts[..] else { continue };
        let sums = |wanted: i128, all: &[Vec<Candidate>]| {
            let amounts = |index: usize| {
                let list = all.get(index).map_or(&[][..], Vec::as_slice);
                list.iter().filter_map(|candidate| number(&candidate.text))
            };
            amounts(first)
                .flat_map(|a| amounts(second).map(move |b| (a, b)))
                .find(|(a, b)| a + b == wanted && *a != 0 && *b != 0)
        };
        let totals: Vec<i128> = all
            .get(total)
            .into_iter()
            .flatten()
            .filter_map(|candidate| number(&candidate.text))
            .collect();
        let Some((sum, (a, b))) = totals
            .into_iter()
            .find_map(|wanted| sums(wanted, all).map(|parts| (wanted, parts)))
        else {
            continue;
        };
        for (index, amount) in [(total, sum), (first, a), (second, b)] {
            for candidate in all.get_mut(index).into_iter().flatten() {
                if number(&candidate.text) == Some(amount) {
                    candidate.score += (1.0 - candidate.score.min(1.0)) / 2.0;
                }
            }
        }
    }
}

/// How large an amount in the service's form is, for putting amounts in order.
pub(crate) fn magnitude(text: &str) -> i128 {
    number(text).map_or(0, i128::abs)
}

#[derive(Clone, Copy)]
struct Seen {
    score: f64,
    place: Place,
    count: usize,
}

fn note(seen: &mut BTreeMap<&'static str, Seen>, code: &'static str, score: f64, place: Place) {
    let entry = seen.entry(code).or_insert(Seen {
        score,
        place,
        count: 0,
    });
    entry.count += 1;
    if score > entry.score {
        entry.score = score;
        entry.place = place;
    }
}

/// Whether a word names a currency even where no amount is next to it: words people use for other
/// things do not.
fn stands_alone(word: &str) -> bool {
    const WORDS: [&str; 18] = [
        "EUR", "USD", "GBP", "CHF", "CAD", "AUD", "NZD", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF",
        "JPY", "INR", "RON", "HKD", "SGD",
    ];
    let word = word.trim_matches(['.', ':']);
    WORDS.contains(&word) || matches!(word, "€" | "£" | "Euro" | "Euros" | "Dollars")
}

/// An amount in the service's form, in ten-thousandths.
fn number(text: &str) -> Option<i128> {
    let (whole, fraction) = text.split_once('.')?;
    if whole.len() > 20 || fraction.len() != 4 {
        return None;
    }
    format!("{whole}{fraction}").parse().ok()
}
