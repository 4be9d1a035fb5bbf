use super::{JujuExec, Request, span};

/// A timer that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Start {
    /// Its name without a suffix; one is made up where none is given.
    pub(crate) name: Option<String>,
    /// In how many seconds it is due.
    pub(crate) after: u64,
    pub(crate) exec: JujuExec,
    pub(crate) quiet: bool,
}

/// The options that take a value, and each option's letter.
const WITH_VALUE: &[&str] = &[
    "description",
    "gid",
    "host",
    "machine",
    "nice",
    "on-active",
    "on-boot",
    "on-calendar",
    "on-startup",
    "on-unit-active",
    "on-unit-inactive",
    "path-property",
    "property",
    "service-type",
    "setenv",
    "slice",
    "socket-property",
    "timer-property",
    "uid",
    "unit",
    "working-directory",
];
const LETTERS: &[(char, &str)] = &[
    ('E', "setenv"),
    ('G', "collect"),
    ('H', "host"),
    ('M', "machine"),
    ('P', "pipe"),
    ('S', "shell"),
    ('d', "same-dir"),
    ('h', "help"),
    ('p', "property"),
    ('q', "quiet"),
    ('r', "remain-after-exit"),
    ('t', "pty"),
    ('u', "unit"),
];
/// What makes no difference to a timer that runs `juju-exec`.
const IGNORED: &[&str] = &[
    "collect",
    "description",
    "gid",
    "nice",
    "no-ask-password",
    "no-block",
    "property",
    "same-dir",
    "send-sighup",
    "service-type",
    "setenv",
    "slice",
    "slice-inherit",
    "system",
    "uid",
    "working-directory",
];
/// The commands that run something in a unit's context.
const RUNNERS: [&str; 2] = ["juju-exec", "juju-run"];

/// Reads the arguments of `systemd-run`; none where it is not to run `juju-exec`. No call that is, in whatever way, is
/// taken for another one: it would make a real timer.
pub(super) fn read(args: &[String]) -> Option<Request> {
    let (options, command) = split(args);
    let (program, rest) = command.split_first()?;
    if !RUNNERS.contains(&program.rsplit('/').next().unwrap_or_default()) {
        let hidden = rest.iter().any(|word| RUNNERS.iter().any(|runner| word.contains(runner)));
        return hidden.then(|| Request::Fails(unsupported(&format!("{program} around juju-exec"))));
    }
    Some(start(&options, rest).map_or_else(Request::Fails, Request::Start))
}

fn start(options: &[(&str, Option<&str>)], rest: &[String]) -> Result<Start, String> {
    let (mut name, mut after, mut quiet) = (None, None, false);
    for &(option, value) in options {
        let value = value.unwrap_or_default();
        match option {
            "quiet" => quiet = true,
            "unit" => name = Some(unit_name(value)?),
            "on-active" if after.is_none() => {
                let seconds = span::seconds(value);
                after = Some(seconds.ok_or_else(|| format!("Failed to parse OnActiveSec={value}: Invalid argument"))?);
            }
            // How exact it is. The model's timers are.
            "timer-property" if value.starts_with("AccuracySec=") => {}
            ignored if IGNORED.contains(&ignored) => {}
            other => return Err(unsupported(&format!("--{other}"))),
        }
    }
    let exec = JujuExec::read(rest).map_err(|what| unsupported(&what))?;
    let after = after.ok_or_else(|| unsupported("juju-exec without --on-active"))?;
    Ok(Start { name, after, exec, quiet })
}

fn unsupported(what: &str) -> String {
    format!("systemd-run: {what} is not supported by juju-sim")
}

/// The name that the timer and its service share.
fn unit_name(text: &str) -> Result<String, String> {
    let name = text.strip_suffix(".timer").or(text.strip_suffix(".service")).unwrap_or(text);
    let plain = |c: char| c.is_ascii_alphanumeric() || ":-_.".contains(c);
    match !name.is_empty() && name.chars().all(plain) {
        true => Ok(name.to_owned()),
        false => Err(unsupported(&format!("the unit name {text:?}"))),
    }
}

