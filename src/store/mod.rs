//! Redis: the only place that names a key.

mod address;
mod backoff;
mod client;
mod dedicated;
mod dial;
mod error;
mod keywords;
mod link;
mod sentinel;
mod subscription;
mod tls;
mod url;

pub(crate) use address::{Address, AddressError, Options, Sentinel};
pub(crate) use backoff::Backoff;
pub(crate) use client::{Client, Identity, Script};
pub(crate) use dedicated::Dedicated;
pub(crate) use error::StoreError;
pub(crate) use subscription::Subscription;

#[cfg(test)]
mod tests {
    pub(crate) mod certificates;
    pub(crate) mod server;
}
