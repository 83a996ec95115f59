//! The example `durable_service` as a process that is killed again and again, compared with what
//! the service accepted.

mod killed;
mod log;
mod process;
mod routes;
