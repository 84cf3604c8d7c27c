//! calsync
fn main() {}
