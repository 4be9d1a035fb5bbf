use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use super::Bench;
use crate::cli::verb::VERBS;

/// What a shell says of a script on its standard input.
fn shell(arguments: &[&str], script: &str) -> Output {
    let mut command = Command::new("bash");
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn each_shell_learns_all_verbs_and_the_flags_that_help_shows() {
    let bench = Bench::new();
    for name in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = bench.ok(&format!("completions {name}"));
        for verb in VERBS {
            assert!(script.contains(verb.name), "{name}: {}", verb.name);
        }
        assert!(script.contains("no-settle"), "{name}");
        for hidden in ["logging-config", "agent-version", "parallel"] {
            assert!(!script.contains(hidden), "{name}: {hidden}");
        }
    }
    let said = bench.fails(2, "completions tcsh");
    assert!(said.starts_with("ERROR invalid value 'tcsh' for '<SHELL>'"), "{said}");
}

#[test]
fn bash_takes_the_script_and_completes_with_it() {
    let script = Bench::new().ok("completions bash");
    let checked = shell(&["-n"], &script);
    assert!(checked.status.success() && checked.stderr.is_empty(), "{checked:?}");

    let asked = "
        complete=$(complete -p juju-sim | sed 's/.*-F \\([^ ]*\\).*/\\1/')
        COMP_WORDS=(juju-sim show-u) COMP_CWORD=1 COMPREPLY=()
        $complete juju-sim show-u juju-sim && echo \"${COMPREPLY[@]}\"
        COMP_WORDS=(juju-sim deploy --no-) COMP_CWORD=2 COMPREPLY=()
        $complete juju-sim --no- deploy && echo \"${COMPREPLY[@]}\"
    ";
    let completed = shell(&["-s"], &format!("{script}\n{asked}"));
    assert_eq!(String::from_utf8_lossy(&completed.stdout), "show-unit\n--no-settle\n", "{completed:?}");
}
