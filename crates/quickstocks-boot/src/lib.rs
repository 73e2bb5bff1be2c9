//! Start-up: configuration from the environment, tracing, metrics, build information, clock and randomness.
