//! Other clients with many jobs: each job by its own schedule; the poll that has waited longest is
//! sent next.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use typless::machine::Time;

use super::load::Load;
use super::rate::Rate;
use super::report::Report;
use crate::polling::rivals::{Rival, duration};

/// The number of gaps to compute; later gaps equal the last.
const GAPS: usize = 256;

/// The cost of a rival's schedule, within a rate for all its requests. Submits go first.
pub fn follow(rival: Rival, load: &Load, rate: Rate) -> Report {
    let mut ages = rival.polls().take(GAPS + 1).peekable();
    let mut gaps = vec![duration(ages.peek().copied().unwrap_or_default())];
    while let (Some(age), Some(next)) = (ages.next(), ages.peek()) {
        gaps.push(duration(next - age));
    }
    let jobs = vec![Job::default(); load.jobs.len()];
    let mut simulation = Simulation {
        load,
        rate,
        gaps,
        attempts: rival.attempts,
        jobs,
        due: BinaryHeap::new(),
        polls: VecDeque::new(),
        report: Report::default(),
    };
    simulation.run();
    simulation.report
}

struct Simulation<'a> {
    load: &'a Load,
    rate: Rate,
    gaps: Vec<Duration>,
    attempts: Option<u32>,
    jobs: Vec<Job>,
    /// Jobs that wait for their next poll, with its time.
    due: BinaryHeap<Reverse<(Time, usize)>>,
    /// Jobs whose poll is due.
    polls: VecDeque<usize>,
    report: Report,
}

#[derive(Debug, Clone, Copy, Default)]
struct Job {
    finished_at: Time,
    polls: u32,
}

impl Simulation<'_> {
    fn run(&mut self) {
        let (mut now, mut submitted) = (Time::EPOCH, 0);
        loop {
            while let Some(Reverse((_, job))) =
                self.due.peek().filter(|Reverse((at, _))| *at <= now)
            {
                self.polls.push_back(*job);
                self.due.pop();
            }
            let came_at = self.load.jobs.get(submitted).map(|(came_at, _)| *came_at);
            let submits = came_at.is_some_and(|came_at| came_at <= now);
            let ready_at = self.rate.ready_at();
            if ready_at > now && (submits || !self.polls.is_empty()) {
                now = ready_at;
            } else if submits {
                self.submit(submitted, now);
                submitted += 1;
            } else if let Some(job) = self.polls.pop_front() {
                self.poll(job, now);
            } else {
                let due = self.due.peek().map(|Reverse((at, _))| *at);
                let Some(next) = [came_at, due].into_iter().flatten().min() else {
                    return;
                };
                now = next;
            }
        }
    }

    fn submit(&mut self, job: usize, now: Time) {
        self.rate.take(now);
        self.jobs[job].finished_at = now + self.load.jobs[job].1;
        self.due.push(Reverse((now + self.gaps[0], job)));
    }

    fn poll(&mut self, number: usize, now: Time) {
        self.rate.take(now);
        self.report.count_request(self.load, now);
        let (job, (came_at, takes)) = (&mut self.jobs[number], self.load.jobs[number]);
        job.polls += 1;
        if now >= job.finished_at {
            self.report
                .read(self.load, came_at, takes, job.finished_at, now);
        } else if self.attempts.is_some_and(|attempts| job.polls >= attempts) {
            self.report.abandoned += 1;
        } else {
            let gap = self.gaps[(job.polls as usize).min(self.gaps.len() - 1)];
            self.due.push(Reverse((now + gap, number)));
        }
    }
}
