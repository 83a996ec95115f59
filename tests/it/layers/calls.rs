//! Which file calls which.
//!
//! It follows the types of fields, parameters and results as far as they are written. Where it does
//! not know the type of a receiver, it takes every function of that name in the folder for the one
//! that is called: it may see a call too many, and misses none.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Function, Source, is_name, read};

/// Methods of the standard library that have the name of one of ours. Where the type of the
/// receiver is unknown, it is theirs.
const STANDARD: [&str; 18] = [
    "clear", "clone", "cmp", "count", "find", "get", "get_mut", "insert", "is_empty", "iter",
    "len", "max", "min", "next", "pop", "push", "remove", "take",
];

/// A call from one file to another: where, and of what.
pub(super) type Calls = BTreeMap<(String, String), BTreeSet<String>>;

/// All calls from one of these files to another.
pub(super) fn calls(sources: &[Source]) -> Calls {
    let mut calls = Calls::new();
    for source in sources {
        for function in &source.functions {
            let body = source.lines[function.body.clone()].join("\n");
            let mut function = function.clone();
            let locals = locals(sources, &function, &body);
            function.names.extend(locals);
            for (receiver, name) in called(&body) {
                for to in definers(sources, source, &function, &receiver, &name) {
                    if to != source.name {
                        let what = format!("{} calls {name}", function.name);
                        let key = (source.name.clone(), to);
                        calls.entry(key).or_default().insert(what);
                    }
                }
            }
        }
    }
    calls
}

/// What a name that is followed by `(` belongs to.
#[derive(Debug, Clone, PartialEq)]
enum Receiver {
    /// A free function.
    None,
    /// `Type::`, or a module.
    Path(String),
    /// An expression before the dot, from its first name on; empty where it is more than names,
    /// fields and calls.
    Value(Vec<Link>),
}

/// One name of an expression, and whether it is a call.
#[derive(Debug, Clone, PartialEq)]
struct Link {
    name: String,
    is_call: bool,
}

/// The types of the names that `let` gives to fields and to values of the own type:
/// `let counters = &self.jobs.counters;`, `let mut wire = Self {`.
fn locals(sources: &[Source], function: &Function, body: &str) -> BTreeMap<String, String> {
    let lets = body.lines().filter_map(|line| {
        let (name, value) = line.trim().strip_prefix("let ")?.split_once(" = ")?;
        let name = name.trim_start_matches("mut ").to_owned();
        if value == "Self {" {
            return Some((name, function.owner.clone()?));
        }
        let value = value.strip_suffix(';')?.trim_start_matches('&');
        let value = value.trim_start_matches("mut ");
        let is_path = value.starts_with("self.") && value.chars().all(|c| is_name(c) || c == '.');
        let link = |name: &str| Link {
            name: name.to_owned(),
            is_call: false,
        };
        let links: Vec<Link> = value.split('.').map(link).collect();
        let kind = is_path.then(|| type_of(sources, function, &links))??;
        Some((name, kind))
    });
    lets.collect()
}

/// Each name that is called in this code, and what it belongs to.
fn called(body: &str) -> Vec<(Receiver, String)> {
    let chars: Vec<char> = body.chars().collect();
    let mut found = Vec::new();
    for open in (1..chars.len()).filter(|at| chars[*at] == '(' && is_name(chars[at - 1])) {
        let Some((name, before)) = name_before(&chars, open) else {
            continue;
        };
        if ends_with(&chars[..before], "fn ") {
            continue;
        }
        let receiver = match chars[..before].iter().rposition(|c| !c.is_whitespace()) {
            Some(dot) if chars[dot] == '.' => Receiver::Value(chain(&chars, dot)),
            Some(colon) if chars[colon] == ':' && colon > 1 => {
                let path = name_before(&chars, colon - 1).map(|(name, _)| name);
                Receiver::Path(path.unwrap_or_default())
            }
            _ => Receiver::None,
        };
        found.push((receiver, name));
    }
    found
}

