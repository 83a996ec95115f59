//! Writes a damaged body as valid JSON.

use serde::de::IgnoredAny;

use super::levels::Level;
use super::marks::{Damage, Mark, complete_row};
use super::survey::Repeated;
use super::text::copy_repaired;
use super::walker::{Frame, Member, Step, Walker, is_no_number};
use super::{Repair, RepairKind, Repaired, path};

/// Copies a body, and changes what is damaged.
pub(super) struct Rewriter<'a> {
    body: &'a [u8],
    repeated: &'a Repeated,
    walker: Walker<'a>,
    text: Vec<u8>,
    /// How much of the body is copied.
    copied: usize,
    /// The member that is left out now, since its key comes again.
    left_out: Option<LeftOut>,
    repairs: Vec<Repair>,
    count: usize,
    marks: Vec<Mark>,
    /// How many bytes and marks were looked at, for a test.
    #[cfg(test)]
    pub(super) work: usize,
}

/// A member that is written like any other, so that it can be checked, and then removed.
struct LeftOut {
    /// Where it begins in the text.
    start: usize,
    /// How many levels are around it.
    depth: usize,
}

impl<'a> Rewriter<'a> {
    pub(super) fn new(body: &'a [u8], root: Level, repeated: &'a Repeated) -> Self {
        Self {
            body,
            repeated,
            walker: Walker::new(body, root),
            text: Vec::with_capacity(body.len()),
            copied: 0,
            left_out: None,
            repairs: Vec::new(),
            count: 0,
            marks: Vec::new(),
            #[cfg(test)]
            work: 0,
        }
    }

    /// Notes something that concerns the whole body.
    pub(super) fn add_encoding(&mut self) {
        self.count += 1;
        self.repairs
            .push(Repair::new(RepairKind::Encoding, String::new()));
    }

    /// The body as text. `None` if nothing was repaired, or something could not be.
    pub(super) fn run(&mut self) -> Option<Repaired> {
        while let Some((step, place)) = self.walker.next() {
            let blanks = self.body.get(self.copied..place.start)?;
            self.text.extend_from_slice(blanks);
            self.copied = place.end;
            self.add_work(place.len());
            let token = self.body.get(place.clone())?;
            match step {
                Step::Key(member) => self.copy_key(member, token),
                Step::Text => self.copy_text(token).for_each(|kind| self.add(kind)),
                Step::Bare if is_no_number(token) => {
                    self.text.extend_from_slice(b"null");
                    self.add(RepairKind::NotANumber);
                }
                Step::Open => {
                    self.text.extend_from_slice(token);
                    let first_mark = self.marks.len();
                    if let Some(frame) = self.walker.here() {
                        frame.first_mark = first_mark;
                    }
                }
                Step::Close(frame) => {
                    self.text.extend_from_slice(token);
                    self.close(frame)?;
                }
                Step::Comma if self.ends_left_out() => self.remove_left_out()?,
                Step::Bare | Step::Colon | Step::Comma => self.text.extend_from_slice(token),
            }
        }
        if self.count == 0 || !self.walker.is_complete() {
            return None;
        }
        let blanks = self.body.get(self.copied..)?;
        self.text.extend_from_slice(blanks);
        Some(Repaired {
            text: String::from_utf8(std::mem::take(&mut self.text)).ok()?,
            repairs: std::mem::take(&mut self.repairs),
            count: self.count,
            marks: std::mem::take(&mut self.marks),
        })
    }

    fn copy_key(&mut self, member: Member, token: &[u8]) {
        let comes_again = member
            .number
            .is_some_and(|number| self.repeated.contains(number));
        if comes_again && self.left_out.is_none() {
            self.left_out = Some(LeftOut {
                start: self.text.len(),
                depth: self.walker.frames.len(),
            });
            self.text.push(b'{');
        }
        let is_repeated = member.previous.is_some() && !comes_again;
        if is_repeated {
            self.add(RepairKind::DuplicateKey);
        } else if self.walker.here().is_some_and(|frame| frame.is_repeated) {
            self.mark(Damage::REPEATED);
        }
        if let Some(frame) = self.walker.here() {
            frame.is_repeated |= is_repeated;
        }
        for kind in self.copy_text(token) {
            self.list(kind);
            self.mark(Damage::NAME);
        }
    }

