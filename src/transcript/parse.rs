//! Parses transcripts.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode};

use super::line::{FAILURES, INDENT, TITLE};
use super::text;
use crate::machine::{Failure, RequestId, Time};

/// A recorded run, parsed from the text of a [`Recorder`](super::Recorder).
#[derive(Debug, Clone)]
pub struct Transcript {
    start: Time,
    origin: String,
    steps: Vec<Step>,
}

/// One step of a run: an input or an output.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Step {
    /// The line number, from 1.
    pub line: usize,
    /// The time of the step.
    pub at: Time,
    /// What happened.
    pub kind: StepKind,
}

/// What happened in one step of a run.
#[derive(Clone)]
#[non_exhaustive]
pub enum StepKind {
    /// The machine's next output, in the [format](super#the-format) of transcripts.
    Output(Box<str>),
    /// A request got a response.
    Response(RequestId, Response<Bytes>),
    /// A request failed. Of the cause, only the text is known.
    Failure(RequestId, Failure),
    /// Another input, as text.
    Input(Box<str>),
}

impl fmt::Debug for StepKind {
    /// Of a response not the body: results do not belong in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Output(output) => f.debug_tuple("Output").field(output).finish(),
            Self::Response(id, response) => f
                .debug_tuple("Response")
                .field(id)
                .field(&response.status())
                .field(&format_args!("{} bytes", response.body().len()))
                .finish(),
            Self::Failure(id, failure) => {
                f.debug_tuple("Failure").field(id).field(failure).finish()
            }
            Self::Input(input) => f.debug_tuple("Input").field(input).finish(),
        }
    }
}

impl Transcript {
    /// Parses a transcript.
    ///
    /// # Errors
    ///
    /// The text is not a transcript, has another version, or has an invalid line.
    pub fn parse(text: &str) -> Result<Self, TranscriptError> {
        let mut lines = (1..)
            .zip(text.lines())
            .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
        let (line, title) = lines.next().unwrap_or((1, ""));
        if title.trim_end() != TITLE {
            return Err(TranscriptError {
                line,
                problem: "expected `typless transcript 1`",
            });
        }
        let (line, start) = lines.next().unwrap_or((line, ""));
        let start = start
            .strip_prefix("@ ")
            .and_then(duration)
            .map(Time::from_unix);
        let start = start.ok_or(TranscriptError {
            line,
            problem: "expected `@` and the time of the start",
        })?;
        let mut transcript = Self {
            start,
            origin: String::new(),
            steps: Vec::new(),
        };
        for (line, text) in lines {
            let read = match text.strip_prefix(INDENT) {
                Some(detail) => transcript.detail(detail),
                None => transcript.step(line, text),
            };
            read.ok_or(TranscriptError {
                line,
                problem: "it is not a step of a run",
            })?;
        }
        Ok(transcript)
    }

    /// The time at which the machine was created.
    pub fn start(&self) -> Time {
        self.start
    }

    /// How the machine was created, as text for people.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The steps, in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// A line that belongs to the line above: part of the origin, or a header.
    fn detail(&mut self, detail: &str) -> Option<()> {
        match self.steps.last_mut() {
            None => {
                self.origin.push_str(detail);
                self.origin.push('\n');
            }
            Some(Step {
                kind: StepKind::Response(_, response),
                ..
            }) => {
                let (name, value) = detail
                    .split_once(": ")
                    .or_else(|| detail.strip_suffix(':').map(|name| (name, "")))?;
                let value = HeaderValue::from_bytes(&text::read(value)?).ok()?;
                let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
                // There may be too many of them.
                response.headers_mut().try_append(name, value).ok()?;
            }
            Some(_) => return None,
        }
        Some(())
    }

    fn step(&mut self, line: usize, text: &str) -> Option<()> {
        let (at, what) = text.split_once(' ')?;
        let at = self.time(at)?;
        let (sign, rest) = what.split_once(' ').unwrap_or((what, ""));
        let kind = match sign {
            "<" => response(rest)?,
            "!" => failure(rest)?,
            "*" => StepKind::Input(String::from_utf8(text::read(rest)?).ok()?.into()),
            "=" | ">" | "~" | "?" | "." => StepKind::Output(what.into()),
            _ => return None,
        };
        self.steps.push(Step { line, at, kind });
        Some(())
    }

    fn time(&self, text: &str) -> Option<Time> {
        match (text.strip_prefix('+'), text.strip_prefix('-')) {
            (Some(later), _) => Some(self.start + duration(later)?),
            (_, Some(sooner)) => Some(Time::from_unix(
                self.start.since_epoch().checked_sub(duration(sooner)?)?,
            )),
            (None, None) => None,
        }
    }
}

/// Seconds with up to nine decimals.
fn duration(text: &str) -> Option<Duration> {
    let (seconds, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let are_digits =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !are_digits(seconds) || !are_digits(decimals) || decimals.len() > 9 {
        return None;
    }
    Some(Duration::new(
        seconds.parse().ok()?,
        format!("{decimals:0<9}").parse().ok()?,
    ))
}

fn response(text: &str) -> Option<StepKind> {
    let (id, rest) = identified(text)?;
    let (status, body) = rest.split_once(' ').unwrap_or((rest, ""));
    let mut response = Response::new(Bytes::from(text::read(body)?));
    *response.status_mut() = StatusCode::from_bytes(status.as_bytes()).ok()?;
    Some(StepKind::Response(id, response))
}

fn failure(text: &str) -> Option<StepKind> {
    let (id, rest) = identified(text)?;
    let (word, cause) = rest.split_once(' ').unwrap_or((rest, ""));
    let (_, kind) = FAILURES.iter().find(|(name, _)| *name == word)?;
    let cause = String::from_utf8(text::read(cause)?).ok()?;
    Some(StepKind::Failure(id, Failure::new(*kind, cause)))
}

fn identified(text: &str) -> Option<(RequestId, &str)> {
    let (id, rest) = text.split_once(' ')?;
    Some((RequestId::new(id.parse().ok()?), rest))
}

/// A transcript can't be parsed. Quotes nothing of it.
#[derive(Debug, Clone)]
pub struct TranscriptError {
    line: usize,
    problem: &'static str,
}

impl TranscriptError {
    /// The number of the invalid line, from 1.
    pub fn line(&self) -> usize {
        self.line
    }
}

impl fmt::Display for TranscriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} can't be read: {}", self.line, self.problem)
    }
}

impl Error for TranscriptError {}
