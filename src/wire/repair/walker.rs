//! Walks through a body token by token, and knows where it is.

use std::ops::Range;

use super::super::lenient;
use super::levels::Level;
use super::tokens::{Token, Tokens};

/// One step through a body.
#[derive(Debug)]
pub(super) enum Step {
    /// The key of a member at a level that is read.
    Key(Member),
    /// A text that is no such key.
    Text,
    /// A number, `null`, `NaN` ..
    Bare,
    /// Of an object or a list.
    Open,
    /// With what is closed, if it is at a level that is read.
    Close(Option<Frame>),
    Colon,
    Comma,
}

/// A member with a known key has a number, from 0 through the whole body.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Member {
    pub(super) number: Option<usize>,
    /// The number of the last member of the same object with the same key.
    pub(super) previous: Option<usize>,
}

/// An object or a list at a level that is read, and what is known of it so far.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) level: Level,
    pub(super) is_object: bool,
    /// How many items of the list are complete.
    pub(super) index: usize,
    /// The key of the member that is read now.
    pub(super) key: Key,
    /// How many unknown keys have begun.
    pub(super) unknown_keys: usize,
    has_colon: bool,
    /// The number of the last member with each known key.
    last: [Option<usize>; MAX_KEYS],
    /// Whether the member that is read now, or one around it, had an earlier occurrence.
    pub(super) is_repeated: bool,
    outer_is_repeated: bool,
    /// Whether the value under the key `name` is one.
    pub(super) has_name: bool,
    /// How many marks there were when it began.
    pub(super) first_mark: usize,
}

/// The most known keys at one level.
const MAX_KEYS: usize = 8;

/// The key of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    None,
    /// Its place among the keys of the level.
    Known(usize),
    /// Where it is in the body, with its quotes.
    Unknown(Range<usize>),
}

impl Frame {
    fn new(level: Level, is_object: bool, is_repeated: bool) -> Self {
        Self {
            level,
            is_object,
            index: 0,
            key: Key::None,
            unknown_keys: 0,
            has_colon: false,
            last: [None; MAX_KEYS],
            is_repeated,
            outer_is_repeated: is_repeated,
            has_name: false,
            first_mark: 0,
        }
    }

    /// The name of the known key of the member that is read now.
    pub(super) fn known_key(&self) -> Option<&'static str> {
        match self.key {
            Key::Known(key) => self.level.keys().get(key).copied(),
            Key::None | Key::Unknown(_) => None,
        }
    }

    /// Whether the object has this known key so far.
    pub(super) fn has(&self, key: &str) -> bool {
        let place = self.level.keys().iter().position(|known| *known == key);
        place.is_some_and(|place| matches!(self.last.get(place), Some(Some(_))))
    }

    /// Whether what comes now is the value of a member, or an item.
    fn is_at_value(&self) -> bool {
        !self.is_object || self.has_colon
    }

    /// The level of the value that comes now, if it is one.
    fn inner_level(&self) -> Option<Level> {
        if self.is_object {
            self.level.under(self.known_key()?)
        } else {
            self.level.item()
        }
    }
}

/// Reads one object and nothing behind it. The levels that are read are at most seven deep; of what
/// is deeper or not read, only the depth is counted, so any nesting needs no memory.
pub(super) struct Walker<'a> {
    body: &'a [u8],
    tokens: Tokens<'a>,
    root: Level,
    /// The levels around the current place, outermost first.
    pub(super) frames: Vec<Frame>,
    /// How many objects and lists around the current place are not read.
    pub(super) unread: usize,
    known_keys: usize,
    has_begun: bool,
}

impl<'a> Walker<'a> {
    pub(super) fn new(body: &'a [u8], root: Level) -> Self {
        Self {
            body,
            tokens: Tokens::new(body),
            root,
            frames: Vec::with_capacity(8),
            unread: 0,
            known_keys: 0,
            has_begun: false,
        }
    }

    /// Whether the object has ended, and nothing follows it.
    pub(super) fn is_complete(&self) -> bool {
        let is_closed = self.has_begun && self.frames.is_empty() && self.unread == 0;
        is_closed && self.tokens.is_at_end()
    }

