//! Scripts that make a shell complete verbs and flags.

use clap_complete::Shell;

use super::arguments;
use super::terminal::Terminal;

/// Prints the script for a shell. The flags of Juju's that help does not show are not in it.
pub(super) fn print(shell: Shell, terminal: &mut Terminal<'_>) {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut arguments::shown(), "juju-sim", &mut script);
    let script = String::from_utf8_lossy(&script);
    // clap_complete 4.6 writes a name with a hyphen in two ways in one script, of which bash finds only one.
    terminal.print(&script.replace("juju__subcmd__sim", "juju__sim"));
}
