//! `typless emulator`: the emulator by itself, for clients of any kind.

use typless_emulator::{
    Faults, Listener, QueueAfterReading, RateLimit, Service, ServiceOptions, WebhookOptions,
};

use crate::arguments::EmulatorArguments;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::work::on_interruption;
use crate::{document_types, output};

/// Listens until the process is ended.
pub(super) fn run(arguments: &EmulatorArguments) -> Result<Exit, Failure> {
    let service = Service::new(options(arguments)?);
    let listener = Listener::bind(arguments.listen, service).map_err(|error| {
        Failure::wrong_call(format!(
            "can't listen on {}: {error}: choose another address with --listen",
            arguments.listen
        ))
    })?;
    if !listener.local_addr().ip().is_loopback() {
        output::say(
            "the emulator is open to the network, without encryption: keep real documents and keys away from it",
        );
    }
    // Whoever runs it as the first process of a container could not stop it otherwise: the system ignores signals on its behalf.
    on_interruption(|| false);
    // It serves those who know its address anyway.
    let _ = output::write(&format!(
        "the emulator listens on {}; any key is accepted",
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
    if arguments.queue_keeps_read {
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
    if let Some(share) = arguments.webhook_lost {
        webhook = webhook.with_lost(share);
    }
    if let Some(share) = arguments.webhook_doubled {
        webhook = webhook.with_duplicated(share);
    }
    if let Some((share, by)) = arguments.webhook_overtaken {
        webhook = webhook.with_held_back(share, by);
    }
    Some(webhook)
}
