//! Finds dates in text, in figures and in words of several languages.

use jiff::civil::Date;

use crate::text::{Token, tokens};

/// A date and where it is in the text.
#[derive(Debug, Clone)]
pub(crate) struct FoundDate {
    /// The first byte.
    pub(crate) start: usize,
    /// The byte after the last one.
    pub(crate) end: usize,
    pub(crate) reading: Reading,
}

/// What a printed date can mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// One date only.
    Certain(Date),
    /// `04/07/2016`: two dates, depending on what comes first.
    Either {
        /// As read with the day first.
        day_first: Date,
        /// As read with the month first.
        month_first: Date,
    },
}

/// Evidence in a text of whether days or months come first: a date that makes sense in one order
/// only.
pub(crate) fn order_votes(text: &str) -> i32 {
    let all = tokens(text);
    (0..all.len())
        .filter_map(|at| figures(text, all.get(at..)?))
        .map(|figures| match figures {
            Figures {
                first: 13..=31,
                second: 1..=12,
                separator: '/' | '-',
                ..
            } => 1,
            Figures {
                first: 1..=12,
                second: 13..=31,
                separator: '/' | '-',
                ..
            } => -1,
            _ => 0,
        })
        .sum()
}

/// All dates in a text, from left to right.
pub(crate) fn find(text: &str) -> Vec<FoundDate> {
    let all = tokens(text);
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = all.get(at..).filter(|rest| !rest.is_empty()) {
        match date_at(text, rest) {
            Some((used, reading)) => {
                if let (Some(first), Some(last)) = (rest.first(), rest.get(used - 1)) {
                    found.push(FoundDate {
                        start: first.start,
                        end: last.end,
                        reading,
                    });
                }
                at += used;
            }
            None => at += 1,
        }
    }
    found
}

/// The text with every date blanked out, byte for byte, so that no part of one is read as an
/// amount.
pub(crate) fn without_dates(text: &str) -> String {
    let mut blanked = text.to_owned();
    for date in find(text).iter().rev() {
        blanked.replace_range(date.start..date.end, &";".repeat(date.end - date.start));
    }
    blanked
}

/// A date at the first token, and how many tokens it takes.
fn date_at(text: &str, rest: &[Token]) -> Option<(usize, Reading)> {
    if let Some(figures) = figures(text, rest) {
        return Some((3, figures.reading()?));
    }
    if let Some(found) = with_month_first(text, rest) {
        return Some(found);
    }
    with_month_name(text, rest)
}

/// Three numbers with the same sign between them.
struct Figures {
    first: i16,
    second: i16,
    third: i16,
    year_first: bool,
    separator: char,
}

fn figures(text: &str, rest: &[Token]) -> Option<Figures> {
    let [a, b, c, ..] = rest else { return None };
    let between = |left: &Token, right: &Token| {
        let gap = text.get(left.end..right.start)?;
        let sign = gap.trim().chars().next()?;
        (matches!(sign, '/' | '-' | '.') && gap.trim().len() == 1 && gap.len() <= 3).then_some(sign)
    };
    let separator = between(a, b)?;
    if between(b, c)? != separator || is_glued(text, a, c, separator) {
        return None;
    }
    let year_first = a.plain.len() == 4;
    let lengths_fit = if year_first {
        b.plain.len() <= 2 && c.plain.len() <= 2
    } else {
        a.plain.len() <= 2 && b.plain.len() <= 2 && matches!(c.plain.len(), 2 | 4)
    };
    if !lengths_fit {
        return None;
    }
    Some(Figures {
        first: figure(&a.plain)?,
        second: figure(&b.plain)?,
        third: figure(&c.plain)?,
        year_first,
        separator,
    })
}

impl Figures {
    fn reading(&self) -> Option<Reading> {
        if self.year_first {
            return date(self.first, self.second, self.third).map(Reading::Certain);
        }
        let day_first = date(self.third, self.second, self.first);
        // Nobody writes the month first with points between.
        let month_first = if self.separator == '.' {
            None
        } else {
            date(self.third, self.first, self.second)
        };
        match (day_first, month_first) {
            (Some(a), Some(b)) if a != b => Some(Reading::Either {
                day_first: a,
                month_first: b,
            }),
            (Some(found), _) | (None, Some(found)) => Some(Reading::Certain(found)),
            (None, None) => None,
        }
    }
}

