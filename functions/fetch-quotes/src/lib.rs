//! The scheduled poller: plan, poll in parallel, store, publish.
