//! What the units write for each other in their bags, key by key and text by text as OpenStack's Python interface
//! writes and reads it.

use std::collections::BTreeSet;
use std::net::IpAddr;

use juju_ops::UnitName;
use serde_json::Value;

use crate::address::is_usable;
use crate::node::Bag;

/// A JSON list of bare IP addresses. Python passes each to `netaddr.IPNetwork`, which raises on anything else.
pub(crate) const ADDRESSES: &str = "iperf_addresses";
/// `True`, as Python writes a boolean.
pub(crate) const SERVER: &str = "iperf.server";
/// `True`. Python's setter passes no value, which deletes the key: a flaw that is not copied.
pub(crate) const SERVER_CHECKED: &str = "iperf.server.checked";
/// The text of a Python list that has unit names in it.
pub(crate) const CHECKED: &str = "iperf.checked";
pub(crate) const TRUE: &str = "True";

/// The addresses worth advertising, in the form of the Python interface and the order given, each once. Python sorts them
/// as texts; the order is of no meaning to it.
pub(crate) fn addresses_text(addresses: impl IntoIterator<Item = IpAddr>) -> String {
    let mut texts: Vec<String> = Vec::new();
    for address in addresses.into_iter().filter(is_usable) {
        let text = address.to_canonical().to_string();
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    Value::from(texts).to_string()
}

/// What a peer advertises, in its own order. Whatever is not an IP address, or of no use to others, is left out: units
/// with the Python interface advertise their loopback address too.
pub(crate) fn advertised(bag: &Bag) -> Vec<IpAddr> {
    bag.get(ADDRESSES).map(|text| parse_addresses(text)).unwrap_or_default()
}

pub(crate) fn parse_addresses(text: &str) -> Vec<IpAddr> {
    let list: Vec<Value> = serde_json::from_str(text).unwrap_or_default();
    let ip = |value: &Value| Some(value.as_str()?.parse::<IpAddr>().ok()?.to_canonical());
    list.iter().filter_map(ip).filter(is_usable).collect()
}

/// A Python list of unit names.
pub(crate) fn checked_text(units: &[UnitName]) -> String {
    let quoted: Vec<String> = units.iter().map(|unit| format!("'{unit}'")).collect();
    format!("[{}]", quoted.join(", "))
}

/// The unit names in a text that Python wrote: whole names, so that `magpie/1` is not found in `magpie/10`.
pub(crate) fn parse_checked(text: &str) -> BTreeSet<UnitName> {
    let of_name = |c: char| c.is_ascii_alphanumeric() || c == '/' || c == '-';
    text.split(|c| !of_name(c)).filter_map(|word| word.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ips(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn addresses_are_written_in_their_order_for_python_to_read() {
        let given =
            ips(&["10.0.0.9", "127.0.0.1", "10.0.0.10", "fe80::1", "::1", "169.254.1.1", "2001:db8::1", "10.0.0.9"]);
        assert_eq!(addresses_text(given), r#"["10.0.0.9","10.0.0.10","2001:db8::1"]"#);
        assert_eq!(addresses_text([]), "[]");
    }

    #[test]
    fn addresses_of_hostile_peers_are_left_out() {
        assert_eq!(parse_addresses(r#"["10.0.0.9", 7, null, "x", "fe80::1%eth0", "::1"]"#), ips(&["10.0.0.9"]));
        for none in ["", "null", "{}", "[", "\"10.0.0.9\"", "10.0.0.9"] {
            assert!(parse_addresses(none).is_empty(), "{none}");
        }
        assert!(parse_addresses(&"[".repeat(1 << 20)).is_empty());
    }

    #[test]
    fn checked_units_are_whole_names() {
        let names = |text: &str| parse_checked(text).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names("['None magpie/10', \"['x'] magpie/2\"]"), ["magpie/2", "magpie/10"]);
        assert_eq!(names(&checked_text(&["magpie/1".parse().unwrap()])), ["magpie/1"]);
        assert_eq!(names("None"), [""; 0]);
    }
}
