//! The market from outside: everything over HTTP on loopback, as its clients see it.

#[cfg(test)]
mod charts;
#[cfg(test)]
mod control;
#[cfg(test)]
mod determinism;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod program;
#[cfg(test)]
mod protocol;
#[cfg(test)]
mod recordings;
#[cfg(test)]
mod support;
