//! With the client.

use typless::drive::Clock;
use typless::machine::{Job, JobOptions};
use typless::wire::{Api, Document};
use typless_transports::hyper::Hyper;
use typless_transports::ureq::Ureq;
use typless_transports::{ManualClock, asynchronous, blocking};

use super::by_hand::{agent, pooled_client};
use super::competitor::{BenchResult, Competitor, runtime};
use super::{KEY, Task, check};
use crate::submission::{DOCUMENT_TYPE, FILE_NAME};

pub(super) fn over_ureq(
    name: &'static str,
    task: &Task,
    max_in_flight: usize,
) -> BenchResult<Competitor> {
    let (api, task, transport) = (
        Api::new(&task.base, KEY)?,
        task.clone(),
        Ureq::from(agent()),
    );
    Ok(Competitor::blocking(name, max_in_flight, move || {
        let (job, clock) = job(&api, &task)?;
        let extraction = blocking::Driver::new(job, &transport, &clock).finish()??;
        check(extraction.text("total_amount"))
    }))
}

pub(super) fn over_hyper(
    name: &'static str,
    task: &Task,
    max_in_flight: usize,
) -> BenchResult<Competitor> {
    let (api, task, transport) = (
        Api::new(&task.base, KEY)?,
        task.clone(),
        Hyper::from(pooled_client()),
    );
    Ok(Competitor::asynchronous(
        name,
        max_in_flight,
        runtime()?,
        move |_| {
            let (job, transport) = (job(&api, &task), transport.clone());
            async move {
                let (job, clock) = job?;
                let extraction = asynchronous::Driver::new(job, &transport, &clock)
                    .finish()
                    .await??;
                check(extraction.text("total_amount"))
            }
        },
    ))
}

/// A job, on a clock that never waits.
fn job(api: &Api, task: &Task) -> BenchResult<(Job, ManualClock)> {
    let clock = ManualClock::default();
    let document = Document::new(FILE_NAME, DOCUMENT_TYPE, task.document.clone())?;
    Ok((
        Job::submit(api, document, JobOptions::new(), clock.now()),
        clock,
    ))
}