fn ends_with(chars: &[char], word: &str) -> bool {
    let word: Vec<char> = word.chars().collect();
    chars.ends_with(&word)
}

/// The name that ends before this place, and where it begins.
fn name_before(chars: &[char], end: usize) -> Option<(String, usize)> {
    let start = chars[..end]
        .iter()
        .rposition(|c| !is_name(*c))
        .map_or(0, |at| at + 1);
    (start < end).then(|| (chars[start..end].iter().collect(), start))
}

/// The expression before a dot.
fn chain(chars: &[char], mut dot: usize) -> Vec<Link> {
    let mut links = Vec::new();
    loop {
        let Some(mut end) = chars[..dot].iter().rposition(|c| !c.is_whitespace()) else {
            return Vec::new();
        };
        // `x?.y()` is of the same type as far as this goes.
        while end > 0 && chars[end] == '?' {
            end -= 1;
        }
        let is_call = chars[end] == ')';
        if is_call {
            let mut depth = 0;
            loop {
                match chars[end] {
                    ')' => depth += 1,
                    '(' => depth -= 1,
                    _ => {}
                }
                if depth == 0 || end == 0 {
                    break;
                }
                end -= 1;
            }
        } else {
            end += 1;
        }
        let Some((name, start)) = name_before(chars, end) else {
            return Vec::new();
        };
        links.insert(0, Link { name, is_call });
        match chars[..start].iter().rposition(|c| !c.is_whitespace()) {
            Some(at) if chars[at] == '.' => dot = at,
            Some(at) if chars[at] == ':' && chars[at - 1] == ':' => return Vec::new(),
            _ => return links,
        }
    }
}

/// The files that define what is called.
fn definers(
    sources: &[Source],
    own: &Source,
    function: &Function,
    receiver: &Receiver,
    name: &str,
) -> BTreeSet<String> {
    let with = |accepts: &dyn Fn(&Source, &Function) -> bool| {
        let all = sources.iter().filter(|source| {
            let named = source.functions.iter().filter(|it| it.name == name);
            named.into_iter().any(|it| accepts(source, it))
        });
        all.map(|source| source.name.clone())
            .collect::<BTreeSet<_>>()
    };
    let of_type = |kind: &str| with(&|_, it| it.owner.as_deref() == Some(kind));
    match receiver {
        Receiver::None => {
            let is_own = own
                .functions
                .iter()
                .any(|it| it.name == name && it.owner.is_none());
            if is_own {
                BTreeSet::new()
            } else {
                with(&|_, it| it.owner.is_none())
            }
        }
        Receiver::Path(path) if path == "Self" => {
            of_type(function.owner.as_deref().unwrap_or_default())
        }
        Receiver::Path(path) if path.starts_with(char::is_uppercase) => of_type(path),
        Receiver::Path(path) => {
            let file = format!("{path}.rs");
            with(&|source, it| it.owner.is_none() && source.name == file)
        }
        Receiver::Value(links) => match type_of(sources, function, links) {
            // Known, and perhaps none of these files'.
            Some(kind) => of_type(&kind),
            None if STANDARD.contains(&name) => BTreeSet::new(),
            None => with(&|_, it| it.owner.is_some()),
        },
    }
}

/// The type of an expression, where it is written somewhere.
fn type_of(sources: &[Source], function: &Function, links: &[Link]) -> Option<String> {
    let (first, rest) = links.split_first()?;
    let mut kind = match first {
        Link { is_call: true, .. } => return None,
        Link { name, .. } if name == "self" => function.owner.clone()?,
        Link { name, .. } => function.names.get(name)?.clone(),
    };
    for link in rest {
        kind = if link.is_call {
            let mut all = sources.iter().flat_map(|source| &source.functions);
            let own = all.find(|it| it.owner.as_ref() == Some(&kind) && it.name == link.name)?;
            match own.result.as_deref()? {
                "Self" => kind,
                result => result.to_owned(),
            }
        } else {
            let key = (kind, link.name.clone());
            sources
                .iter()
                .find_map(|source| source.fields.get(&key))?
                .clone()
        };
    }
    Some(kind)
}