    /// The innermost level around the current place, if nothing around the place is unread.
    pub(super) fn here(&mut self) -> Option<&mut Frame> {
        if self.unread == 0 {
            self.frames.last_mut()
        } else {
            None
        }
    }

    /// The next step, and where it is; `None` at the end of the object, or of the body.
    pub(super) fn next(&mut self) -> Option<(Step, Range<usize>)> {
        if self.has_begun && self.frames.is_empty() {
            return None;
        }
        let (token, place) = self.tokens.next()?;
        let step = match token {
            Token::OpenObject => self.open(true),
            Token::OpenList => self.open(false),
            _ if !self.has_begun => return None,
            Token::Close => self.close(),
            Token::Colon => {
                if let Some(frame) = self.here() {
                    frame.has_colon = true;
                }
                Step::Colon
            }
            Token::Comma => {
                if let Some(frame) = self.here() {
                    frame.index += usize::from(!frame.is_object);
                    frame.key = Key::None;
                    frame.has_colon = false;
                    frame.is_repeated = frame.outer_is_repeated;
                }
                Step::Comma
            }
            Token::Text => self.text(&place),
            Token::Bare => {
                let is_value = self
                    .body
                    .get(place.clone())
                    .is_some_and(|word| !is_null(word));
                self.note_name(is_value);
                Step::Bare
            }
        };
        Some((step, place))
    }

    fn open(&mut self, is_object: bool) -> Step {
        self.note_name(false);
        let root = Some(self.root).filter(|_| !self.has_begun);
        let (level, is_repeated) = match self.here() {
            Some(frame) => (frame.inner_level(), frame.is_repeated),
            None => (root, false),
        };
        match level.filter(|level| level.may_be(is_object)) {
            Some(level) => self.frames.push(Frame::new(level, is_object, is_repeated)),
            None => self.unread += 1,
        }
        self.has_begun = true;
        Step::Open
    }

    fn close(&mut self) -> Step {
        match self.unread.checked_sub(1) {
            Some(unread) => {
                self.unread = unread;
                Step::Close(None)
            }
            None => Step::Close(self.frames.pop()),
        }
    }

    fn text(&mut self, place: &Range<usize>) -> Step {
        let json = self.body.get(place.clone()).unwrap_or_default();
        let number = self.known_keys;
        let Some(frame) = self.here().filter(|frame| !frame.is_at_value()) else {
            self.note_name(true);
            return Step::Text;
        };
        let Some(key) = known_key(frame.level.keys(), json) else {
            frame.key = Key::Unknown(place.clone());
            frame.unknown_keys += 1;
            return Step::Key(Member::default());
        };
        frame.key = Key::Known(key);
        let previous = frame
            .last
            .get_mut(key)
            .and_then(|last| last.replace(number));
        self.known_keys += 1;
        Step::Key(Member {
            number: Some(number),
            previous,
        })
    }

    /// Notes whether what comes now is a name, if it is the value of that key.
    fn note_name(&mut self, is_name: bool) {
        if let Some(frame) = self
            .here()
            .filter(|frame| frame.known_key() == Some("name"))
        {
            frame.has_name = is_name;
        }
    }
}

/// Whether a bare word is null, or becomes it.
fn is_null(word: &[u8]) -> bool {
    word == b"null" || is_no_number(word)
}

/// Whether a bare word is what some writers of JSON make of a float that is no number.
pub(super) fn is_no_number(word: &[u8]) -> bool {
    matches!(word, b"NaN" | b"Infinity" | b"-Infinity")
}

/// Which of these keys a text is, however it is escaped.
fn known_key(keys: &[&str], json: &[u8]) -> Option<usize> {
    /// A known key with every letter escaped is shorter.
    const MAX_LENGTH: usize = 128;
    if json.len() > MAX_LENGTH {
        return None;
    }
    let key = lenient::unquoted(std::str::from_utf8(json).ok()?)?;
    keys.iter().position(|known| *known == key)
}
