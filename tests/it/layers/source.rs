//! A small reader of our own source, which rustfmt has laid out: an item begins in column 0, a
//! function of an `impl` in column 4.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A file of a folder.
pub(super) struct Source {
    pub(super) name: String,
    /// Lines without comments, texts and tests.
    pub(super) lines: Vec<String>,
    pub(super) functions: Vec<Function>,
    /// The type of each field, by its struct and its name.
    pub(super) fields: BTreeMap<(String, String), String>,
}

/// A function, its type if it is a method or an associated function, and its lines.
#[derive(Clone)]
pub(super) struct Function {
    pub(super) owner: Option<String>,
    pub(super) name: String,
    pub(super) result: Option<String>,
    /// The types of its parameters and of some of its locals, by their names.
    pub(super) names: BTreeMap<String, String>,
    pub(super) body: std::ops::Range<usize>,
}

/// The Rust files of a folder below `src/machine`, with their paths in it.
pub(super) fn files(folder: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/machine");
    let mut files = Vec::new();
    for entry in fs::read_dir(root.join(folder)).expect("the checkout can be read") {
        let entry = entry.expect("the checkout can be read");
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() {
            let inner = Path::new(folder).join(&name);
            let inner = self::files(&inner.to_string_lossy());
            files.extend(
                inner
                    .into_iter()
                    .map(|(path, text)| (format!("{name}/{path}"), text)),
            );
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
            let text = fs::read_to_string(entry.path()).expect("a file of the checkout is text");
            files.push((name, text));
        }
    }
    files.sort();
    files
}

pub(super) fn read(name: &str, text: &str) -> Source {
    let lines = code(text);
    let mut source = Source {
        name: name.to_owned(),
        functions: Vec::new(),
        fields: BTreeMap::new(),
        lines,
    };
    let (mut owner, mut in_struct) = (None, None);
    for at in 0..source.lines.len() {
        let line = source.lines[at].clone();
        let is_top = !line.starts_with([' ', '}', ')']) && !line.is_empty();
        if is_top {
            owner = line.starts_with("impl").then(|| impl_of(&line)).flatten();
            in_struct = word_after(&line, "struct ");
        }
        if let (Some(owner), Some((field, kind))) = (&in_struct, line.split_once(": ")) {
            let field = field.rsplit([' ']).next().unwrap_or_default().to_owned();
            source.fields.insert((owner.clone(), field), head(kind));
        }
        if let Some(name) = word_after(&line, "fn ").filter(|_| indent(&line) <= 4) {
            source
                .functions
                .push(function(&source.lines, at, name, owner.clone()));
        }
    }
    source
}

fn function(lines: &[String], start: usize, name: String, owner: Option<String>) -> Function {
    let is_last = |line: &String| indent(line) == indent(&lines[start]) && line.trim() == "}";
    let end = lines[start..]
        .iter()
        .position(is_last)
        .map_or(start, |at| start + at);
    let is_open = |line: &String| line.ends_with('{') || line.ends_with('}');
    let open = lines[start..=end]
        .iter()
        .position(is_open)
        .map_or(end, |at| start + at);
    let head_text = lines[start..=open].concat();
    let (parameters, result) = match head_text.rsplit_once("->") {
        Some((before, after)) if !after.contains(')') || after.contains('(') => {
            (before.to_owned(), Some(after.to_owned()))
        }
        _ => (head_text.clone(), None),
    };
    let parameters = parameters
        .split([',', '('])
        .filter_map(|one| one.split_once(": "))
        .map(|(name, kind)| {
            (
                name.trim().trim_start_matches("mut ").to_owned(),
                head(kind),
            )
        })
        .collect();
    Function {
        owner,
        name,
        result: result.map(|text| head(&text)),
        names: parameters,
        body: open..end + 1,
    }
}

/// The lines of a file without comments and texts, up to its tests.
pub(super) fn code(text: &str) -> Vec<String> {
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    let mut lines = Vec::new();
    for line in text[..end].lines() {
        let (mut kept, mut in_text, mut before) = (String::new(), false, ' ');
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '"' if before != '\\' && before != '\'' => in_text = !in_text,
                '/' if !in_text && chars.peek() == Some(&'/') => break,
                _ if !in_text => kept.push(c),
                _ => {}
            }
            before = c;
        }
        lines.push(kept.trim_end().to_owned());
    }
    lines
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The identifier that follows this word.
fn word_after(line: &str, word: &str) -> Option<String> {
    let (before, after) = line.split_once(word)?;
    let is_word = before.is_empty() || before.ends_with([' ', ')']);
    let end = after.find(|c: char| !is_name(c)).unwrap_or(after.len());
    (is_word && end > 0).then(|| after[..end].to_owned())
}

pub(super) fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The type of an `impl`.
pub(super) fn impl_of(line: &str) -> Option<String> {
    let line = line.strip_prefix("impl")?;
    let line = match line.strip_prefix('<') {
        Some(rest) => rest.split_once("> ")?.1,
        None => line,
    };
    let kind = line.split_once(" for ").map_or(line, |(_, kind)| kind);
    Some(head(kind))
}

/// The name of a type: without references, lifetimes, parameters, and what only holds it.
fn head(kind: &str) -> String {
    let mut kind = kind.trim();
    loop {
        let shorter = kind
            .trim_start_matches(['&', ' '])
            .trim_start_matches("mut ")
            .trim_start_matches("Option<")
            .trim_start_matches("Box<")
            .trim_start_matches("Arc<");
        let shorter = match shorter.strip_prefix('\'') {
            Some(rest) => rest.trim_start_matches(is_name),
            None => shorter,
        };
        if shorter == kind {
            break;
        }
        kind = shorter;
    }
    let path = kind.split(|c: char| !is_name(c) && c != ':').next();
    path.unwrap_or_default()
        .rsplit("::")
        .next()
        .unwrap_or_default()
        .to_owned()
}
