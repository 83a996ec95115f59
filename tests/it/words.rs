//! One idea has one name, and lines have at most 100 columns: the list is `.ci/words.txt`. And a
//! file of Rust has at most 500 lines.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

/// Columns that a line may have.
const MAX_WIDTH: usize = 100;

/// Lines that a file of Rust may have.
const MAX_LINES: usize = 500;

/// Names that begin with a dot are passed over, but for these.
const HIDDEN: [&str; 2] = [".ci", ".github"];

/// What is read: all of `.ci`, and elsewhere files that end in one of these.
const SUFFIXES: [&str; 4] = ["rs", "md", "toml", "yml"];

/// The committed list, parsed.
#[derive(Default)]
struct Rules {
    patterns: Vec<Pattern>,
    not_read: Vec<String>,
    wide: Vec<String>,
}

/// What is not written, and what to write instead.
struct Pattern {
    text: String,
    tokens: Vec<String>,
    replacement: String,
    case_counts: bool,
    /// The beginnings of the paths where it may stay.
    except: Vec<String>,
}

/// A word or a mark, and the number of its line.
struct Token<'a> {
    text: &'a str,
    line: usize,
}

#[derive(Debug, PartialEq)]
struct Finding {
    path: String,
    line: usize,
    problem: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.problem)
    }
}

impl Rules {
    /// Parses the list. Panics where a line is out of place: the list is part of this test.
    fn parse(list: &str) -> Self {
        let mut rules = Self::default();
        let mut section = "";
        for line in list.lines().filter(|line| !line.is_empty()) {
            if line.starts_with('#') {
                continue;
            }
            if let Some(name) = line.strip_prefix('[') {
                section = name.trim_end_matches(']');
                continue;
            }
            let (left, right) = line
                .split_once('\t')
                .unwrap_or_else(|| panic!("no tab in {line:?}"));
            assert!(!left.is_empty() && !right.is_empty(), "{line:?}");
            let (kind, except) = section.split_once(" except ").unwrap_or((section, ""));
            match kind {
                "identifiers" | "prose" => rules.patterns.push(Pattern {
                    text: left.to_owned(),
                    tokens: pattern_tokens(left, kind == "identifiers"),
                    replacement: right.to_owned(),
                    case_counts: kind == "identifiers",
                    except: except.split_whitespace().map(str::to_owned).collect(),
                }),
                "not read" => rules.not_read.push(left.to_owned()),
                "wide" => rules.wide.push(left.to_owned()),
                _ => panic!("no such section: {section:?}"),
            }
        }
        rules
    }

    /// All that is wrong with a file of this path and these contents, line by line.
    fn check(&self, path: &str, contents: &str) -> Vec<Finding> {
        if self.not_read.iter().any(|listed| listed == path) {
            return Vec::new();
        }
        let mut problems = self.old_words(path, contents);
        if !self.wide.iter().any(|listed| listed == path) {
            problems.extend(wide_lines(path, contents));
        }
        problems.sort_by_key(|(line, _)| *line);
        problems
            .into_iter()
            .map(|(line, problem)| Finding {
                path: path.to_owned(),
                line,
                problem,
            })
            .collect()
    }

    /// The words that are not written, with the number of their line.
    fn old_words(&self, path: &str, contents: &str) -> Vec<(usize, String)> {
        // By their first word, which most words of a text are not; those with a `*` there apart.
        let mut by_first_word: BTreeMap<String, Vec<&Pattern>> = BTreeMap::new();
        let mut any_first_word = Vec::new();
        for pattern in &self.patterns {
            if pattern.except.iter().any(|start| path.starts_with(start)) {
                continue;
            }
            let first = &pattern.tokens[0];
            if first.contains('*') {
                any_first_word.push(pattern);
            } else {
                let same_word = by_first_word.entry(first.to_lowercase()).or_default();
                same_word.push(pattern);
            }
        }

        let tokens = tokens(contents);
        let lowered: Vec<String> = tokens
            .iter()
            .map(|token| token.text.to_lowercase())
            .collect();
        let mut problems = Vec::new();
        for (at, token) in tokens.iter().enumerate() {
            let same_word = by_first_word.get(&lowered[at]).into_iter().flatten();
            for pattern in same_word.chain(&any_first_word) {
                let is_found = at + pattern.tokens.len() <= tokens.len()
                    && pattern.tokens.iter().enumerate().all(|(offset, wanted)| {
                        let found = if pattern.case_counts {
                            tokens[at + offset].text
                        } else {
                            &lowered[at + offset]
                        };
                        matches_word(wanted, found)
                    });
                if is_found {
                    let (text, instead) = (&pattern.text, &pattern.replacement);
                    problems.push((token.line, format!("`{text}`: write {instead}")));
                }
            }
        }
        problems
    }
}

