//! A run of text and the tokens in it.

use crate::reader::pdf::Run;
use crate::text::{Token, tokens};

/// A run's text with its words one space apart, and the tokens in it.
#[derive(Debug, Clone)]
pub(crate) struct RunText {
    pub(crate) text: String,
    pub(crate) tokens: Vec<Token>,
}

impl RunText {
    pub(crate) fn new(run: &Run) -> Self {
        let text = run.text();
        let tokens = tokens(&text);
        Self { text, tokens }
    }
}
