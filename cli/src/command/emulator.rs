//! `typless emulator`: the emulator by itself, for clients of any kind.

use typless_emulator::{Listener, Service};

use crate::arguments::EmulatorArguments;
use crate::document_types;
use crate::failure::{Exit, Failure};

/// Listens until the process is ended.
pub(super) fn run(arguments: &EmulatorArguments) -> Result<Exit, Failure> {
    let options = document_types::options(document_types::read(&arguments.document_type_file)?);
    let service = Service::new(options.with_pace(arguments.pace));
    let listener = Listener::bind(arguments.listen, service).map_err(|error| {
        Failure::wrong_call(format!("can't listen on {}: {error}: choose another address with --listen", arguments.listen))
    })?;
    if !listener.local_addr().ip().is_loopback() {
        eprintln!("typless: the emulator is open to the network, without encryption: keep real documents and keys away from it");
    }
    println!("the emulator listens on {}; any key is accepted", listener.base_url());
    loop {
        std::thread::park();
    }
}
