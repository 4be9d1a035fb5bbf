//! The hook commands: argv and stdin in, exit code and bytes out, whichever door is used.
//!
//! Each command parses its own arguments, asks the [`HookContext`] of the running hook, and formats the
//! answer. It knows nothing of the model behind the context; the model knows nothing of flags.

mod action_fail;
mod action_get;
mod action_log;
mod action_set;
mod config_get;
#[cfg(test)]
mod fake;
mod file;
mod flags;
mod format;
mod is_leader;
mod juju_log;
mod names;
mod natural;
mod network_get;
mod number;
mod pairs;
mod quote;
mod relation_flag;
mod relation_get;
mod relation_ids;
mod relation_list;
mod relation_set;
mod settings_file;
mod state_delete;
mod state_get;
mod state_set;
mod status_get;
mod status_set;
mod yaml;
mod yaml_text;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use self::flags::{Flag, Flags, Parsed};
use self::format::Out;

/// The key-value pairs of a databag or of a unit's state.
pub type Settings = BTreeMap<String, String>;

/// What a hook command may ask of the hook that runs it.
///
/// An `Err` carries the text that Juju prints after `ERROR `; the command exits with 1. Where a text is the
/// command's own (argument errors, exit 2) the context is not asked.
pub trait HookContext {
    /// The unit whose hook runs, such as `magpie/0`.
    fn unit(&self) -> &str;
    /// The number of the relation whose hook runs; none in other hooks and in actions.
    fn hook_relation(&self) -> Option<u32>;
    /// The remote unit of the relation hook that runs.
    fn remote_unit(&self) -> Option<&str>;
    /// The remote application of the relation hook that runs.
    fn remote_app(&self) -> Option<&str>;
    /// Whether this is an action.
    fn in_action(&self) -> bool;

    /// The endpoint of a relation that this unit has in its context, listed or not; none where it has none.
    fn relation_endpoint(&self, id: u32) -> Option<String>;
    /// The numbers of the relations of an endpoint that `relation-ids` lists.
    fn relation_ids(&mut self, endpoint: &str) -> Result<Vec<u32>, String>;
    /// The units whose join was delivered and whose departure was not. Never this unit.
    fn relation_members(&mut self, id: u32) -> Result<Vec<String>, String>;
    /// The application at the other side; for a peer relation, this one.
    fn relation_app(&mut self, id: u32) -> Result<String, String>;
    /// A unit's bag as this hook may see it (own: with its own pending writes; members': maybe stale).
    fn unit_bag(&mut self, id: u32, unit: &str) -> Result<Settings, String>;
    /// An application's bag.
    fn app_bag(&mut self, id: u32, app: &str) -> Result<Settings, String>;
    /// Buffers writes to the own unit's bag; an empty value deletes.
    fn write_unit_bag(&mut self, id: u32, changes: Settings) -> Result<(), String>;
    /// Buffers writes to the own application's bag; an `Err` when this unit does not lead.
    fn write_app_bag(&mut self, id: u32, changes: Settings) -> Result<(), String>;

    /// Whether this unit leads; once `false` it stays so for the hook.
    fn is_leader(&mut self) -> Result<bool, String>;
    /// Every declared option: its value, its default, or `None` where it has neither.
    fn config(&mut self) -> Result<BTreeMap<String, Option<Value>>, String>;

    /// This unit's workload status as the first look in this hook saw it.
    fn unit_status(&mut self) -> Result<StatusInfo, String>;
    /// The application's status and that of its units; an `Err` when this unit does not lead.
    fn app_status(&mut self) -> Result<(StatusInfo, BTreeMap<String, StatusInfo>), String>;
    /// Sets the workload status, at once.
    fn set_unit_status(&mut self, status: &str, message: &str) -> Result<(), String>;
    /// Sets the application's status, at once; an `Err` when this unit does not lead.
    fn set_app_status(&mut self, status: &str, message: &str) -> Result<(), String>;

    /// The unit's state with this hook's own pending changes.
    fn state(&mut self) -> Result<Settings, String>;
    /// Buffers one pair; checks Juju's limits on key and value.
    fn set_state(&mut self, key: &str, value: &str) -> Result<(), String>;
    /// Buffers the removal of one key; a missing key is fine.
    fn delete_state(&mut self, key: &str) -> Result<(), String>;

