//! Juju: hook command `network-get`.

use std::collections::BTreeMap;

use super::flags::{self, Flag};
use super::format::{Field, Out};
use super::quote::quote;
use super::{Address, Call, Command, Failure, Interface, Network, relation_flag};

pub(super) const COMMAND: Command = Command {
    name: "network-get",
    args: "<endpoint>",
    purpose: "Prints the addresses of this unit for an endpoint or an extra binding.",
    flags: &[
        flags::FORMAT,
        flags::OUTPUT,
        flags::RELATION,
        Flag::switch(&["bind-address"], "only the address to listen on"),
        Flag::switch(&["ingress-address"], "only the address that others reach this unit at"),
        Flag::switch(&["egress-subnets"], "only the networks that traffic leaves from"),
        Flag::switch(&["primary-address"], "deprecated, as --bind-address"),
    ],
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    let binding = match call.arg(0) {
        None => return Err(Failure::arguments("no arguments specified")),
        Some("") => return Err(Failure::arguments("no binding name specified")),
        Some(binding) => binding.to_owned(),
    };
    call.at_most(1)?;
    let relation = relation_flag::given_or_default(call);
    let info = call.cx.network(&binding, relation)?;
    let Some(interface) = info.interfaces.first() else {
        return Err(Failure::Running(format!("no network config found for binding {}", quote(&binding))));
    };
    // Juju's agent stops at an interface without addresses where `--bind-address` asks for one; an error is kinder.
    let first_address = || {
        let missing = || format!("no addresses attached to space for binding {}", quote(&binding));
        interface.addresses.first().map(|address| address.value.clone()).ok_or_else(missing)
    };
    let asked = ["bind-address", "egress-subnets", "ingress-address"].map(|name| call.flags.on(name));
    if call.flags.on("primary-address") {
        if asked.contains(&true) {
            return Err(Failure::Running("--primary-address must be the only flag specified".to_owned()));
        }
        return Ok(Some(first_address()?.into()));
    }
    let mut answers = BTreeMap::new();
    let [bind, egress, ingress] = asked;
    if bind {
        answers.insert("bind-address".to_owned(), Out::Text(first_address()?));
    }
    if egress {
        let subnets = info.egress_subnets.clone();
        let subnets = if subnets.is_empty() { Out::NilList } else { Out::Texts(subnets) };
        answers.insert("egress-subnets".to_owned(), subnets);
    }
    if ingress {
        let address = info.ingress_addresses.first().cloned().map_or_else(first_address, Ok)?;
        answers.insert("ingress-address".to_owned(), Out::Text(address));
    }
    Ok(Some(match answers.len() {
        0 => whole(&info),
        1 => answers.into_values().next().unwrap_or(Out::Null),
        _ => Out::Map(answers),
    }))
}

/// All that is known, in the order of Juju's structures.
fn whole(info: &Network) -> Out {
    let mut fields = vec![Field::new("bind-addresses", Out::List(info.interfaces.iter().map(interface).collect()))];
    for (name, texts) in [("egress-subnets", &info.egress_subnets), ("ingress-addresses", &info.ingress_addresses)] {
        if !texts.is_empty() {
            fields.push(Field::new(name, Out::Texts(texts.clone())));
        }
    }
    Out::Struct(fields)
}

fn interface(bind: &Interface) -> Out {
    let address = |address: &Address| {
        Out::Struct(vec![
            Field::new("hostname", address.hostname.as_str()),
            Field::new("value", address.value.as_str()),
            Field::new("cidr", address.cidr.as_str()),
            Field::yaml_only("address", address.value.as_str()),
        ])
    };
    Out::Struct(vec![
        Field::new("mac-address", bind.mac_address.as_str()),
        Field::new("interface-name", bind.name.as_str()),
        Field::new("addresses", Out::List(bind.addresses.iter().map(address).collect())),
        Field::yaml_only("macaddress", bind.mac_address.as_str()),
        Field::yaml_only("interfacename", bind.name.as_str()),
    ])
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check, check_args};

    #[test]
    fn answers() {
        for (argv, stdout) in [
            (
                "network-get db --format json",
                concat!(
                    r#"{"bind-addresses":[{"mac-address":"00:16:3e:00:00:01","interface-name":"eth0","addresses":"#,
                    r#"[{"hostname":"","value":"10.0.0.5","cidr":"10.0.0.0/24"}]}],"#,
                    r#""egress-subnets":["10.0.0.5/32"],"ingress-addresses":["10.9.9.9"]}"#,
                ),
            ),
            (
                "network-get db",
                "bind-addresses:\n- mac-address: 00:16:3e:00:00:01\n  interface-name: eth0\n  addresses:\n  \
                 - hostname: \"\"\n    value: 10.0.0.5\n    cidr: 10.0.0.0/24\n    address: 10.0.0.5\n  \
                 macaddress: 00:16:3e:00:00:01\n  interfacename: eth0\negress-subnets:\n- 10.0.0.5/32\n\
                 ingress-addresses:\n- 10.9.9.9",
            ),
            ("network-get db --bind-address", "10.0.0.5"),
            ("network-get db --primary-address --format json", "\"10.0.0.5\""),
            ("network-get db --ingress-address --format json", "\"10.9.9.9\""),
            ("network-get db --egress-subnets --format json", "[\"10.0.0.5/32\"]"),
            ("network-get bare --egress-subnets --format json", "null"),
            ("network-get bare --egress-subnets --format yaml", "[]"),
            (
                "network-get bare --format json",
                r#"{"bind-addresses":[{"mac-address":"","interface-name":"lo","addresses":[]}]}"#,
            ),
            (
                "network-get db --ingress-address --egress-subnets --bind-address=true --format json",
                r#"{"bind-address":"10.0.0.5","egress-subnets":["10.0.0.5/32"],"ingress-address":"10.9.9.9"}"#,
            ),
        ] {
            check(&mut Fake::new(), argv, None, 0, &format!("{stdout}\n"), "");
        }
        let mut fake = Fake::in_relation();
        check(&mut fake, "network-get db --bind-address", None, 0, "10.0.0.5\n", "");
        check(&mut fake, "network-get -r 10 db --bind-address", None, 0, "10.0.0.5\n", "");
        assert_eq!(fake.calls, ["network db Some(3)", "network db Some(10)"]);
    }

    #[test]
    fn errors() {
        for (argv, code, text) in [
            ("network-get", 2, "no arguments specified"),
            ("network-get db x", 2, "unrecognized args: [\"x\"]"),
            ("network-get db -r 77", 2, "invalid value \"77\" for option -r: relation not found"),
            ("network-get unknown", 1, "no network config found for binding \"unknown\""),
            ("network-get db --primary-address --bind-address", 1, "--primary-address must be the only flag specified"),
            ("network-get bare --primary-address", 1, "no addresses attached to space for binding \"bare\""),
            ("network-get bare --ingress-address", 1, "no addresses attached to space for binding \"bare\""),
        ] {
            check(&mut Fake::new(), argv, None, code, "", &format!("ERROR {text}\n"));
        }
        check_args(&mut Fake::new(), "network-get", &[""], None, 2, "", "ERROR no binding name specified\n");
    }
}