/// The options, and from the first word that is none the command.
fn split(args: &[String]) -> (Vec<(&str, Option<&str>)>, &[String]) {
    let (mut options, mut index) = (Vec::new(), 0);
    while let Some(arg) = args.get(index) {
        let mut value = |inline: Option<&'_ str>| inline.is_none().then(|| index += 1).is_some();
        if arg == "--" {
            return (options, &args[index + 1..]);
        } else if let Some(long) = arg.strip_prefix("--") {
            let (name, mut inline) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
            if WITH_VALUE.contains(&name) && value(inline) {
                inline = args.get(index).map(String::as_str);
            }
            options.push((name, inline));
        } else if let Some(letters) = arg.strip_prefix('-').filter(|letters| !letters.is_empty()) {
            for (place, letter) in letters.char_indices() {
                let name = LETTERS.iter().find(|(it, _)| *it == letter).map_or("?", |(_, name)| *name);
                if !WITH_VALUE.contains(&name) {
                    options.push((name, None));
                    continue;
                }
                let rest = &letters[place + letter.len_utf8()..];
                let mut inline = (!rest.is_empty()).then_some(rest);
                if value(inline) {
                    inline = args.get(index).map(String::as_str);
                }
                options.push((name, inline));
                break;
            }
        } else {
            break;
        }
        index += 1;
    }
    (options, args.get(index..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<Request> {
        super::read(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn timers_of_juju_exec_are_read() {
        let wanted = |name: Option<&str>, after, quiet| {
            let exec = JujuExec { unit: "app/0".to_owned(), commands: "./dispatch wake".to_owned() };
            Some(Request::Start(Start { name: name.map(str::to_owned), after, exec, quiet }))
        };
        let command = "juju-exec app/0 ./dispatch wake";
        for options in [
            "--quiet --collect --unit=n --on-active=1min --",
            "-qGun --on-active 60",
            "-G -q --unit n.timer --on-active=60s",
        ] {
            assert_eq!(read(&format!("{options} {command}")), wanted(Some("n"), 60, true), "{options}");
        }
        let more = "-p Nice=5 --timer-property=AccuracySec=1s --description x --on-active=5 /usr/bin/";
        assert_eq!(read(&format!("{more}{command}")), wanted(None, 5, false));
        assert_eq!(read("--on-active=5 juju-run -u app/0 -- ./dispatch wake"), wanted(None, 5, false));
    }

    #[test]
    fn what_the_model_lacks_is_said() {
        let fails = |line: &str| match read(line) {
            Some(Request::Fails(text)) => text,
            other => panic!("{line}: {other:?}"),
        };
        for (line, what) in [
            ("juju-exec a/0 x", "juju-exec without --on-active"),
            ("--on-calendar=daily juju-exec a/0 x", "--on-calendar"),
            ("--on-active=1 --on-active=2 juju-exec a/0 x", "--on-active"),
            ("--user --on-active=1 juju-exec a/0 x", "--user"),
            ("--on-active=1 -u a/b juju-exec a/0 x", "the unit name \"a/b\""),
            ("--on-active=1 juju-exec -r 3 a/0 x", "juju-exec -r"),
            ("--on-active=1 juju-exec a/0", "juju-exec without a unit and commands"),
            ("--on-active=1 sh -c juju-exec", "sh around juju-exec"),
        ] {
            assert_eq!(fails(line), format!("systemd-run: {what} is not supported by juju-sim"), "{line}");
        }
        let text = "Failed to parse OnActiveSec=soon: Invalid argument";
        assert_eq!(fails("--on-active=soon juju-exec a/0 x"), text);
    }

    #[test]
    fn everything_else_is_not() {
        for line in
            ["", "--version", "--on-active=60 --", "--unit", "-u", "-", "--on-active=60 /usr/bin/backup --all", "-é"]
        {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
