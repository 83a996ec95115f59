//! The text of an id, where there are many.

/// The longest text that needs no memory of its own: forty digits, as the service's ids have mostly.
const SHORT: usize = 40;

/// The text of an id. Most have their bytes in place: a million cost no allocation, and comparing one reads nothing far away.
#[derive(Debug)]
pub(super) enum IdText {
    Short { length: u8, bytes: [u8; SHORT] },
    Long(Box<str>),
}

impl IdText {
    pub(super) fn new(id: &str) -> Self {
        let mut bytes = [0; SHORT];
        match bytes.get_mut(..id.len()) {
            Some(place) => {
                place.copy_from_slice(id.as_bytes());
                Self::Short { length: id.len() as u8, bytes }
            }
            None => Self::Long(Box::from(id)),
        }
    }

    pub(super) fn is(&self, id: &str) -> bool {
        self.as_bytes() == id.as_bytes()
    }

    pub(super) fn as_str(&self) -> &str {
        // It was text before.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short { length, bytes } => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Self::Long(text) => text.as_bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_is_kept_as_it_is() {
        for text in ["", "a", &"0".repeat(39), &"0".repeat(40), &"0".repeat(41), "Žiga 🧾", &"é".repeat(128)] {
            let kept = IdText::new(text);
            assert!(kept.as_str() == text && kept.is(text) && !kept.is("another"), "{text}");
        }
        assert_eq!(size_of::<IdText>(), 48);
    }
}
