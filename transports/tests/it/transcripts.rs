//! Every recorded run of `tests/transcripts` is the same with each way to drive a job.
//!
//! A transport returns the recorded responses, on a clock that shows the recorded times.

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

use crate::recorded_job::recorded_job;
use crate::support::run_until_idle;

/// The service, the network and the clock of one recorded run, as transport and clock.
#[derive(Clone)]
struct World(Arc<Mutex<State>>);

struct State {
    now: Time,
    /// The result of each exchange, and when it is received.
    results: VecDeque<(Time, Result<Response<Bytes>, Failure>)>,
    /// When each wait ends.
    woken_at: VecDeque<Time>,
    /// Every request, byte by byte.
    requests: Vec<String>,
}

impl World {
    fn new(transcript: &Transcript) -> Self {
        let (mut results, mut woken_at) = (VecDeque::new(), VecDeque::new());
        for (step, next) in transcript
            .steps()
            .iter()
            .zip(transcript.steps().iter().skip(1))
        {
            match &step.kind {
                StepKind::Response(_, response) => {
                    results.push_back((step.at, Ok(response.clone())));
                }
                StepKind::Failure(_, failure) => results.push_back((step.at, Err(failure.clone()))),
                StepKind::Output(output) if output.starts_with('~') => woken_at.push_back(next.at),
                _ => {}
            }
        }
        Self(Arc::new(Mutex::new(State {
            now: transcript.start(),
            results,
            woken_at,
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
        let (at, result) = state
            .results
            .pop_front()
            .expect("no more requests than were recorded");
        state.now = at;
        result
    }

    fn wait(&self) {
        let mut state = self.lock();
        state.now = state
            .woken_at
            .pop_front()
            .expect("no more waits than were recorded");
    }

    /// All requests of the run. Nothing recorded may be left.
    fn requests(&self) -> Vec<String> {
        let mut state = self.lock();
        assert!(state.results.is_empty() && state.woken_at.is_empty());
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

/// Drives a recorded job to its next event.
trait JobDriver {
    async fn next_event(&mut self) -> bool;
    fn recorder(&mut self) -> &mut Recorder<Job>;
}

/// The loop written by hand.
struct ByHand(Recorder<Job>, World);

impl JobDriver for ByHand {
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

impl JobDriver for blocking::Driver<Recorder<Job>, World, World> {
    async fn next_event(&mut self) -> bool {
        self.next_event().is_ok_and(|event| event.is_some())
    }

    fn recorder(&mut self) -> &mut Recorder<Job> {
        self.machine_mut()
    }
}

impl JobDriver for asynchronous::Driver<'_, Recorder<Job>, World, World> {
    async fn next_event(&mut self) -> bool {
        // It is pending where the others say that they need an input.
        run_until_idle(self.next_event()).flatten().is_some()
    }

    fn recorder(&mut self) -> &mut Recorder<Job> {
        self.machine_mut()
    }
}

/// A repeated run: its transcript and its requests.
#[derive(PartialEq)]
struct Run {
    transcript: String,
    requests: Vec<String>,
}

/// Repeats a recorded run, with the inputs of the application.
fn repeat<D: JobDriver>(
    transcript: &Transcript,
    drive: impl FnOnce(Recorder<Job>, World) -> D,
) -> Run {
    let world = World::new(transcript);
    let mut driver = drive(
        Recorder::new(recorded_job(transcript), transcript.start()),
        world.clone(),
    );
    let mut inputs = inputs(transcript);
    let mut events = 0;
    smol::block_on(async {
        loop {
            let is_idle = !driver.next_event().await;
            match inputs.front() {
                // It waits for an input, which comes at a later time.
                Some((_, at, _)) if is_idle => world.lock().now = *at,
                None if is_idle => break,
                _ => events += 1,
            }
            while let Some((_, at, input)) = inputs
                .front()
                .filter(|(after, at, _)| *after == events && *at == world.now())
            {
                assert!(driver.recorder().handle_input(input, *at));
                inputs.pop_front();
            }
        }
    });
    Run {
        transcript: driver.recorder().transcript().to_owned(),
        requests: world.requests(),
    }
}

/// The inputs of the application, in order: after how many events, when, and the input.
fn inputs(transcript: &Transcript) -> VecDeque<(usize, Time, Box<str>)> {
    let (mut events, mut inputs) = (0, VecDeque::new());
    for step in transcript.steps() {
        match &step.kind {
            StepKind::Output(output) => events += usize::from(output.starts_with('=')),
            StepKind::Input(input) => inputs.push_back((events, step.at, input.clone())),
            _ => {}
        }
    }
    inputs
}

/// Events and requests with their times. A driver may call a machine more often than the loop.
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
fn every_recorded_run_is_the_same_with_each_way_to_drive_it() {
    let transcripts = transcripts();
    assert!(transcripts.len() >= 25, "{}", transcripts.len());
    for (name, text) in &transcripts {
        let transcript = Transcript::parse(text).unwrap();
        let steps = text.split_once('\n').unwrap().1;
        let by_hand = repeat(&transcript, ByHand);
        assert!(
            by_hand.transcript == steps,
            "{name}, by hand:\n{}",
            by_hand.transcript
        );
        let blocking = repeat(&transcript, |recorder, world| {
            blocking::Driver::new(recorder, world.clone(), world)
        });
        assert!(
            blocking == by_hand,
            "{name}, blocking:\n{}",
            blocking.transcript
        );
        let threads = repeat(&transcript, |recorder, world| {
            blocking::Driver::new(recorder, world.clone(), world).with_threads(2)
        });
        let asynchronous = repeat(&transcript, |recorder, world| {
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
