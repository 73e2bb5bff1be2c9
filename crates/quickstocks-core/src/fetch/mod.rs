//! From the schedule to a published tick: plan, poll, keep what is new, publish.

mod plan;
mod run;

pub use plan::{Demand, Plan, PlanConfig, RESTING_INTERVAL, plan};
pub use run::{Fetch, FetchConfig, FetchError, FetchReport};
