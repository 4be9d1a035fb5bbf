//! Juju: hook command `close-port`.

use super::format::Out;
use super::{Call, Command, Failure, port_range};

pub(super) const COMMAND: Command = Command {
    name: "close-port",
    args: "<port>[/<protocol>]|<from>-<to>[/<protocol>]|icmp",
    purpose: "Closes ports of this unit, if the hook succeeds.",
    flags: port_range::FLAGS,
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    let (endpoints, range) = port_range::of_call(call)?;
    for endpoint in endpoints {
        call.cx.close_port(&endpoint, range)?;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check, check_args};

    #[test]
    fn closes() {
        for (args, calls) in [
            (&["80"][..], &["close_port \"\" 80/tcp"][..]),
            (&["--endpoints", " a , b ", "80-90/UDP"], &["close_port \"a\" 80-90/udp", "close_port \"b\" 80-90/udp"]),
            (&["--endpoints", "a,", "icmp"], &["close_port \"a\" icmp", "close_port \"\" icmp"]),
            (&["80", "--endpoints="], &["close_port \"\" 80/tcp"]),
        ] {
            let mut fake = Fake::new();
            check_args(&mut fake, "close-port", args, None, 0, "", "");
            assert_eq!(fake.calls, calls);
        }
        let warning = "--format flag deprecated for command \"close-port\"";
        check(&mut Fake::new(), "close-port --format json 80", None, 0, "", warning);
    }

    #[test]
    fn errors() {
        for (argv, code, text) in [
            ("close-port", 2, "no port or range specified"),
            ("close-port 9000", 1, "cannot close 9000/tcp (unit \"wordpress/0\")"),
        ] {
            check(&mut Fake::new(), argv, None, code, "", &format!("ERROR {text}\n"));
        }
    }
}