/// A circle of calls, if there is one: the files on it, each calling the next.
pub(super) fn circle(calls: &Calls) -> Option<Vec<String>> {
    let mut finished = BTreeSet::new();
    let starts: BTreeSet<&String> = calls.keys().map(|(from, _)| from).collect();
    starts
        .into_iter()
        .find_map(|start| visit(calls, start, &mut Vec::new(), &mut finished))
}

fn visit(
    calls: &Calls,
    file: &str,
    path: &mut Vec<String>,
    finished: &mut BTreeSet<String>,
) -> Option<Vec<String>> {
    if let Some(at) = path.iter().position(|before| before == file) {
        return Some(path[at..].to_vec());
    }
    if !finished.insert(file.to_owned()) {
        return None;
    }
    path.push(file.to_owned());
    let next = calls.keys().filter(|(from, _)| from == file);
    let found = next
        .map(|(_, to)| to)
        .find_map(|to| visit(calls, to, path, finished));
    path.pop();
    found
}

/// What each file calls in the others, for people.
pub(super) fn describe(calls: &Calls, files: &[String]) -> String {
    let mut text = String::new();
    for ((from, to), what) in calls {
        if files.contains(from) && files.contains(to) {
            let what: Vec<&str> = what.iter().map(String::as_str).collect();
            text += &format!("  {from} -> {to}: {}\n", what.join(", "));
        }
    }
    text
}

/// The calls between these small files.
fn between(files: &[(&str, &str)]) -> Calls {
    let sources: Vec<Source> = files.iter().map(|(name, text)| read(name, text)).collect();
    calls(&sources)
}

#[test]
fn a_planted_circle_is_found() {
    let top = "pub struct Top {\n    part: Part,\n}\n\n\
         impl Top {\n    pub fn go(&mut self) {\n        \
               self.part.run(1);\n    }\n\n    fn back(&self) {}\n}\n";
    let part = "pub struct Part;\n\nimpl Part {\n    pub fn run(&self, times: u32) {}\n}\n";
    let calls = between(&[("top.rs", top), ("part.rs", part)]);
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert_eq!(circle(&calls), None);

    // Through a parameter, a local of unknown type, a path, and a second `impl` of a type.
    let bodies = [
        "pub fn run(&self, top: &mut Top) {\n        top.back();",
        "pub fn run(&self) {\n        let other = find();\n        other.back();",
        "pub fn run(&self) {\n        Top::back(self);",
        "pub fn run(&self) {}\n}\n\nimpl Top {\n    fn more(&self) {\n        self\n            \
         .back();",
    ];
    for body in bodies {
        let part = format!("pub struct Part;\n\nimpl Part {{\n    {body}\n    }}\n}}\n");
        let calls = between(&[("top.rs", top), ("part.rs", &part)]);
        let circle = circle(&calls).unwrap_or_else(|| panic!("{body}: {calls:?}"));
        assert_eq!(circle.len(), 2, "{body}");
        let shown = describe(&calls, &circle);
        assert!(
            shown.contains("calls back") && shown.contains("go calls run"),
            "{shown}"
        );
    }

    // A comment, a text, a test, and a function of another type with the same name call nothing.
    for body in [
        "// top.back()",
        "let text = \"top.back()\";",
        "self.back();\n    }\n\n    fn back(&self) {",
        "}\n}\n\n#[cfg(test)]\nmod tests {\n    fn it() {\n        top.back();",
    ] {
        let part = format!(
            "pub struct Part;\n\n\
                impl Part {{\n    pub fn run(&self) {{\n        {body}\n    }}\n}}\n"
        );
        let calls = between(&[("top.rs", top), ("part.rs", &part)]);
        assert_eq!(circle(&calls), None, "{body}: {calls:?}");
    }
}