/// The lines that are too wide and could be broken, with their number.
fn wide_lines(path: &str, contents: &str) -> Vec<(usize, String)> {
    let mut problems = Vec::new();
    for (at, line) in contents.lines().enumerate() {
        let is_exempt =
            line.contains("://") || (path.ends_with(".md") && line.trim_start().starts_with('|'));
        let width = line.chars().count();
        if width > MAX_WIDTH && !is_exempt {
            let problem = format!("{width} columns: write {MAX_WIDTH} at most");
            problems.push((at + 1, problem));
        }
    }
    problems
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The words and marks of a pattern; a `*` is part of its word.
fn pattern_tokens(pattern: &str, case_counts: bool) -> Vec<String> {
    let marked = pattern.replace('*', "__any__");
    tokens(&marked)
        .iter()
        .map(|token| token.text.replace("__any__", "*"))
        .map(|text| {
            if case_counts {
                text
            } else {
                text.to_lowercase()
            }
        })
        .collect()
}

/// Whether a word is what the pattern's word says, which may begin or end with a `*`.
fn matches_word(pattern: &str, word: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(end), _) => word.ends_with(end),
        (None, Some(start)) => word.starts_with(start),
        (None, None) => pattern == word,
    }
}

/// The words and marks of a text.
///
/// What only begins or continues a line (`///`, `#`, `>`, a `\` at its end) is left out, so that a
/// phrase is found across a line break. An empty line ends a phrase.
fn tokens(contents: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    for (at, line) in contents.lines().enumerate() {
        let line_number = at + 1;
        let line = line.trim_start().trim_start_matches(['/', '!', '#', '>']);
        let mut rest = line.trim().trim_end_matches('\\').trim_end();
        if rest.is_empty() {
            tokens.push(Token {
                text: "\n",
                line: line_number,
            });
        }
        while let Some(first) = rest.chars().next() {
            let length = if is_word_char(first) {
                word_length(rest)
            } else {
                first.len_utf8()
            };
            let (text, after) = rest.split_at(length);
            tokens.push(Token {
                text,
                line: line_number,
            });
            rest = after.trim_start();
        }
    }
    tokens
}

/// The bytes of the word that a text begins with; an apostrophe between letters is part of it.
fn word_length(text: &str) -> usize {
    let mut length = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let joins = c == '\'' && chars.peek().is_some_and(|(_, next)| next.is_alphabetic());
        if !is_word_char(c) && !joins {
            break;
        }
        length = at + c.len_utf8();
    }
    length
}

/// The paths below `root`, with `/`, in order.
fn paths(root: &Path, below: &str, paths: &mut Vec<String>) {
    let entries = fs::read_dir(root.join(below)).expect("the checkout can be read");
    let mut names: Vec<(String, bool)> = entries
        .map(|entry| {
            let entry = entry.expect("the checkout can be read");
            let is_folder = entry
                .file_type()
                .expect("the checkout can be read")
                .is_dir();
            (entry.file_name().to_string_lossy().into_owned(), is_folder)
        })
        .collect();
    names.sort();
    for (name, is_folder) in names {
        let path = format!("{below}{name}");
        if is_folder {
            let is_hidden = name.starts_with('.') && !HIDDEN.contains(&name.as_str());
            if !is_hidden && name != "target" {
                self::paths(root, &format!("{path}/"), paths);
            }
        } else {
            let suffix = name.rsplit_once('.').map_or("", |(_, suffix)| suffix);
            if path.starts_with(".ci/") || SUFFIXES.contains(&suffix) {
                paths.push(path);
            }
        }
    }
}

fn committed() -> Rules {
    Rules::parse(include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/.ci/words.txt"
    )))
}

#[test]
fn no_old_word_and_no_wide_line_is_in_the_tree() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rules = committed();
    let mut all = Vec::new();
    paths(root, "", &mut all);
    assert!(all.len() > 200, "{}", all.len());

    let mut findings = Vec::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for path in &all {
        let contents = fs::read_to_string(root.join(path)).expect("a file of the checkout is text");
        let found = rules.check(path, &contents);
        let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
        *counts.entry(folder).or_default() += found.len();
        findings.extend(found.iter().map(|finding| format!("{finding}\n")));
    }
    counts.retain(|_, count| *count > 0);
    assert!(
        findings.is_empty(),
        "{}{} to fix: {counts:?}. The rules are in .ci/words.txt.",
        findings.concat(),
        findings.len()
    );
}

