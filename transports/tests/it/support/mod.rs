//! What several tests share.

#[cfg(any(feature = "ureq", feature = "hyper"))]
mod adapters;
mod idle;
mod many;
mod requests;
#[cfg(any(feature = "ureq", feature = "hyper"))]
mod server;
mod service;

#[cfg(any(feature = "ureq", feature = "hyper"))]
pub(crate) use adapters::*;
pub(crate) use idle::*;
pub(crate) use many::*;
pub(crate) use requests::*;
#[cfg(any(feature = "ureq", feature = "hyper"))]
pub(crate) use server::*;
pub(crate) use service::*;
