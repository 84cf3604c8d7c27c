//! The platform's webhook as the network has it: where it is, the secrets that sign for it, and a way there
//! that leads nowhere else.

mod connector;
mod sign;
mod target;

pub use connector::{PublicConnector, Resolver, SystemResolver};
pub use sign::SigningSecret;
pub use target::{AllowedHosts, Target};

use std::sync::Arc;
use std::time::Duration;

use calsync_google::{HttpLimits, HttpTransport, Transport, TransportError};

/// A platform that takes longer to say that it has a delivery is not heard.
pub const CALL_LIMIT: Duration = Duration::from_secs(15);
/// A connection that takes longer meets a dead route.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// An answer's body means nothing to us: a little of it is read so that the connection can be kept.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// The platform's webhook.
#[derive(Clone)]
pub struct Webhook {
    /// Where it is.
    pub target: Target,
    /// Each signs, so that the platform can change from one to another.
    pub secrets: Arc<[SigningSecret]>,
    /// The way there.
    pub transport: Arc<dyn Transport>,
}

impl Webhook {
    /// The webhook at `target`, over the network.
    ///
    /// # Errors
    /// If TLS can't be set up.
    pub fn over_network(
        target: Target,
        secrets: Vec<SigningSecret>,
        allowed: AllowedHosts,
    ) -> Result<Self, TransportError> {
        let transport = transport(Arc::new(SystemResolver), allowed)?;
        Ok(Self { target, secrets: secrets.into(), transport: Arc::new(transport) })
    }
}

/// A transport that connects to public addresses, and to those of `allowed` hosts.
///
/// # Errors
/// If TLS can't be set up.
pub fn transport(
    resolver: Arc<dyn Resolver>,
    allowed: AllowedHosts,
) -> Result<HttpTransport<PublicConnector>, TransportError> {
    let limits = HttpLimits { connect: CONNECT_LIMIT, call: CALL_LIMIT, answer_bytes: ANSWER_BYTES_MAX };
    HttpTransport::over(PublicConnector::new(resolver, allowed, CONNECT_LIMIT), limits)
}
