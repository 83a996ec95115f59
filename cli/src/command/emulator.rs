//! `typless emulator`: runs the emulator, for clients of any kind.

use typless_emulator::{
    Faults, Listener, QueueAfterReading, RateLimit, Service, ServiceOptions, WebhookOptions,
};

use crate::arguments::EmulatorArguments;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::work::on_interrupt;
use crate::{document_types, output};

/// Serves until the process ends.
pub(super) fn run(arguments: &EmulatorArguments) -> Result<Exit, Failure> {
    let service = Service::new(options(arguments)?);
    let listener = Listener::bind(arguments.listen, service).map_err(|error| {
        Failure::invalid_usage(format!(
            "can't listen on {}: {error}: choose another address with --listen",
            arguments.listen
        ))
    })?;
    if !listener.local_addr().ip().is_loopback() {
        output::eprint_message(
            "the emulator is open to the network, without encryption: do not send real documents \
             or API keys to it",
        );
    }
    // As the first process of a container, it could not be stopped otherwise: the kernel ignores
    // signals without a handler there.
    on_interrupt(|| false, || {});
    // It serves even if standard output is closed.
    let _ = output::write(&format!(
        "the emulator listens on {}; any API key is accepted",
        listener.base_url()
    ));
    loop {
        std::thread::park();
    }
}

fn options(arguments: &EmulatorArguments) -> Result<ServiceOptions, Failure> {
    let pace = arguments.pace.clone();
    let pace = match arguments.drift {
        Some((factor, period)) => pace.with_drift(factor, period),
        None => pace,
    };
    let mut options = document_types::options(document_types::read(&arguments.document_type_file)?)
        .with_pace(pace)
        .with_faults(Faults::new(arguments.fault_rate))
        .with_seed(arguments.seed);
    if let Some(workers) = arguments.workers {
        options = options.with_workers(workers as usize);
    }
    if let Some(requests) = arguments.rate_limit {
        options = options.with_rate_limit(RateLimit::per_second(requests));
    }
    if arguments.keep_fetched {
        options = options.with_queue_after_reading(QueueAfterReading::Kept);
    }
    if let Some(webhook) = webhook(arguments) {
        options = options.with_webhook(webhook);
    }
    Ok(options)
}

fn webhook(arguments: &EmulatorArguments) -> Option<WebhookOptions> {
    let mut webhook = arguments.webhook.clone()?;
    if let Some(delay) = &arguments.webhook_delay {
        webhook = webhook.with_delay(delay.clone());
    }
    if let Some(share) = arguments.webhook_loss {
        webhook = webhook.with_lost(share);
    }
    if let Some(share) = arguments.webhook_duplicate {
        webhook = webhook.with_duplicated(share);
    }
    if let Some((share, by)) = arguments.webhook_reorder {
        webhook = webhook.with_held_back(share, by);
    }
    Some(webhook)
}
