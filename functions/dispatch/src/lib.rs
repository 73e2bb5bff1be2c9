//! The fan-out: one message per connection and tick.
