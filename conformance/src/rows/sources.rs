//! Documents that fail or have a wrong length: never a whole upload.

use typless::machine::FailureKind;

use crate::check::{CheckResult, fail};
use crate::context::{
    TestContext, expect_failure, expect_response, response_bytes, submit, submit_source,
};
use crate::row::Row;
use crate::sources::{Ends, Faulty};

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "source-short",
        "a document one byte shorter than declared is `Source`, and never a whole upload",
        |context| never_whole(context, |declared| declared - 1, Ends::Cleanly),
    ),
    Row::new(
        "source-long",
        "a document one byte longer than declared is `Source`, and never a whole upload",
        |context| never_whole(context, |declared| declared + 1, Ends::Cleanly),
    ),
    Row::new(
        "source-fails",
        "a document that fails midway is `Source`, and never a whole upload",
        |context| never_whole(context, |declared| declared / 2, Ends::InAnError),
    ),
    Row::new(
        "source-empty",
        "a document that yields nothing is `Source`, and never a whole upload",
        |context| never_whole(context, |_| 0, Ends::Cleanly),
    ),
    Row::new(
        "source-unopened",
        "a document that can't be opened is `Source`, and never a whole upload",
        |context| never_whole(context, |_| 0, Ends::BeforeTheStart),
    ),
    Row::new(
        "source-panics",
        "a document that panics is `Source`, never a whole upload, and the transport works on",
        panics,
    ),
];

fn panics(context: &TestContext) -> CheckResult {
    never_whole(context, |_| 0, Ends::InAPanic)?;
    never_whole(context, |declared| declared / 2, Ends::InAPanic)?;
    let server = context.serve_bytes(response_bytes("202 Accepted", &[], b"{}"))?;
    expect_response(context.send(submit(&server.url(), 1_000)?)?)?;
    Ok("Source".into())
}

/// Bytes of a body that is sent from one buffer, and of one that is not.
const SIZES: [u64; 2] = [10, 2_000_000];

fn never_whole(context: &TestContext, yields: fn(u64) -> u64, ends: Ends) -> CheckResult {
    for declared in SIZES {
        let server = context.serve_bytes(response_bytes("202 Accepted", &[], b"{}"))?;
        let source = Faulty {
            declared,
            yields: yields(declared),
            ends,
        };
        let result = context.send(submit_source(&server.url(), source)?)?;
        server.wait_until_idle()?;
        if let Some(received) = server.received().first() {
            return fail(format!(
                "the server received {} bytes as a whole upload",
                received.body.len()
            ));
        }
        expect_failure(result, &[FailureKind::Source])?;
    }
    Ok("Source".into())
}
