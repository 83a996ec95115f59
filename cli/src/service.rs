//! Which service is talked to, and with which key.

use std::fs;

use typless::wire::Api;
use typless_emulator::{DocumentType, Listener, Service, ServiceOptions};
use typless_transports::ureq::Ureq;

use crate::arguments::ServiceArguments;
use crate::failure::Failure;

/// A service to talk to, and a way to talk to it.
pub(crate) struct Connection {
    pub(crate) api: Api,
    pub(crate) transport: Ureq,
    /// The emulator, if one was started; it runs as long as this lives.
    emulator: Option<Listener>,
}

impl Connection {
    pub(crate) fn open(arguments: &ServiceArguments) -> Result<Self, Failure> {
        if arguments.emulator { Self::to_emulator() } else { Self::to_service(arguments) }
    }

    /// Refuses a document type that the emulator started here certainly does not know.
    pub(crate) fn check_document_type(&self, name: &str) -> Result<(), Failure> {
        let known = DocumentType::built_in();
        let names: Vec<&str> = known.iter().map(DocumentType::name).collect();
        if self.emulator.is_none() || names.contains(&name) {
            return Ok(());
        }
        Err(Failure::wrong_call(format!(
            "the emulator knows no document type {name:?}: use --document-type with one of {}",
            names.join(", ")
        )))
    }

    fn to_emulator() -> Result<Self, Failure> {
        let listener = Listener::bind(([127, 0, 0, 1], 0).into(), Service::new(ServiceOptions::new()))
            .map_err(|error| Failure::wrong_call(format!("the emulator can't listen on this machine: {error}")))?;
        let api = Api::new(&listener.base_url(), "emulator").map_err(|error| Failure::wrong_call(error.to_string()))?;
        // A proxy from the environment is meant for other machines than this one.
        let agent = ureq::Agent::config_builder().proxy(None).build().new_agent();
        Ok(Self { api, transport: Ureq::from(agent), emulator: Some(listener) })
    }

    fn to_service(arguments: &ServiceArguments) -> Result<Self, Failure> {
        let key = key(arguments)?;
        let make = if arguments.allow_plain_http { Api::over_plain_http } else { Api::new };
        let api = make(&arguments.base_url, &key).map_err(|error| match error.field() {
            "base_url" if error.to_string().contains("plain http") => Failure::wrong_call(
                "--base-url is plain http, which would show the key to the network: use https, or add --allow-plain-http if that is meant",
            ),
            "base_url" => Failure::wrong_call(error.to_string().replacen("base_url", "--base-url", 1)),
            _ => Failure::wrong_call(error.to_string().replacen("api_key", "the key", 1)),
        })?;
        Ok(Self { api, transport: Ureq::new(), emulator: None })
    }
}

/// The key, from the file that is named or from the environment; never from an argument, which other users of the machine can see.
fn key(arguments: &ServiceArguments) -> Result<String, Failure> {
    if let Some(path) = &arguments.api_key_file {
        return fs::read_to_string(path).map_err(|error| {
            Failure::wrong_call(format!("the key can't be read from {}: {error}: name a readable file with --api-key-file", path.display()))
        });
    }
    std::env::var("TYPLESS_API_KEY").map_err(|_| {
        Failure::wrong_call("there is no key: set TYPLESS_API_KEY, name a file with --api-key-file, or use --emulator, which needs none")
    })
}
