//! Signatures as Standard Webhooks has them: HMAC-SHA256 over id, timestamp and body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice};
use sha2::Sha256;

/// A secret's length in bytes, as Standard Webhooks recommends.
const LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;

/// A secret that signs.
#[derive(Clone, Debug)]
pub struct SigningSecret(SecretSlice<u8>);

impl SigningSecret {
    /// What [`SigningSecret::parse`] takes.
    pub const ALLOWED: &str = "whsec_ and the base64 of 24 to 64 random bytes";

    /// Reads a secret.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text.strip_prefix("whsec_")?).ok()?;
        LENGTHS.contains(&bytes.len()).then(|| Self(bytes.into()))
    }

    /// The signature of `body`, sent under `id` at `timestamp`, in seconds.
    pub(crate) fn sign(&self, id: &str, timestamp: i64, body: &str) -> Option<String> {
        // A key of any length is taken, so this never ends here.
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose_secret()).ok()?;
        mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
        Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    #[test]
    fn signs_as_the_specification_does() {
        let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a secret");
        let body = r#"{"test": 2432232314}"#;
        let signature = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signature.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }

    #[test]
    fn a_secret_is_checked_and_never_shown() {
        for bad in ["", "whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!"] {
            assert!(SigningSecret::parse(bad).is_none(), "{bad}");
        }
        let long = format!("whsec_{}", STANDARD.encode([7; 65]));
        assert!(SigningSecret::parse(&long).is_none());
        let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a secret");
        assert!(!format!("{secret:?}").contains("49"), "the first byte is 49: {secret:?}");
    }
}
