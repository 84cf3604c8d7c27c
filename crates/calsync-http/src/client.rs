//! From which address a request comes.
//!
//! That is the peer of its connection, unless the peer is one of `server.trusted_proxies`: then it is
//! the last address in `X-Forwarded-For` that none of them wrote for another of them. What stands
//! before it is the client's own claim. Other headers aren't read: a proxy that doesn't write one
//! passes on whatever the client put there.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use calsync_core::network::Network;
use http::HeaderMap;

/// Where a request comes from; every request over a socket has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client(pub IpAddr);

impl Client {
    /// The client behind `peer`.
    pub fn behind(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> Self {
        let mut client = peer.to_canonical();
        let lines = headers.get_all("x-forwarded-for").iter().rev();
        let mut hops = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
        while trusted.iter().any(|network| network.contains(client)) {
            let Some(before) = hops.next().and_then(address) else { break };
            client = before;
        }
        Self(client)
    }
}

/// What one party holds: an IPv4 address, or a /64 of IPv6, by its first address.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
        address => address,
    }
}

/// An address, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let plain = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let with_port = || text.parse::<SocketAddr>().map(|address| address.ip());
    plain.parse().or_else(|_| with_port()).ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    /// The client behind `peer`, where 10.0.0.0/8 and 2001:db8::1 are trusted.
    fn behind(peer: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", HeaderValue::from_str(line).expect("a value"));
        }
        let trusted = ["10.0.0.0/8", "2001:db8::1"].map(|text| text.parse().expect("a network"));
        Client::behind(peer.parse().expect("an address"), &headers, &trusted).0.to_string()
    }

    #[test]
    fn a_party_is_an_address_or_a_network() {
        let network = |text: &str| network(text.parse().expect("an address"));
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), network("2001:db8:1:2:ffff::1"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
    }

    #[test]
    fn who_is_not_trusted_speaks_for_nobody_else() {
        assert_eq!(behind("203.0.113.9", &["198.51.100.7"]), "203.0.113.9");
        assert_eq!(behind("203.0.113.9", &["10.0.0.1", "10.0.0.1"]), "203.0.113.9");
    }

    #[test]
    fn behind_proxies_the_last_who_is_none_counts() {
        assert_eq!(behind("10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(behind("10.0.0.1", &["1.2.3.4, 198.51.100.7 , 10.9.9.9"]), "198.51.100.7");
        assert_eq!(behind("10.0.0.1", &["1.2.3.4", "198.51.100.7", "10.9.9.9"]), "198.51.100.7");
        assert_eq!(behind("::ffff:10.0.0.1", &["[2001:db8::9]:4711"]), "2001:db8::9");
        assert_eq!(behind("2001:db8::1", &["198.51.100.7:80"]), "198.51.100.7");
        assert_eq!(behind("2001:db8::1", &["[2001:db8::2]"]), "2001:db8::2");
    }

    #[test]
    fn where_nothing_more_is_said_the_last_known_counts() {
        assert_eq!(behind("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(behind("10.0.0.1", &["10.0.0.2, 10.0.0.3"]), "10.0.0.2");
        for nonsense in ["unknown", "", "1.2.3.4, _hidden", "198.51.100.7, ", "1.2.3.4, é"] {
            assert_eq!(behind("10.0.0.1", &[nonsense]), "10.0.0.1", "{nonsense:?}");
        }
    }
}