#[test]
fn no_file_of_rust_is_too_long() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    paths(root, "", &mut all);
    all.retain(|path| path.ends_with(".rs"));
    assert!(all.len() > 200, "{}", all.len());
    let too_long: Vec<(String, usize)> = all
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(root.join(&path)).expect("a file of Rust is text");
            (path, text.lines().count())
        })
        .filter(|(_, lines)| *lines > MAX_LINES)
        .collect();
    assert!(
        too_long.is_empty(),
        "split these by subject: {too_long:#?}. A file has at most {MAX_LINES} lines."
    );
}

#[test]
fn each_word_of_the_list_is_found_where_it_is_planted() {
    let rules = committed();
    assert!(rules.patterns.len() > 50, "{}", rules.patterns.len());
    for pattern in &rules.patterns {
        let planted = format!("fine\nfine {} fine\n", pattern.text.replace('*', "x"));
        let found = rules.check("src/planted.rs", &planted);
        let expected = format!("`{}`: write {}", pattern.text, pattern.replacement);
        assert!(
            found
                .iter()
                .any(|finding| finding.line == 2 && finding.problem == expected),
            "{expected}: {found:?}"
        );
    }
}

#[test]
fn what_is_exempt_is_there() {
    let rules = committed();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let excepted = rules.patterns.iter().flat_map(|pattern| &pattern.except);
    for path in rules.not_read.iter().chain(&rules.wide).chain(excepted) {
        assert!(root.join(path).exists(), "{path} is exempt and not there");
    }
}

/// Lines and problems found in a planted file, with a list made for it.
fn found(path: &str, contents: &str) -> Vec<(usize, String)> {
    let list = "[identifiers]\nOld*\tNew*\n.oldest(\t.newest(\n\
                [identifiers except a/b/]\ninner\touter\n\
                [prose]\nof yore\tearlier\n\
                [not read]\nold.md\tit is old\n\
                [wide]\nwide.toml\tit is wide\n";
    let findings = Rules::parse(list).check(path, contents);
    findings
        .into_iter()
        .map(|finding| (finding.line, finding.problem))
        .collect()
}

#[test]
fn words_are_found_whole_and_across_line_breaks() {
    let lines = |path, contents| -> Vec<usize> {
        found(path, contents)
            .iter()
            .map(|(line, _)| *line)
            .collect()
    };
    assert_eq!(
        found("a.rs", "\nlet a = OldThing::new();\n"),
        [(2, "`Old*`: write New*".to_owned())]
    );
    assert_eq!(lines("a.rs", "a.oldest()\na.oldest_of()\noldest()"), [1]);
    assert!(lines("a.rs", "old Bold MyOld").is_empty());
    assert_eq!(lines("a.rs", "/// Words Of\n/// yore, and of your"), [1]);
    assert_eq!(lines("a.md", "Words of\n\nyore. Of\nyore."), [3]);
    assert_eq!(lines("a.rs", "    \"words of \\\n     yore\""), [1]);
    assert_eq!(lines("a/c/d.rs", "inner"), [1]);
    assert!(lines("a/b/c.rs", "inner").is_empty());
    assert!(lines("old.md", "Old of yore").is_empty());
}

#[test]
fn wide_lines_are_found_but_for_those_that_cannot_be_broken() {
    let (fits, wide) = ("é".repeat(MAX_WIDTH), "é".repeat(MAX_WIDTH + 1));
    let is_found = |path, line: String| !found(path, &line).is_empty();
    assert_eq!(
        found("a.rs", &format!("{fits}\n{wide}\n")),
        [(2, "101 columns: write 100 at most".to_owned())]
    );
    for path in [
        "a.rs",
        "a.md",
        "a.toml",
        ".ci/run",
        ".github/workflows/a.yml",
    ] {
        assert!(is_found(path, wide.clone()), "{path}");
        assert!(!is_found(path, fits.clone()), "{path}");
        assert!(!is_found(path, format!("https://{wide}")), "{path}");
    }
    assert!(!is_found("wide.toml", wide.clone()));

    assert!(!is_found("a.md", format!("| {wide} |")));
    assert!(is_found("a.rs", format!("| {wide} |")));

    assert!(is_found("a.rs", format!("    \"{wide}\",")));
    assert!(is_found("a.rs", format!("    r#\"{wide}\"#,")));
    assert!(is_found("a.rs", format!("r\"\n{wide}\n\"")));
    assert!(is_found("a.rs", format!("    call(\"order\", {wide});")));
    assert!(is_found("a.rs", format!("    call(\"{wide}\");")));
    assert!(is_found("a.rs", format!("    \"a\", \"{wide}\",")));
    assert!(is_found("a.rs", format!("    // \"{wide}\"")));
    assert!(is_found("a.md", format!("    \"{wide}\",")));
}
