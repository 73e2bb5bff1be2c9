//! The use cases from outside: each through its ports, over fakes that behave.

#[cfg(test)]
mod alerts;
#[cfg(test)]
mod cost;
#[cfg(test)]
mod dispatch;
#[cfg(test)]
mod fetch;
#[cfg(test)]
mod guests;
#[cfg(test)]
mod live;
#[cfg(test)]
mod notify;
#[cfg(test)]
mod planner;
#[cfg(test)]
mod preferences;
#[cfg(test)]
mod push;
#[cfg(test)]
mod shares;
#[cfg(test)]
mod support;
#[cfg(test)]
mod sweep;
#[cfg(test)]
mod symbols;
#[cfg(test)]
mod watchlists;
