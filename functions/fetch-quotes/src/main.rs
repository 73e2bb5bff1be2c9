//! The `fetch-quotes` function.
fn main() {}
