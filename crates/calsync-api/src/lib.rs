//! What programs call: the platform API, the admin API, the description of both, and the probes of
//! whatever runs the process. The path of a file is the path of its address.

mod health;
mod metrics;
mod openapi;
mod routes;
mod v1;

pub use metrics::PATH as METRICS;
pub use routes::all as routes;
