//! The one authority (`127.0.0.1:PORT` or `[::1]:PORT`) that this run answers to.

use std::fmt;
use std::net::SocketAddr;

/// Where this run listens, as a browser writes it into `Host` and `Origin`.
///
/// Only a loopback address can be an authority. The names `localhost` and the other loopback
/// addresses reach the same socket and are still refused by the guard: one spelling leaves no room
/// for a name that an attacker's DNS answers (DNS rebinding).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    host_value: String,
    origin: String,
}

impl Authority {
    /// The authority of a listener; none when the address is not loopback.
    pub fn of(address: SocketAddr) -> Option<Self> {
        if !address.ip().is_loopback() {
            return None;
        }
        // The `Host` and `Origin` of a default port carry no port (RFC 9110 §7.2, RFC 6454 §6.1).
        let host_value = match (address, address.port()) {
            (SocketAddr::V4(v4), 80) => v4.ip().to_string(),
            (SocketAddr::V6(v6), 80) => format!("[{}]", v6.ip()),
            (SocketAddr::V4(v4), port) => format!("{}:{port}", v4.ip()),
            (SocketAddr::V6(v6), port) => format!("[{}]:{port}", v6.ip()),
        };
        let origin = format!("http://{host_value}");
        Some(Self { host_value, origin })
    }

    /// What the `Host` header must be, byte for byte.
    pub fn host_value(&self) -> &str {
        &self.host_value
    }

    /// What the `Origin` header must be, byte for byte.
    pub fn origin(&self) -> &str {
        &self.origin
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.host_value)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn of(address: &str) -> Option<Authority> {
        Authority::of(address.parse().unwrap())
    }

    #[test]
    fn spells_loopback_addresses_as_browsers_do() {
        assert_eq!(of("127.0.0.1:4711").unwrap().host_value(), "127.0.0.1:4711");
        assert_eq!(of("[::1]:4711").unwrap().origin(), "http://[::1]:4711");
        assert_eq!(of("127.0.0.1:80").unwrap().origin(), "http://127.0.0.1");
        assert_eq!(of("[::1]:80").unwrap().host_value(), "[::1]");
    }

    #[test]
    fn has_no_authority_for_an_address_that_others_can_reach() {
        for address in [
            "0.0.0.0:4711",
            "192.168.1.5:4711",
            "[::]:4711",
            "[fe80::1]:4711",
        ] {
            assert_eq!(of(address), None, "{address}");
        }
    }
}
