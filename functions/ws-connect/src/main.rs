//! The `ws-connect` function.
fn main() {}
