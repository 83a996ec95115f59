//! Jobs, followed without a network.

use typless::machine::{Job, JobError, JobEventKind, Machine, Output, Time};
use typless::wire::Extraction;
use typless_emulator::Service;

/// Follows a job to its end, in no time at all: `now` moves on by itself.
pub(crate) fn follow(
    mut job: Job,
    service: &mut Service,
    mut now: Time,
) -> Result<Extraction, JobError> {
    loop {
        match job.next_output(now) {
            Output::Send(transmit) => {
                let (head, body) = transmit.request.into_parts();
                let request = http::Request::from_parts(head, body.to_bytes().expect("a body"));
                job.handle_response(transmit.id, service.handle(request, now), now);
            }
            Output::Event(event) => {
                if let JobEventKind::Finished(outcome) = event.kind {
                    return outcome;
                }
            }
            Output::Wait(until) => now = until,
            Output::NeedInput | Output::Done => panic!("it ends with an event"),
        }
    }
}
