//! One core, one decision: every recorded run of `tests/transcripts` comes out the same under each way to drive a job.
//!
//! A transport answers what was answered, on a clock that shows the times that were told.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../../tests/it/transcripts/beginnings.rs"]
mod beginnings;

use std::collections::VecDeque;
use std::fs;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use http::{Request, Response};
use typless::drive::{AsyncClock, AsyncTransport, BlockingClock, BlockingTransport, Clock};
use typless::machine::{Failure, Job, Limits, Machine, Output, Time};
use typless::transcript::{Recorder, StepKind, Transcript};
use typless::wire::Body;
use typless_transports::{asynchronous, blocking};

/// The service, the network and the clock of one recorded run, as transport and clock.
#[derive(Clone)]
struct World(Arc<Mutex<State>>);

struct State {
    now: Time,
    /// What comes of each exchange, and when.
    answers: VecDeque<(Time, Result<Response<Bytes>, Failure>)>,
    /// When each wait ended.
    wakings: VecDeque<Time>,
    /// Every request to the byte, but for the key.
    requests: Vec<String>,
}

impl World {
    fn of(transcript: &Transcript) -> Self {
        let (mut answers, mut wakings) = (VecDeque::new(), VecDeque::new());
        for (step, next) in transcript
            .steps()
            .iter()
            .zip(transcript.steps().iter().skip(1))
        {
            match &step.kind {
                StepKind::Response(_, response) => {
                    answers.push_back((step.at, Ok(response.clone())))
                }
                StepKind::Failure(_, failure) => answers.push_back((step.at, Err(failure.clone()))),
                StepKind::Output(said) if said.starts_with('~') => wakings.push_back(next.at),
                _ => {}
            }
        }
        Self(Arc::new(Mutex::new(State {
            now: transcript.start(),
            answers,
            wakings,
            requests: Vec::new(),
        })))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn exchange(&self, request: &Request<Body>) -> Result<Response<Bytes>, Failure> {
        let mut state = self.lock();
        let body = request.body().to_bytes().unwrap();
        state.requests.push(format!(
            "{} {} {:?} {body:?}",
            request.method(),
            request.uri(),
            request.headers()
        ));
        let (at, answer) = state
            .answers
            .pop_front()
            .expect("no more requests than were recorded");
        state.now = at;
        answer
    }

    fn wait(&self) {
        let mut state = self.lock();
        state.now = state
            .wakings
            .pop_front()
            .expect("no more waits than were recorded");
    }

    /// What was requested; nothing may be left.
    fn requests(&self) -> Vec<String> {
        let mut state = self.lock();
        assert!(state.answers.is_empty() && state.wakings.is_empty());
        std::mem::take(&mut state.requests)
    }
}

impl BlockingTransport for World {
    fn send(&self, request: Request<Body>, _: Limits) -> Result<Response<Bytes>, Failure> {
        self.exchange(&request)
    }
}

impl AsyncTransport for World {
    async fn send(&self, request: Request<Body>, _: Limits) -> Result<Response<Bytes>, Failure> {
        smol::future::yield_now().await;
        self.exchange(&request)
    }
}

impl Clock for World {
    fn now(&self) -> Time {
        self.lock().now
    }

    fn stands_still(&self) -> bool {
        true
    }
}

impl BlockingClock for World {
    fn sleep_until(&self, _: Time) {
        self.wait();
    }
}

impl AsyncClock for World {
    async fn sleep_until(&self, _: Time) {
        self.wait();
    }
}

/// Something that drives a recorded job to its next event.
trait Drives {
    async fn next_event(&mut self) -> bool;
    fn recorder(&mut self) -> &mut Recorder<Job>;
}

/// The loop that everybody can write.
struct ByHand(Recorder<Job>, World);

impl Drives for ByHand {
    async fn next_event(&mut self) -> bool {
        let Self(recorder, world) = self;
        loop {
            match recorder.next_output(world.now()) {
                Output::Send(transmit) => match world.exchange(&transmit.request) {
                    Ok(response) => recorder.handle_response(transmit.id, response, world.now()),
                    Err(failure) => recorder.handle_failure(transmit.id, failure, world.now()),
                },
                Output::Event(_) => return true,
                Output::Wait(_) => world.wait(),
                Output::NeedInput | Output::Done => return false,
            }
        }
    }

