//! Documents that break their word: never a whole upload.

use typless::machine::FailureKind;

use super::{Finding, Objection, Row};
use crate::scene::{Scene, answer, failed, submit_source};
use crate::sources::{Ends, Faulty};

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "source-short",
        "a document one byte shorter than it said is `Source`, and never a whole upload",
        |scene| never_whole(scene, |says| says - 1, Ends::Cleanly),
    ),
    Row::new(
        "source-long",
        "a document one byte longer than it said is `Source`, and never a whole upload",
        |scene| never_whole(scene, |says| says + 1, Ends::Cleanly),
    ),
    Row::new(
        "source-fails",
        "a document that fails midway is `Source`, and never a whole upload",
        |scene| never_whole(scene, |says| says / 2, Ends::InAnError),
    ),
    Row::new(
        "source-empty",
        "a document that yields nothing is `Source`, and never a whole upload",
        |scene| never_whole(scene, |_| 0, Ends::Cleanly),
    ),
    Row::new(
        "source-unopened",
        "a document that can't be opened is `Source`, and never a whole upload",
        |scene| never_whole(scene, |_| 0, Ends::BeforeItBegins),
    ),
];

/// Short enough to be sent from one buffer, and too long for that.
const SIZES: [u64; 2] = [10, 2_000_000];

fn never_whole(scene: &Scene, yields: fn(u64) -> u64, ends: Ends) -> Finding {
    for says in SIZES {
        let server = scene.serve_bytes(answer("202 Accepted", &[], b"{}"))?;
        let source = Faulty {
            says,
            yields: yields(says),
            ends,
        };
        let outcome = scene.send(submit_source(&server.url(), source)?)?;
        server.settle()?;
        if let Some(seen) = server.seen().first() {
            return Objection::failed(format!(
                "the server took {} bytes for a whole upload",
                seen.body.len()
            ));
        }
        failed(outcome, &[FailureKind::Source])?;
    }
    Ok("Source".into())
}
