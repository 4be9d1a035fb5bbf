//! The Magpie charm. Its one executable is the charm's `dispatch`, its service, and a command: `dispatch check --help`.

use std::io::Write;
use std::process::ExitCode;

use dlmalloc::GlobalDlmalloc;
use magpie::Magpie;

/// musl's own allocator takes three times as long, a third of a dispatch.
#[global_allocator]
static ALLOCATOR: GlobalDlmalloc = GlobalDlmalloc;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect();
    if let Some(exit) = magpie::command(&args) {
        return exit;
    }
    // In the simulator's demonstration units have addresses that are of no network.
    let has_network = std::env::var_os("JUJU_SIM_NETWORK").is_none_or(|value| value != "none");
    let exit = juju_ops::main(if has_network { Magpie::served() } else { Magpie::default() });
    if args.first().is_some_and(|word| matches!(word.as_str(), "--help" | "-h")) {
        let more = "\n`check` is a command too: each check of the network by itself; see `check --help`.\n";
        drop(std::io::stdout().write_all(more.as_bytes()));
    }
    exit
}
