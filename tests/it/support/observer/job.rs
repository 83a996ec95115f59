//! What arrives at a job.

use typless::machine::{Job, JobEvent, Output, RequestId, Time};

use super::exchanges::Exchanges;
use super::{
    DEADLINE, MARK, NO_RESPONSE, Observe, Reply, is_before_request, job_column, reply_name,
};
use crate::support::reached::Reached;

/// Notes what arrives at a job.
pub(crate) struct JobObserver {
    reached: Reached,
    exchanges: Exchanges<()>,
    /// `None` once it has passed.
    deadline: Option<Time>,
    /// An event was emitted, and its request is not sent yet.
    is_emitted: bool,
    is_abandoned: bool,
}

impl JobObserver {
    /// For a job that begins now.
    pub(crate) fn new(reached: &Reached, now: Time, deadline: Time) -> Self {
        Self {
            reached: reached.clone(),
            exchanges: Exchanges::new(now),
            deadline: Some(deadline),
            is_emitted: false,
            is_abandoned: false,
        }
    }

    /// The job gets this input.
    pub(crate) fn input(&mut self, job: &Job, name: &str) {
        self.reached.note(name, self.state(job), MARK);
        self.is_abandoned |= name == "abandoned";
    }

    fn state(&self, job: &Job) -> &'static str {
        job_column(job.state(), self.is_emitted, self.is_abandoned)
    }
}

impl Observe<Job> for JobObserver {
    fn time(&mut self, job: &Job, now: Time) {
        let before = self.state(job);
        let (odd, late) = self.exchanges.time(now);
        if let Some(odd) = odd {
            self.reached.note(odd, before, MARK);
        }
        for (whom, ()) in late {
            self.reached.note(NO_RESPONSE, before, whom.letter(true));
        }
        if self.deadline.take_if(|deadline| now >= *deadline).is_some() {
            self.reached.note(DEADLINE, before, MARK);
        }
    }

    fn reply(&mut self, job: &Job, id: RequestId, reply: Reply<'_>, _: Time) {
        let state = self.state(job);
        let (whom, letter, _) = self.exchanges.replied(id);
        let name = reply_name(reply, whom, letter);
        self.reached.note(name, state, letter);
    }

    fn output(&mut self, output: &Output<JobEvent>, now: Time) {
        match output {
            Output::Event(event) => self.is_emitted = is_before_request(&event.kind),
            Output::Send(transmit) => {
                self.is_emitted = false;
                self.exchanges.sent(transmit, (), now);
            }
            _ => {}
        }
    }
}
