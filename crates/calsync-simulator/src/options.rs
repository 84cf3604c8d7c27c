//! What a simulator can be told at its start.

use jiff::Timestamp;

use crate::cidr::Cidr;
use crate::quirks::Quirks;

/// How a [`Simulator`](crate::Simulator) behaves. `Default` is what tests want: no delay, no
/// enforced quotas, any client, control from loopback, seed 0, real time.
#[derive(Debug, Clone)]
pub struct SimulatorOptions {
    /// Approve consent at once, for the account in `login_hint` (made if it isn't there), else the first account.
    pub auto_consent: bool,
    /// Every answer of Google's APIs comes after this many milliseconds; its effect stands before.
    pub delay_ms: u64,
    /// Answer 403 above the quotas; they are counted in any case.
    pub enforce_quotas: bool,
    /// The OAuth clients that exist, as (id, secret). Empty: any id with any secret is good.
    pub clients: Vec<(String, String)>,
    /// Peer addresses that may use `/_control`. Calls without a peer address (in process) always may.
    pub control_from: Vec<Cidr>,
    /// Tokens, ids, etags and fault draws follow from it.
    pub seed: u64,
    /// Some: a manual clock that starts here and moves only when told. None: the machine's time.
    pub start: Option<Timestamp>,
    /// What it makes of what it is sent.
    pub quirks: Quirks,
}

impl Default for SimulatorOptions {
    fn default() -> Self {
        Self {
            auto_consent: false,
            delay_ms: 0,
            enforce_quotas: false,
            clients: Vec::new(),
            control_from: Cidr::loopback(),
            seed: 0,
            start: None,
            quirks: Quirks::SHAPE,
        }
    }
}
