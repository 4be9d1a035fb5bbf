//! Juju: hook command `action-set`.

use super::format::Out;
use super::quote::quote;
use super::{Call, Command, Failure};

pub(super) const COMMAND: Command = Command {
    name: "action-set",
    args: "<key>[.<key>...]=<value> [...]",
    purpose: "Keeps results of the action. They are delivered when it ends, whether it fails or not.",
    flags: &[],
    run,
};

/// Results that the agent sets itself.
const RESERVED: [&str; 4] = ["stdout", "stdout-encoding", "stderr", "stderr-encoding"];

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    let results = call.flags.args.iter().map(|arg| parse(arg)).collect::<Result<Vec<_>, _>>();
    for (path, value) in results.map_err(Failure::Arguments)? {
        call.cx.set_action_result(&path, &value)?;
    }
    Ok(None)
}

fn parse(arg: &str) -> Result<(Vec<String>, String), String> {
    let Some((path, value)) = arg.split_once('=') else {
        return Err(format!("argument {} must be of the form key...=value", quote(arg)));
    };
    let path: Vec<String> = path.split('.').map(str::to_owned).collect();
    for key in &path {
        if RESERVED.contains(&key.as_str()) {
            return Err(format!("cannot set reserved action key \"{key}\""));
        }
        if !is_key(key) {
            return Err(format!(
                "key {} must start and end with lowercase alphanumeric, and contain only lowercase alphanumeric and \
                 hyphens",
                quote(key)
            ));
        }
    }
    Ok((path, value.to_owned()))
}

fn is_key(key: &str) -> bool {
    !key.is_empty()
        && !key.starts_with('-')
        && !key.ends_with('-')
        && key.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check, check_args};

    #[test]
    fn sets() {
        let mut fake = Fake::in_action();
        check_args(&mut fake, "action-set", &["a.b-2=x=y", "c=", "d= z "], None, 0, "", "");
        assert_eq!(
            fake.calls,
            ["set_action_result [\"a\", \"b-2\"]=x=y", "set_action_result [\"c\"]=", "set_action_result [\"d\"]= z "]
        );
        check(&mut Fake::new(), "action-set", None, 0, "", "");
        check(&mut Fake::new(), "action-set a=b", None, 1, "", "ERROR not running an action\n");
    }

    #[test]
    fn errors() {
        let rule =
            "must start and end with lowercase alphanumeric, and contain only lowercase alphanumeric and hyphens";
        for (arg, text) in [
            ("result", "argument \"result\" must be of the form key...=value".to_owned()),
            ("", "argument \"\" must be of the form key...=value".to_owned()),
            ("result-Value=5", format!("key \"result-Value\" {rule}")),
            ("a_b=5", format!("key \"a_b\" {rule}")),
            ("a.=5", format!("key \"\" {rule}")),
            ("=5", format!("key \"\" {rule}")),
            ("a.-b=5", "key \"-b\" ".to_owned() + rule),
            ("b-=5", "key \"b-\" ".to_owned() + rule),
            ("stdout=x", "cannot set reserved action key \"stdout\"".to_owned()),
            ("a.stderr-encoding=x", "cannot set reserved action key \"stderr-encoding\"".to_owned()),
        ] {
            for mut fake in [Fake::in_action(), Fake::new()] {
                check_args(&mut fake, "action-set", &["ok=1", arg], None, 2, "", &format!("ERROR {text}\n"));
                assert!(fake.calls.is_empty());
            }
        }
    }
}
