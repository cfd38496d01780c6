//! Which hosts are this machine: where plain http may go, no proxy stands between, and no TLS is needed.
//!
//! Names are not resolved: what a name leads to may change between a look and a connection. `localhost` alone is this machine by
//! its name, whatever a resolver says, and whoever connects sees to that.

use std::net::{IpAddr, Ipv4Addr};

/// Returns the address of this machine that a host of a URL is; an IPv6 address may stand in brackets.
pub fn address_of(host: &str) -> Option<IpAddr> {
    if host == "localhost" {
        return Some(Ipv4Addr::LOCALHOST.into());
    }
    let address: IpAddr = host.trim_matches(['[', ']']).parse().ok()?;
    Some(address.to_canonical()).filter(IpAddr::is_loopback)
}

/// Returns whether a host of a URL is this machine.
pub fn is_this_machine(host: &str) -> bool {
    address_of(host).is_some()
}

/// Returns whether an address is one of this machine, an IPv4 address within an IPv6 one included.
pub fn is_here(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_its_addresses_and_one_name() {
        for here in ["localhost", "127.0.0.1", "127.8.8.8", "::1", "[::1]", "::ffff:127.0.0.1", "[::ffff:7f00:1]"] {
            assert!(is_this_machine(here), "{here}");
        }
        for elsewhere in
            ["", "localhost.example.com", "127.0.0.1.example.com", "10.0.0.1", "0.0.0.0", "::", "::ffff:10.0.0.1"]
        {
            assert!(!is_this_machine(elsewhere), "{elsewhere}");
        }
        assert_eq!(address_of("[::ffff:127.0.0.1]"), address_of("localhost"), "one name a server");
    }
}
