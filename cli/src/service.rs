//! Connects to the service, with the API key.

use std::env::VarError;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use typless::drive::Clock;
use typless::machine::{Call, CallError, CallOptions, RetryPolicy};
use typless::wire::{Api, Request};
use typless_emulator::{DocumentType, Listener, Service};
use typless_transports::SystemClock;
use typless_transports::blocking::Driver;
use typless_transports::ureq::Ureq;

use crate::arguments::ServiceArguments;
use crate::document_types;
use crate::failure::Failure;

/// A service, and the transport to it.
pub(crate) struct Connection {
    pub(crate) api: Api,
    pub(crate) transport: Ureq,
    /// The emulator, if one was started; it runs as long as this lives.
    emulator: Option<Listener>,
}

/// Attempts for each request: people wait, and a wrong address should be reported within seconds.
pub(crate) const MAX_ATTEMPTS: u16 = 4;

/// The deadline for a single request, retries included.
const REQUEST_DEADLINE: Duration = Duration::from_secs(60);

impl Connection {
    /// Connects to the service on the command line.
    pub(crate) fn for_service(arguments: &ServiceArguments) -> Result<Self, Failure> {
        let key = key(arguments)?;
        let make = if arguments.allow_plain_http {
            Api::over_plain_http
        } else {
            Api::new
        };
        let api = make(&arguments.base_url, &key).map_err(|error| match error.field() {
            "base_url" if error.to_string().contains("plain http") => Failure::invalid_usage(
                "--base-url is plain http, which sends the API key unencrypted: use https, or add \
                 --allow-plain-http",
            ),
            "base_url" => {
                Failure::invalid_usage(error.to_string().replacen("base_url", "--base-url", 1))
            }
            _ => Failure::invalid_usage(error.to_string().replacen("api_key", "the API key", 1)),
        })?;
        Ok(Self {
            api: versioned(api, arguments)?,
            transport: Ureq::new(),
            emulator: None,
        })
    }

    /// Starts an emulator that knows these document types besides its own. Fails if it does not
    /// know `document_type`.
    pub(crate) fn for_emulator(
        types: Vec<DocumentType>,
        document_type: &str,
        arguments: &ServiceArguments,
    ) -> Result<Self, Failure> {
        let built_in = DocumentType::built_in();
        let known: Vec<&str> = built_in
            .iter()
            .chain(&types)
            .map(DocumentType::name)
            .collect();
        if !known.contains(&document_type) {
            let known = known.join(", ");
            return Err(Failure::invalid_usage(format!(
                "the emulator knows no document type {document_type:?}: use --document-type with \
                 one of {known}"
            )));
        }
        let listener = Listener::bind(
            ([127, 0, 0, 1], 0).into(),
            Service::new(document_types::options(types)),
        )
        .map_err(|error| {
            Failure::invalid_usage(format!(
                "the emulator can't listen on this machine: {error}"
            ))
        })?;
        let api = Api::new(&listener.base_url(), "emulator")
            .map_err(|error| Failure::invalid_usage(error.to_string()))?;
        // A proxy from the environment is meant for other machines.
        let agent = ureq::Agent::config_builder()
            .proxy(None)
            .build()
            .new_agent();
        Ok(Self {
            api: versioned(api, arguments)?,
            transport: Ureq::from(agent),
            emulator: Some(listener),
        })
    }

    /// Whether this is an emulator, whose state ends with this process.
    pub(crate) fn is_emulator(&self) -> bool {
        self.emulator.is_some()
    }

    /// Sends one request, with a few attempts.
    pub(crate) fn call<R: Request>(&self, request: R) -> Result<R::Response, CallError> {
        let clock = SystemClock::new();
        let retry = RetryPolicy::new().with_attempts(MAX_ATTEMPTS);
        let options = CallOptions::new()
            .with_seed(RandomState::new().hash_one(0))
            .with_deadline(REQUEST_DEADLINE)
            .with_retry_policy(retry);
        let call = Call::new(&self.api, request, options, clock.now());
        Driver::new(call, &self.transport, clock)
            .finish()
            .unwrap_or(Err(CallError::Abandoned))
    }
}

fn versioned(api: Api, arguments: &ServiceArguments) -> Result<Api, Failure> {
    match &arguments.api_version {
        Some(version) => api.with_version(version).map_err(|error| {
            Failure::invalid_usage(error.to_string().replacen("version", "--api-version", 1))
        }),
        None => Ok(api),
    }
}

/// The API key, from the file or from the environment; never from an argument, which other users of
/// the machine can see.
fn key(arguments: &ServiceArguments) -> Result<String, Failure> {
    if let Some(path) = &arguments.api_key_file {
        return fs::read_to_string(path).map_err(|error| {
            Failure::invalid_usage(format!(
                "the API key can't be read from {}: {error}: name a readable file with \
                 --api-key-file",
                path.display()
            ))
        });
    }
    std::env::var("TYPLESS_API_KEY").map_err(|error| {
        Failure::invalid_usage(match error {
            VarError::NotPresent => {
                "there is no API key: set TYPLESS_API_KEY, name a file with --api-key-file, or \
                 use extract --emulator, which needs none"
            }
            // The error's own text would quote the key.
            VarError::NotUnicode(_) => {
                "the API key in TYPLESS_API_KEY is not valid UTF-8: copy it from the dashboard of \
                 the service"
            }
        })
    })
}