    /// What `network-get` knows of a binding.
    fn network(&mut self, binding: &str, relation: Option<u32>) -> Result<NetworkInfo, String>;
    /// One message for the log, with the level in capitals (`INFO`).
    fn log(&mut self, level: &str, message: &str);

    /// The action's parameters, an object; an `Err` outside an action (likewise below).
    fn action_params(&mut self) -> Result<Value, String>;
    /// Keeps a result under a path of key segments.
    fn set_action_result(&mut self, path: &[String], value: &str) -> Result<(), String>;
    /// Marks the action as failed.
    fn fail_action(&mut self, message: &str) -> Result<(), String>;
    /// A progress message, at once.
    fn log_action(&mut self, message: &str) -> Result<(), String>;
}

/// A status word and its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusInfo {
    /// The word, such as `active`.
    pub status: String,
    /// The message; may be empty.
    pub message: String,
}

/// One network interface and its addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindAddress {
    /// The hardware address, may be empty.
    pub mac_address: String,
    /// The name, such as `eth0`.
    pub interface_name: String,
    /// Address and network pairs, such as `10.0.0.5` and `10.0.0.0/24`.
    pub addresses: Vec<(String, String)>,
}

/// The answer of `network-get`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NetworkInfo {
    /// The interfaces.
    pub bind_addresses: Vec<BindAddress>,
    /// Networks that traffic leaves from.
    pub egress_subnets: Vec<String>,
    /// Addresses that others reach this unit at.
    pub ingress_addresses: Vec<String>,
}

/// What a hook command gives back to the charm.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ToolOutput {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

/// What a request for a hook command ends in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The command ran.
    Done(ToolOutput),
    /// The command wants standard input, and the request brought none: ask again with it.
    NeedsStdin,
    /// No such command: the text of the error, without `ERROR `.
    Refused(String),
}

/// The names of the hook commands there are, sorted.
pub const NAMES: &[&str] = &[
    "action-fail",
    "action-get",
    "action-log",
    "action-set",
    "config-get",
    "is-leader",
    "juju-log",
    "network-get",
    "relation-get",
    "relation-ids",
    "relation-list",
    "relation-set",
    "state-delete",
    "state-get",
    "state-set",
    "status-get",
    "status-set",
];

/// The hook commands, sorted by name as in [`NAMES`].
const COMMANDS: &[Command] = &[
    action_fail::COMMAND,
    action_get::COMMAND,
    action_log::COMMAND,
    action_set::COMMAND,
    config_get::COMMAND,
    is_leader::COMMAND,
    juju_log::COMMAND,
    network_get::COMMAND,
    relation_get::COMMAND,
    relation_ids::COMMAND,
    relation_list::COMMAND,
    relation_set::COMMAND,
    state_delete::COMMAND,
    state_get::COMMAND,
    state_set::COMMAND,
    status_get::COMMAND,
    status_set::COMMAND,
];

/// Runs one hook command. `argv[0]` is the command's name; `cwd` the caller's directory; `stdin` None means none was
/// supplied.
pub fn run(cx: &mut dyn HookContext, argv: &[String], cwd: &Path, stdin: Option<&[u8]>) -> Reply {
    let Some((name, args)) = argv.split_first() else {
        return Reply::Refused("bad request: command not specified".to_owned());
    };
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        return Reply::Refused(format!("bad request: unknown command: {name}"));
    };
    let flags = match flags::parse(cx, command.flags, args) {
        Ok(Parsed::Run(flags)) => flags,
        Ok(Parsed::Help) => {
            return Reply::Done(ToolOutput { stdout: command.help().into_bytes(), ..ToolOutput::default() });
        }
        Err(text) => return failed(2, "", &text),
    };
    let warning = if flags.old_format {
        format!("--format flag deprecated for command {}", quote::quote(name))
    } else {
        String::new()
    };
    let mut call = Call { cx, flags, cwd, stdin };
    match (command.run)(&mut call).and_then(|out| call.print(out)) {
        Ok(stdout) => Reply::Done(ToolOutput { code: 0, stdout: stdout.into_bytes(), stderr: warning.into_bytes() }),
        Err(Failure::Arguments(text)) => failed(2, "", &text),
        Err(Failure::Running(text)) => failed(1, &warning, &text),
        Err(Failure::NeedsStdin) => Reply::NeedsStdin,
    }
}