    /// Copies a string, and returns what was repaired in it.
    fn copy_text(&mut self, token: &[u8]) -> impl Iterator<Item = RepairKind> + use<> {
        let inside = token
            .strip_prefix(b"\"")
            .and_then(|rest| rest.strip_suffix(b"\""))
            .unwrap_or_default();
        self.text.push(b'"');
        let found = copy_repaired(inside, &mut self.text);
        self.text.push(b'"');
        let kinds = [
            (found.half_surrogate, RepairKind::HalfSurrogate),
            (found.invalid_utf8, RepairKind::InvalidUtf8),
        ];
        kinds
            .into_iter()
            .filter_map(|(is_found, kind)| is_found.then_some(kind))
    }

    fn close(&mut self, frame: Option<Frame>) -> Option<()> {
        let Some(frame) = frame else {
            return Some(());
        };
        if let Some(left_out) = &self.left_out {
            // Nothing follows the member, so what comes again is not where it seems to be.
            return (left_out.depth <= self.walker.frames.len()).then_some(());
        }
        if frame.level == Level::Row && frame.is_object {
            self.add_work(self.marks.len().saturating_sub(frame.first_mark));
            complete_row(&mut self.marks, &frame);
        }
        Some(())
    }

    fn ends_left_out(&self) -> bool {
        self.walker.unread == 0
            && self
                .left_out
                .as_ref()
                .is_some_and(|left_out| left_out.depth == self.walker.frames.len())
    }

    /// Removes the member that is left out. `None` if it could not be read: only what is right
    /// apart from being there twice may disappear.
    fn remove_left_out(&mut self) -> Option<()> {
        let LeftOut { start, .. } = self.left_out.take()?;
        self.text.push(b'}');
        let member = self.text.get(start..)?;
        serde_json::from_slice::<IgnoredAny>(member).ok()?;
        self.add_work(self.text.len() - start);
        self.text.truncate(start);
        Some(())
    }

    /// Notes the repair of a value.
    fn add(&mut self, kind: RepairKind) {
        self.list(kind);
        let mut damage = Damage::NONE;
        match kind {
            RepairKind::HalfSurrogate | RepairKind::InvalidUtf8 => damage.text = true,
            RepairKind::NotANumber => damage.number = true,
            RepairKind::DuplicateKey => damage.repeated = true,
            RepairKind::Encoding => {}
        }
        match self.walker.frames.last() {
            Some(frame) if frame.known_key() == Some("name") => match frame.level {
                // The values themselves are not damaged.
                Level::Field => {
                    damage = Damage {
                        repeated: damage.repeated,
                        ..Damage::NAME
                    }
                }
                _ => damage.name = true,
            },
            _ => {}
        }
        self.mark(damage);
    }

    /// Notes a repair, unless it is in what is left out.
    fn list(&mut self, kind: RepairKind) {
        if self.left_out.is_some() {
            return;
        }
        self.count += 1;
        if self.repairs.len() < Repair::MAX_LISTED {
            let path = path::written(self.body, &self.walker.frames);
            self.repairs.push(Repair::new(kind, path));
        }
    }

    fn mark(&mut self, damage: Damage) {
        if self.left_out.is_some() {
            return;
        }
        let Some(mark) = Mark::new(&self.walker.frames, damage) else {
            return;
        };
        // Of a list in the place of a value there may be as many as it has items.
        match self.marks.last_mut().filter(|last| last.is_at(&mark)) {
            Some(last) => last.damage.add(damage),
            None => self.marks.push(mark),
        }
    }

    fn add_work(&mut self, work: usize) {
        #[cfg(test)]
        {
            self.work += work;
        }
        #[cfg(not(test))]
        let _ = work;
    }
}
