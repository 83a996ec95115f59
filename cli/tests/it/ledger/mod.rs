//! What the command remembers: reruns, unknown submits, several processes.

mod calls;
mod reruns;
mod unknown;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::support::{INVOICE, KEY, at, in_order, numbered_invoice, run, service};
use tempfile::TempDir;
use typless::drive::Clock;
use typless::machine::{BatchOptions, Time};
use typless::wire::Api;
use typless_emulator::{InProcess, Listener, Service, ServiceOptions};
use typless_ledger::{Ledger, LedgerOptions, with_digest};
use typless_transports::blocking::Driver;
use typless_transports::{ManualClock, SystemClock, document_from_path};

/// A service, a ledger, and a place for files.
struct Setting {
    listener: Listener,
    place: TempDir,
}

impl Setting {
    fn new(options: ServiceOptions) -> Self {
        Self {
            listener: service(options.with_pace(Duration::from_millis(1))),
            place: tempfile::tempdir().unwrap(),
        }
    }

    fn ledger(&self) -> PathBuf {
        self.place.path().join("ledger.sqlite")
    }

    fn command(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = at(name, &self.listener.base_url(), arguments);
        command.arg("--ledger").arg(self.ledger());
        command
    }

    fn extract(&self, paths: &[&Path], arguments: &[&str]) -> (i32, String, String) {
        let mut command = self.command("extract", &INVOICE);
        run(command
            .args(["--format", "json", "--rate", "1000"])
            .args(arguments)
            .args(paths))
    }

    /// Extracts to a file or folder.
    fn extract_to(&self, path: &Path, option: &str, to: &Path) -> (i32, String, String) {
        let mut command = self.command("extract", &INVOICE);
        run(command
            .args(["--rate", "1000"])
            .arg(option)
            .arg(to)
            .arg(path))
    }

    /// The id of the extraction of the first document.
    fn id_of_first(&self) -> String {
        let ledger = Ledger::open(self.ledger(), LedgerOptions::new()).unwrap();
        let entry = ledger.entries().next().unwrap().unwrap();
        entry.extraction_id().unwrap().as_str().to_owned()
    }

    /// A document with this number.
    fn document(&self, number: usize) -> PathBuf {
        let path = self.place.path().join(format!("{number}.pdf"));
        fs::write(&path, numbered_invoice(number)).unwrap();
        path
    }

    /// Lets a process of some time ago extract a document of this service, and remember it.
    fn remember(&self, path: &Path, is_kept: bool, ago: Duration) {
        let clock = ManualClock::new(Time::EPOCH + (SystemClock::new().now().since_epoch() - ago));
        let api = Api::new(&self.listener.base_url(), KEY).unwrap();
        let options = if is_kept {
            LedgerOptions::new().with_results()
        } else {
            LedgerOptions::new()
        };
        let ledger = Ledger::open(self.ledger(), options).unwrap();
        let (mut session, mut batch) = ledger.start(&api, BatchOptions::new(), clock.now());
        let document = document_from_path(path, "line-item-invoice").unwrap();
        batch
            .add(with_digest(document).unwrap(), clock.now())
            .unwrap();
        batch.close();
        let service = InProcess::new(Service::new(ServiceOptions::new()), clock.clone());
        let mut driver = Driver::new(batch, service, clock.clone());
        while let Some(event) = driver.next_event().unwrap() {
            session.record(driver.machine(), &event, clock.now());
            session.commit(driver.machine_mut(), clock.now()).unwrap();
        }
    }

    fn accepted(&self) -> usize {
        self.listener.with_service(|service| service.accepted())
    }
}

/// The statuses in the order of the command line.
fn statuses(out: &str) -> Vec<String> {
    in_order(out)
        .iter()
        .map(|line| line["status"].as_str().unwrap().to_owned())
        .collect()
}
