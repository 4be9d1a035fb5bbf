use clap::{Arg, ArgAction, Command};
use serde::Serialize;

use super::Verb;
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::form::{form, give, give_text, with_forms};
use crate::cli::view::VERSION;

pub(super) const VERB: Verb = Verb {
    name: "version",
    aliases: &[],
    about: "Tell which version of Juju the models follow",
    arguments,
    has_model: false,
    idle: &[],
    run,
};

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct All {
    version: String,
    git_commit: &'static str,
    git_tree_state: &'static str,
    compiler: &'static str,
    juju_sim: &'static str,
}

fn arguments(command: Command) -> Command {
    let all = Arg::new("all").long("all").action(ArgAction::SetTrue).help("Tell the version of juju-sim too");
    with_forms(command.arg(all), &["smart", "json", "yaml"])
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let version = format!("{VERSION}-{}-{arch}", std::env::consts::OS);
    let own = env!("CARGO_PKG_VERSION");
    if call.flag("all") {
        let all = All { version, git_commit: "", git_tree_state: "", compiler: "rustc", juju_sim: own };
        return give(call, &all, || crate::cli::form::yaml(&all).unwrap_or_default());
    }
    match form(call.matches) {
        "smart" => give_text(call, &format!("{version}\n")),
        _ => give(call, &version, String::new),
    }
}