/// `August 13, 2019`.
fn with_month_first(text: &str, rest: &[Token]) -> Option<(usize, Reading)> {
    let [name, day, year, ..] = rest else {
        return None;
    };
    let month = month(&name.plain)?;
    let gap = text.get(name.end..day.start)?;
    let comma = text.get(day.end..year.start)?;
    if !gap.chars().all(|c| matches!(c, ' ' | '.' | '-'))
        || !comma.chars().all(|c| matches!(c, ' ' | ',' | '.' | '-'))
    {
        return None;
    }
    let found = date(year_figure(year)?, month, day_figure(day)?)?;
    Some((3, Reading::Certain(found)))
}

/// `13 August 2019`, `13. avgust 2019`, `1er août 2019`, `13 de agosto de 2019`, `13-Aug-19`.
fn with_month_name(text: &str, rest: &[Token]) -> Option<(usize, Reading)> {
    let day = day_figure(rest.first()?)?;
    let mut at = 1;
    let skip_small_word = |at: &mut usize| {
        let is_small =
            |token: &Token| matches!(token.plain.as_str(), "de" | "del" | "of" | "di" | "d");
        *at += usize::from(rest.get(*at).is_some_and(is_small));
    };
    skip_small_word(&mut at);
    let month = month(&rest.get(at)?.plain)?;
    at += 1;
    skip_small_word(&mut at);
    let year = year_figure(rest.get(at)?)?;
    let gaps = text.get(rest.first()?.end..rest.get(at)?.start)?;
    if gaps.contains([':', ';', '(', ')', '|', '+', '=']) {
        return None;
    }
    let found = date(year, month, day)?;
    Some((at + 1, Reading::Certain(found)))
}

/// Whether the figures continue before or after it, as those of versions, codes and telephone
/// numbers do.
fn is_glued(text: &str, first: &Token, last: &Token, separator: char) -> bool {
    let before = text.get(..first.start).unwrap_or_default();
    let behind = text.get(last.end..).unwrap_or_default();
    let goes_on = |c: char| c == separator && c != '.' || matches!(c, '/' | '_' | '#');
    let point_and_digit = |text: &str| {
        text.strip_prefix('.')
            .is_some_and(|tail| tail.starts_with(|c: char| c.is_ascii_digit()))
    };
    before.ends_with(goes_on)
        || behind.starts_with(goes_on)
        || point_and_digit(behind)
        || before
            .strip_suffix('.')
            .is_some_and(|head| head.ends_with(|c: char| c.is_ascii_digit()))
}

fn figure(text: &str) -> Option<i16> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

/// A day, with or without the ending of an ordinal number.
fn day_figure(token: &Token) -> Option<i16> {
    let digits = ["st", "nd", "rd", "th", "er", "e"]
        .iter()
        .find_map(|ending| token.plain.strip_suffix(ending))
        .unwrap_or(&token.plain);
    figure(digits).filter(|day| (1..=31).contains(day))
}

fn year_figure(token: &Token) -> Option<i16> {
    matches!(token.plain.len(), 2 | 4)
        .then(|| figure(&token.plain))
        .flatten()
}

