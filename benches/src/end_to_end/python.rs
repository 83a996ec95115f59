//! The vendor's sample, in its own process.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;
use std::{env, fs, process};

use super::{BenchResult, Competitor, PYTHON, Task};
use crate::submission::{DOCUMENT_TYPE, FILE_NAME};

/// The vendor's sample; `None` without Python or its package `requests`.
///
/// # Errors
///
/// The document can't be written to a temporary file.
pub fn sample(task: &Task, max_in_flight: usize) -> BenchResult<Option<Competitor>> {
    let path = env::temp_dir().join(format!(
        "typless-end-to-end-{}-{max_in_flight}.pdf",
        process::id()
    ));
    fs::write(&path, &task.document)?;
    let arguments = [
        "-c",
        include_str!("sample.py"),
        &task.base,
        FILE_NAME,
        DOCUMENT_TYPE,
    ];
    let spawned = Command::new("python3")
        .args(arguments)
        .arg(&path)
        .env("NO_PROXY", "*")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let ready = spawned
        .ok()
        .and_then(|child| Sample::new(child).filter_ready());
    fs::remove_file(&path)?;
    Ok(
        ready
            .map(|mut sample| Competitor::new(PYTHON, move |jobs| sample.run(jobs, max_in_flight))),
    )
}

struct Sample {
    child: Child,
    input: Option<ChildStdin>,
    output: Option<BufReader<ChildStdout>>,
}

impl Sample {
    fn new(mut child: Child) -> Self {
        let (input, output) = (child.stdin.take(), child.stdout.take().map(BufReader::new));
        Self {
            child,
            input,
            output,
        }
    }

    /// Waits until it has started and read the document.
    fn filter_ready(mut self) -> Option<Self> {
        self.line()
            .ok()
            .filter(|line| line == "ready")
            .map(|_| self)
    }

    fn run(&mut self, jobs: usize, max_in_flight: usize) -> BenchResult<Duration> {
        writeln!(
            self.input.as_mut().ok_or("no input")?,
            "{jobs} {max_in_flight}"
        )?;
        Ok(Duration::try_from_secs_f64(self.line()?.parse()?)?)
    }

    fn line(&mut self) -> BenchResult<String> {
        let mut line = String::new();
        self.output
            .as_mut()
            .ok_or("no output")?
            .read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Sample {
    fn drop(&mut self) {
        // It ends when its input is closed.
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
