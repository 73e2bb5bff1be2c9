//! Development tasks, run as `cargo xtask TASK`.
fn main() {}
