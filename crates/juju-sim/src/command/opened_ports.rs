//! Juju: hook command `opened-ports`.

use std::collections::{BTreeMap, BTreeSet};

use super::flags::{self, Flag};
use super::format::Out;
use super::{Call, Command, Failure, PortRange};

pub(super) const COMMAND: Command = Command {
    name: "opened-ports",
    args: "",
    purpose: "Lists the open ports of this unit, with what this hook opened and closed.",
    flags: &[flags::FORMAT, flags::OUTPUT, Flag::switch(&["endpoints"], "tell the endpoints too, * for all of them")],
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    call.at_most(0)?;
    let mut opened: BTreeMap<PortRange, BTreeSet<String>> = BTreeMap::new();
    for (endpoint, range) in call.cx.opened_ports()? {
        opened.entry(range).or_default().insert(endpoint);
    }
    let with_endpoints = call.flags.on("endpoints");
    let line = |(range, endpoints): (PortRange, BTreeSet<String>)| match with_endpoints {
        false => range.to_string(),
        // Open for all endpoints, whatever others are named.
        true if endpoints.contains("") => format!("{range} (*)"),
        true => format!("{range} ({})", endpoints.into_iter().collect::<Vec<_>>().join(", ")),
    };
    Ok(Some(Out::Texts(opened.into_iter().map(line).collect())))
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check};

    #[test]
    fn opened_ports() {
        for (argv, stdout) in [
            ("opened-ports", "icmp\n9/tcp\n80/tcp\n80-90/tcp\n80/udp\n"),
            ("opened-ports --endpoints", "icmp (*)\n9/tcp (a, b)\n80/tcp (*)\n80-90/tcp (b)\n80/udp (*)\n"),
            ("opened-ports --format json", "[\"icmp\",\"9/tcp\",\"80/tcp\",\"80-90/tcp\",\"80/udp\"]\n"),
        ] {
            check(&mut Fake::in_relation(), argv, None, 0, stdout, "");
        }
        check(&mut Fake::new(), "opened-ports --format json", None, 0, "[]\n", "");
        check(&mut Fake::new(), "opened-ports", None, 0, "", "");
        check(&mut Fake::new(), "opened-ports x", None, 2, "", "ERROR unrecognized args: [\"x\"]\n");
    }
}
