//! Juju: hook command `open-port`.

use super::format::Out;
use super::{Call, Command, Failure, port_range};

pub(super) const COMMAND: Command = Command {
    name: "open-port",
    args: "<port>[/<protocol>]|<from>-<to>[/<protocol>]|icmp",
    purpose: "Opens ports of this unit, if the hook succeeds.",
    flags: port_range::FLAGS,
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    let (endpoints, range) = port_range::of_call(call)?;
    for endpoint in endpoints {
        call.cx.open_port(&endpoint, range)?;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check, check_args};

    #[test]
    fn opens() {
        for (args, calls) in [
            (&["80"][..], &["open_port \"\" 80/tcp"][..]),
            (&["--endpoints", " a , b ", "80-90/UDP"], &["open_port \"a\" 80-90/udp", "open_port \"b\" 80-90/udp"]),
            (&["--endpoints", "a,", "icmp"], &["open_port \"a\" icmp", "open_port \"\" icmp"]),
            (&["80", "--endpoints="], &["open_port \"\" 80/tcp"]),
        ] {
            let mut fake = Fake::new();
            check_args(&mut fake, "open-port", args, None, 0, "", "");
            assert_eq!(fake.calls, calls);
        }
        let warning = "--format flag deprecated for command \"open-port\"";
        check(&mut Fake::new(), "open-port --format json 80", None, 0, "", warning);
    }

    #[test]
    fn errors() {
        for (argv, code, text) in [
            ("open-port", 2, "no port or range specified"),
            ("open-port 80 90", 2, "unrecognized args: [\"90\"]"),
            ("open-port 90-80", 2, "invalid port range 90-80/tcp"),
            ("open-port -80", 2, "option provided but not defined: -8"),
            ("open-port 9000", 1, "cannot open 9000/tcp (unit \"wordpress/0\")"),
        ] {
            check(&mut Fake::new(), argv, None, code, "", &format!("ERROR {text}\n"));
        }
    }
}
