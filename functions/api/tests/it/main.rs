//! The API from outside: requests through the router, over fakes that behave.

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod alerts;
#[cfg(test)]
mod cold_start;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod document;
#[cfg(test)]
mod doors;
#[cfg(test)]
#[path = "../../../../crates/quickstocks-aws/tests/it/support/emulator.rs"]
mod emulator;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod idempotency;
#[cfg(test)]
mod lambda;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod prices;
#[cfg(test)]
mod push;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod shares;
#[cfg(test)]
mod stores;
#[cfg(test)]
mod support;
#[cfg(test)]
mod transfer;
#[cfg(test)]
mod watchlists;
