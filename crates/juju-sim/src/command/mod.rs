//! The hook commands: argv and stdin in, exit code and bytes out, whichever door is used.
//!
//! Each command parses its own arguments, asks the [`HookContext`] of the running hook, and formats the
//! answer. It knows nothing of the model behind the context; the model knows nothing of flags.

mod action_fail;
mod action_get;
mod action_log;
mod action_set;
mod application_version_set;
mod base64_text;
mod close_port;
mod config_get;
mod context;
mod credential_get;
mod duration;
#[cfg(test)]
mod fake;
mod file;
mod flags;
mod format;
mod goal_state;
mod integer;
mod is_leader;
mod juju_log;
mod juju_reboot;
mod leader_get;
mod leader_set;
mod names;
mod natural;
mod network_get;
mod number;
mod open_port;
mod opened_ports;
mod pairs;
mod port_range;
mod quote;
mod relation_flag;
mod relation_get;
mod relation_ids;
mod relation_list;
mod relation_model_get;
mod relation_set;
mod resource_get;
mod secret;
mod secret_add;
mod secret_changes;
mod secret_content;
mod secret_get;
mod secret_grant;
mod secret_ids;
mod secret_info_get;
mod secret_remove;
mod secret_revoke;
mod secret_set;
mod secret_uri;
mod settings_file;
mod state_delete;
mod state_get;
mod state_set;
mod status_get;
mod status_set;
mod storage_add;
mod storage_directive;
mod storage_get;
mod storage_list;
mod time;
mod unit_get;
mod yaml;
mod yaml_tag;
mod yaml_text;

use std::path::Path;

pub use self::context::{Address, CloudCredential, CloudSpec, Interface, Network, Settings, StorageKind};
pub(crate) use self::context::{GoalState, GoalStatus, HookContext, Reboot, StatusInfo, StorageInfo};
#[cfg(feature = "cli")]
pub(crate) use self::duration::nanoseconds as go_duration;
use self::flags::{Flag, Flags, Parsed};
use self::format::Out;
pub use self::port_range::{PortRange, Protocol};
pub(crate) use self::quote::quote;
pub(crate) use self::secret::{Look, RotatePolicy, SecretAccess, SecretChanges, SecretInfo, SecretOwner, SecretTarget};
pub(crate) use self::secret_content::SecretContent;
pub(crate) use self::secret_uri::is_uri as is_secret_uri;

/// What a hook command gives back to the charm.
///
/// ```
/// # use juju_sim::{Charm, ProgramEnd, Revision, World};
/// # let charm = Charm::parse("name: hello", None, None)?;
/// let hello = Revision::in_process(charm, |charm| {
///     let output = charm.tools.call(&["relation-ids", "db"], None);
///     assert_eq!((output.code, output.stdout.as_slice()), (0, &b""[..]));
///     let output = charm.tools.call(&["status-set", "fine"], None);
///     assert!(output.stderr.starts_with(b"ERROR invalid status \"fine\""));
///     ProgramEnd::Exit(0)
/// });
/// # let mut juju = World::new(0);
/// # juju.deploy("hello", hello)?;
/// # juju.settle()?;
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
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
pub(crate) enum Reply {
    /// The command ran.
    Done(ToolOutput),
    /// The command wants standard input, and the request brought none: ask again with it.
    NeedsStdin,
    /// No such command: the text of the error, without `ERROR `.
    Refused(String),
}

/// The names of the hook commands there are, sorted.
pub(crate) const NAMES: &[&str] = &[
    "action-fail",
    "action-get",
    "action-log",
    "action-set",
    "application-version-set",
    "close-port",
    "config-get",
    "credential-get",
    "goal-state",
    "is-leader",
    "juju-log",
    "juju-reboot",
    "leader-get",
    "leader-set",
    "network-get",
    "open-port",
    "opened-ports",
    "relation-get",
    "relation-ids",
    "relation-list",
    "relation-model-get",
    "relation-set",
    "resource-get",
    "secret-add",
    "secret-get",
    "secret-grant",
    "secret-ids",
    "secret-info-get",
    "secret-remove",
    "secret-revoke",
    "secret-set",
    "state-delete",
    "state-get",
    "state-set",
    "status-get",
    "status-set",
    "storage-add",
    "storage-get",
    "storage-list",
    "unit-get",
];

/// The hook commands, sorted by name as in [`NAMES`].
const COMMANDS: &[Command] = &[
    action_fail::COMMAND,
    action_get::COMMAND,
    action_log::COMMAND,
    action_set::COMMAND,
    application_version_set::COMMAND,
    close_port::COMMAND,
    config_get::COMMAND,
    credential_get::COMMAND,
    goal_state::COMMAND,
    is_leader::COMMAND,
    juju_log::COMMAND,
    juju_reboot::COMMAND,
    leader_get::COMMAND,
    leader_set::COMMAND,
    network_get::COMMAND,
    open_port::COMMAND,
    opened_ports::COMMAND,
    relation_get::COMMAND,
    relation_ids::COMMAND,
    relation_list::COMMAND,
    relation_model_get::COMMAND,
    relation_set::COMMAND,
    resource_get::COMMAND,
    secret_add::COMMAND,
    secret_get::COMMAND,
    secret_grant::COMMAND,
    secret_ids::COMMAND,
    secret_info_get::COMMAND,
    secret_remove::COMMAND,
    secret_revoke::COMMAND,
    secret_set::COMMAND,
    state_delete::COMMAND,
    state_get::COMMAND,
    state_set::COMMAND,
    status_get::COMMAND,
    status_set::COMMAND,
    storage_add::COMMAND,
    storage_get::COMMAND,
    storage_list::COMMAND,
    unit_get::COMMAND,
];

/// Runs one hook command. `argv[0]` is the command's name; `cwd` the caller's directory; `stdin` None means none was
/// supplied.
pub(crate) fn run(cx: &mut dyn HookContext, argv: &[String], cwd: &Path, stdin: Option<&[u8]>) -> Reply {
    let Some((name, args)) = argv.split_first() else {
        return Reply::Refused("bad request: command not specified".to_owned());
    };
    let Some(command) = find(name) else {
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

/// Whether there is a hook command of this name.
pub(crate) fn is_known(name: &str) -> bool {
    find(name).is_some()
}

fn find(name: &str) -> Option<&'static Command> {
    COMMANDS.binary_search_by_key(&name, |command| command.name).ok().map(|place| &COMMANDS[place])
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
        format!("Usage: {name} [options]{args}\n\n{purpose}\n{options}")
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
        let odd = [
            "",
            "-",
            "--",
            "-\u{e9}",
            "--=",
            "-r",
            "--file=-",
            "-o\0",
            "=",
            "a=b",
            "\u{2028}",
            "-h=",
            "db/0",
            ".",
            "9m4e2mr0ui3e8a215n4g",
            "secret://\u{e9}",
            "80-\u{e9}/",
            "abc#file=\u{e9}",
            "db=1\u{e9}",
            "--expire=1\u{e9}",
            "--revision=0\u{e9}",
            "-s=db/0",
        ];
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
