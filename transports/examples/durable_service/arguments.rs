//! The arguments of the command line.

use std::net::SocketAddr;
use std::time::Duration;

use typless::machine::BatchOptions;
use typless::wire::Api;

use crate::Error;
use crate::service::Settings;

pub(crate) struct Arguments {
    pub(crate) listen: SocketAddr,
    pub(crate) settings: Settings,
}

impl Arguments {
    pub(crate) fn from_env() -> Result<Self, Error> {
        let (mut folder, mut api) = (None, Api::PRODUCTION.to_owned());
        let mut listen = SocketAddr::from(([127, 0, 0, 1], 8080));
        let mut document_type = "line-item-invoice".to_owned();
        let mut options = BatchOptions::new();
        let mut arguments = std::env::args().skip(1);
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or("each argument has a value")?;
            match &*name {
                "--folder" => folder = Some(value.into()),
                "--api" => api = value,
                "--listen" => listen = value.parse()?,
                "--document-type" => document_type = value,
                "--rate" => options = options.with_rate(value.parse()?, Duration::from_secs(1)),
                _ => return Err(format!("there is no {name}").into()),
            }
        }
        let key = std::env::var("TYPLESS_API_KEY").map_err(|_| "TYPLESS_API_KEY is not set")?;
        let settings = Settings {
            api: Api::new(&api, &key)?,
            folder: folder.ok_or("--folder is missing")?,
            document_type,
            options,
        };
        Ok(Self { listen, settings })
    }
}
