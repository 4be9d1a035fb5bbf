//! Where peers can be reached.

use std::net::IpAddr;

use magpie_checks::dns;

/// The IP address of each: what is given where that is one, else the first that its name has; or why there is none. The
/// names are asked for together, and only if there are any.
pub(crate) fn ips_of(
    given: &[Option<String>],
    options: impl FnOnce() -> Result<dns::Options, String>,
) -> Vec<Result<IpAddr, String>> {
    let ip = |text: &str| text.parse::<IpAddr>().ok().map(|ip| ip.to_canonical());
    let names: Vec<String> = given.iter().flatten().filter(|text| ip(text).is_none()).cloned().collect();
    let ask = |options: Result<dns::Options, String>| match options {
        Ok(options) => dns::resolve(&names, &options),
        Err(why) => names.iter().map(|_| Err(why.clone())).collect(),
    };
    let mut resolved = if names.is_empty() { Vec::new() } else { ask(options()) }.into_iter();
    let of_name = |resolved: Option<Result<Vec<IpAddr>, String>>| match resolved {
        Some(Ok(ips)) => ips.first().copied().ok_or_else(|| "its name has no address".to_owned()),
        Some(Err(why)) => Err(format!("its name has no address: {why}")),
        None => Err("its name was not asked for".to_owned()),
    };
    given
        .iter()
        .map(|given| match given {
            None => Err("it has no address".to_owned()),
            Some(text) => ip(text).map_or_else(|| of_name(resolved.next()), Ok),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_addresses_and_each_says_why_it_has_none() {
        let given = ["10.0.0.1", "node.maas", "::ffff:10.0.0.2"].map(|text| Some(text.to_owned()));
        let found = ips_of(&[&given[..], &[None]].concat(), || Err("no server".to_owned()));
        let ip = |text: &str| Ok(text.parse().unwrap());
        let no = |why: &str| Err(why.to_owned());
        let name = "its name has no address: no server";
        assert_eq!(found, [ip("10.0.0.1"), no(name), ip("10.0.0.2"), no("it has no address")]);
    }
}