fn failed(code: i32, warning: &str, text: &str) -> Reply {
    let stderr = format!("{warning}ERROR {text}\n").into_bytes();
    Reply::Done(ToolOutput { code, stdout: Vec::new(), stderr })
}

/// One hook command.
struct Command {
    name: &'static str,
    /// The positionals, for the help text.
    args: &'static str,
    purpose: &'static str,
    flags: &'static [Flag],
    /// Checks the arguments, then acts; what it answers, if it answers, goes through the output format.
    run: fn(&mut Call<'_>) -> Result<Option<Out>, Failure>,
}

impl Command {
    fn help(&self) -> String {
        let options: String = self.flags.iter().map(Flag::help).collect();
        let args = if self.args.is_empty() { String::new() } else { format!(" {}", self.args) };
        let (name, purpose) = (self.name, self.purpose);
        let options = if options.is_empty() { options } else { format!("\nOptions:\n{options}") };
        format!("Usage: {name} [options]{args}\n\nSummary:\n{purpose}\n{options}")
    }
}

/// One run of a hook command.
struct Call<'a> {
    cx: &'a mut dyn HookContext,
    flags: Flags,
    cwd: &'a Path,
    stdin: Option<&'a [u8]>,
}

impl Call<'_> {
    /// The positional at a place.
    fn arg(&self, index: usize) -> Option<&str> {
        self.flags.args.get(index).map(String::as_str)
    }

    /// An error where there are more positionals than the command takes.
    fn at_most(&self, count: usize) -> Result<(), Failure> {
        match self.flags.args.get(count..) {
            None | Some([]) => Ok(()),
            Some(more) => Err(Failure::arguments(format!("unrecognized args: {}", quote::quote_list(more)))),
        }
    }

    /// All positionals as one text, for commands that want one.
    fn message(&self) -> Result<String, Failure> {
        if self.flags.args.is_empty() {
            return Err(Failure::arguments("no message specified"));
        }
        Ok(self.flags.args.join(" "))
    }

    /// Standard output, unless the answer goes to a file.
    fn print(&self, out: Option<Out>) -> Result<String, Failure> {
        let Some(out) = out else { return Ok(String::new()) };
        let text = self.flags.format.render(&out);
        match self.flags.text("output") {
            None => Ok(text),
            Some(path) => {
                file::write(path, self.cwd, text.as_bytes())?;
                Ok(String::new())
            }
        }
    }
}

/// Why a hook command does not succeed.
#[derive(Debug)]
enum Failure {
    /// The arguments are wrong: exit 2.
    Arguments(String),
    /// It went wrong while running, as a text from the context does: exit 1.
    Running(String),
    /// Standard input is wanted and was not supplied.
    NeedsStdin,
}

impl Failure {
    fn arguments(text: impl Into<String>) -> Self {
        Failure::Arguments(text.into())
    }
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Failure::Running(text)
    }
}

#[cfg(test)]
mod tests {
    use super::fake::Fake;
    use super::*;

    #[test]
    fn names_and_commands_agree() {
        let names: Vec<&str> = COMMANDS.iter().map(|command| command.name).collect();
        assert_eq!(names, NAMES);
        assert!(NAMES.is_sorted());
    }

    #[test]
    fn unknown_commands_are_refused() {
        let run = |argv: &[&str]| {
            let argv: Vec<String> = argv.iter().map(|arg| (*arg).to_owned()).collect();
            run(&mut Fake::new(), &argv, Path::new("/"), None)
        };
        assert_eq!(run(&["foo", "--help"]), Reply::Refused("bad request: unknown command: foo".into()));
        assert_eq!(run(&[]), Reply::Refused("bad request: command not specified".into()));
    }

    #[test]
    fn no_arguments_panic() {
        let odd =
            ["", "-", "--", "-\u{e9}", "--=", "-r", "--file=-", "-o\0", "=", "a=b", "\u{2028}", "-h=", "db/0", "."];
        for name in NAMES {
            for first in odd {
                for second in odd {
                    for mut fake in [Fake::new(), Fake::in_relation(), Fake::in_action()] {
                        let argv = [*name, first, second].map(str::to_owned);
                        let _ = run(&mut fake, &argv, Path::new("/nowhere"), Some(b"{"));
                    }
                }
            }
        }
    }
}