/// The date, if there is one; two-digit years are those around the turn of the millennium.
fn date(year: i16, month: i16, day: i16) -> Option<Date> {
    let year = match year {
        0..=69 => year + 2000,
        70..=99 => year + 1900,
        1900..=2199 => year,
        _ => return None,
    };
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// The number of a month by its name in English, German, French, Spanish, Slovene, Italian, Dutch
/// or Portuguese.
fn month(plain: &str) -> Option<i16> {
    const MONTHS: [&[&str]; 12] = [
        &[
            "january", "januar", "janner", "janvier", "enero", "gennaio", "januari", "janeiro",
            "jan", "janv", "ene", "gen",
        ],
        &[
            "february",
            "februar",
            "feber",
            "fevrier",
            "febrero",
            "febbraio",
            "februari",
            "fevereiro",
            "feb",
            "fevr",
            "fev",
        ],
        &[
            "march", "marz", "maerz", "mars", "marzo", "marec", "marca", "maart", "marco", "mar",
            "mrz", "mrt",
        ],
        &[
            "april", "avril", "abril", "aprile", "aprila", "apr", "avr", "abr",
        ],
        &[
            "may", "mai", "mayo", "maggio", "maj", "maja", "mei", "maio", "mag",
        ],
        &[
            "june", "juni", "juin", "junio", "giugno", "junij", "junija", "junho", "jun", "giu",
        ],
        &[
            "july", "juli", "juillet", "julio", "luglio", "julij", "julija", "julho", "jul",
            "juil", "lug",
        ],
        &[
            "august", "aout", "agosto", "avgust", "avgusta", "augustus", "aug", "ago", "avg",
        ],
        &[
            "september",
            "septembre",
            "septiembre",
            "settembre",
            "septembra",
            "setembro",
            "sep",
            "sept",
            "set",
        ],
        &[
            "october", "oktober", "octobre", "octubre", "ottobre", "oktobra", "outubro", "oct",
            "okt", "ott", "out",
        ],
        &[
            "november",
            "novembre",
            "noviembre",
            "novembra",
            "novembro",
            "nov",
        ],
        &[
            "december",
            "dezember",
            "decembre",
            "diciembre",
            "dicembre",
            "decembra",
            "dezembro",
            "dec",
            "dez",
            "dic",
        ],
    ];
    let index = MONTHS.iter().position(|names| {
        names.contains(&plain)
            || plain
                .strip_suffix('a')
                .is_some_and(|stem| stem.len() > 4 && names.contains(&stem))
    })?;
    i16::try_from(index + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        find(text)
            .iter()
            .map(|found| match found.reading {
                Reading::Certain(date) => date.to_string(),
                Reading::Either {
                    day_first,
                    month_first,
                } => format!("{day_first} or {month_first}"),
            })
            .collect()
    }

    #[test]
    fn dates_are_read_however_they_are_printed() {
        for (text, date) in [
            ("2016-07-04", "2016-07-04"),
            ("2016/7/4", "2016-07-04"),
            ("13.08.2019", "2019-08-13"),
            ("13. 8. 2019", "2019-08-13"),
            ("01.05.14", "2014-05-01"),
            ("August 13, 2019", "2019-08-13"),
            ("August 3 , 2014", "2014-08-03"),
            ("Aug. 13th 2019", "2019-08-13"),
            ("13 août 2019", "2019-08-13"),
            ("1er août 2019", "2019-08-01"),
            ("7. Mai 2014", "2014-05-07"),
            ("3. März 2020", "2020-03-03"),
            ("29 maart 2014", "2014-03-29"),
            ("13 de agosto de 2019", "2019-08-13"),
            ("13. avgusta 2019", "2019-08-13"),
            ("5 luglio 2021", "2021-07-05"),
            ("05-Jul-2015", "2015-07-05"),
            ("03/20/2023", "2023-03-20"),
            ("15-10-2015", "2015-10-15"),
            ("8-9-2022", "2022-09-08 or 2022-08-09"),
            ("04/07/2016", "2016-07-04 or 2016-04-07"),
            ("5/5/2016", "2016-05-05"),
            ("n°562044387 du 02 Juillet 2015", "2015-07-02"),
        ] {
            assert_eq!(shown(text), [date], "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "2016-13-04",
            "31.02.2020",
            "1.2.3.4",
            "26.47.15.10",
            "INV/2023/03/0008",
            "3 August",
            "2019-08-13-77",
            "99/99/9999",
            "12.50",
        ] {
            assert_eq!(shown(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn dates_in_one_order_only_tell_the_order() {
        assert_eq!(order_votes("15/10/2015 and 03/04/2015"), 1);
        assert_eq!(order_votes("03/20/2023"), -1);
    }

    #[test]
    fn blanking_keeps_every_place() {
        let text = "DUE ON August 3 , 2014 $4.11";
        let blanked = without_dates(text);
        assert_eq!(blanked.len(), text.len());
        assert!(blanked.ends_with(" $4.11") && !blanked.contains("2014"));
    }
}