    fn recorder(&mut self) -> &mut Recorder<Job> {
        &mut self.0
    }
}

impl Drives for blocking::Driver<Recorder<Job>, World, World> {
    async fn next_event(&mut self) -> bool {
        self.next_event().is_some()
    }

    fn recorder(&mut self) -> &mut Recorder<Job> {
        self.machine_mut()
    }
}

impl Drives for asynchronous::Driver<'_, Recorder<Job>, World, World> {
    async fn next_event(&mut self) -> bool {
        self.next_event().await.is_some()
    }

    fn recorder(&mut self) -> &mut Recorder<Job> {
        self.machine_mut()
    }
}

/// A run that was made again: its transcript and its requests.
#[derive(PartialEq)]
struct Run {
    transcript: String,
    requests: Vec<String>,
}

/// Makes a recorded run again, with what the application did in it.
fn run_again<D: Drives>(
    transcript: &Transcript,
    name: &str,
    drive: impl FnOnce(Recorder<Job>, World) -> D,
) -> Run {
    let world = World::of(transcript);
    let mut driver = drive(
        Recorder::new(beginnings::job(name), transcript.start()),
        world.clone(),
    );
    let mut inputs = inputs(transcript);
    let mut events = 0;
    smol::block_on(async {
        loop {
            let at_rest = !driver.next_event().await;
            match inputs.front() {
                // It can't go on without us: this takes a while.
                Some((_, at, _)) if at_rest => world.lock().now = *at,
                None if at_rest => break,
                _ => events += 1,
            }
            while let Some((_, at, input)) = inputs
                .front()
                .filter(|(after, at, _)| *after == events && *at == world.now())
            {
                assert!(driver.recorder().take_input(input, *at));
                inputs.pop_front();
            }
        }
    });
    Run {
        transcript: driver.recorder().transcript().to_owned(),
        requests: world.requests(),
    }
}

/// What the application did, in order: after how many events, when, and what.
fn inputs(transcript: &Transcript) -> VecDeque<(usize, Time, Box<str>)> {
    let (mut events, mut inputs) = (0, VecDeque::new());
    for step in transcript.steps() {
        match &step.kind {
            StepKind::Output(said) => events += usize::from(said.starts_with('=')),
            StepKind::Input(input) => inputs.push_back((events, step.at, input.clone())),
            _ => {}
        }
    }
    inputs
}

/// Events and requests, with their times. Drivers may ask a machine more often than a loop does.
fn decisions(transcript: &str) -> Vec<&str> {
    transcript
        .lines()
        .filter(|line| line.contains(" = ") || line.contains(" > "))
        .collect()
}

fn transcripts() -> Vec<(String, String)> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/transcripts");
    let paths = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files = paths.map(|path| {
        (
            path.file_stem().unwrap().to_str().unwrap().to_owned(),
            fs::read_to_string(&path).unwrap(),
        )
    });
    files.collect()
}

#[test]
fn every_recorded_run_comes_out_the_same_under_each_way_to_drive_it() {
    let transcripts = transcripts();
    assert!(transcripts.len() >= 25, "{}", transcripts.len());
    for (name, text) in &transcripts {
        let transcript = Transcript::parse(text).unwrap();
        let steps = text.split_once('\n').unwrap().1;
        let by_hand = run_again(&transcript, name, ByHand);
        assert!(
            by_hand.transcript == steps,
            "{name}, by hand:\n{}",
            by_hand.transcript
        );
        let blocking = run_again(&transcript, name, |recorder, world| {
            blocking::Driver::new(recorder, world.clone(), world)
        });
        assert!(
            blocking == by_hand,
            "{name}, blocking:\n{}",
            blocking.transcript
        );
        let threads = run_again(&transcript, name, |recorder, world| {
            blocking::Driver::new(recorder, world.clone(), world).with_threads(2)
        });
        let asynchronous = run_again(&transcript, name, |recorder, world| {
            asynchronous::Driver::new(recorder, world.clone(), world)
        });
        for (way, run) in [("threads", threads), ("async", asynchronous)] {
            assert!(
                decisions(&run.transcript) == decisions(steps),
                "{name}, {way}:\n{}",
                run.transcript
            );
            assert!(
                run.requests == by_hand.requests,
                "{name}, {way}: the requests differ"
            );
        }
    }
}
