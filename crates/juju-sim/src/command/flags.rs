//! The flags of a command and their grammar: Juju's own, where flags and positionals mix.

use std::collections::BTreeMap;

use super::format::Format;
use super::quote::quote;
use super::{HookContext, integer, names, relation_flag};

/// What a flag takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// Nothing, or a truth value after `=`.
    Switch,
    /// Any text.
    Text,
    /// A whole number.
    Number,
    /// The name of an output format.
    Format,
    /// The name of an output format other than `smart`; `yaml` if none is asked for.
    DataFormat,
    /// Any text, for a `--format` that is deprecated and does nothing.
    OldFormat,
    /// A relation id that this unit knows.
    Relation,
    /// A storage id that this unit knows.
    Storage,
}

/// One flag.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flag {
    /// Its spellings without dashes; the first is the one to ask [`Flags`] with.
    names: &'static [&'static str],
    takes: Takes,
    purpose: &'static str,
}

/// `--format`, of commands that answer.
pub(super) const FORMAT: Flag =
    Flag { names: &["format"], takes: Takes::Format, purpose: "how to print the answer (json|smart|yaml)" };
/// `--format`, of commands that answer with more than a text or a list.
pub(super) const DATA_FORMAT: Flag =
    Flag { names: &["format"], takes: Takes::DataFormat, purpose: "how to print the answer (json|yaml)" };
/// `-o`, of commands that answer.
pub(super) const OUTPUT: Flag = Flag::text(&["output", "o"], "write the answer to this file");
/// `-r`, of commands that concern a relation.
pub(super) const RELATION: Flag =
    Flag { names: &["relation", "r"], takes: Takes::Relation, purpose: "the relation, by its id" };
/// `-s`, of the command that concerns a storage instance.
pub(super) const STORAGE: Flag =
    Flag { names: &["s"], takes: Takes::Storage, purpose: "the storage instance, by its id" };
/// `--file`, of commands that read key-value pairs.
pub(super) const FILE: Flag = Flag::text(&["file"], "a YAML file of keys and values, - for standard input");
/// `--format` of commands that answer nothing: accepted, and said to be deprecated.
pub(super) const OLD_FORMAT: Flag =
    Flag { names: &["format"], takes: Takes::OldFormat, purpose: "deprecated, changes nothing" };

impl Flag {
    /// A flag that is there or is not.
    pub(super) const fn switch(names: &'static [&'static str], purpose: &'static str) -> Self {
        Flag { names, takes: Takes::Switch, purpose }
    }

    /// A flag with any value.
    pub(super) const fn text(names: &'static [&'static str], purpose: &'static str) -> Self {
        Flag { names, takes: Takes::Text, purpose }
    }

    /// A flag with a whole number.
    pub(super) const fn number(names: &'static [&'static str], purpose: &'static str) -> Self {
        Flag { names, takes: Takes::Number, purpose }
    }

    /// The line in the help text.
    pub(super) fn help(&self) -> String {
        let names: Vec<String> = self.names.iter().map(|name| dashed(name)).collect();
        format!("{}\n    {}\n", names.join(", "), self.purpose)
    }
}

/// The flags and positionals that were given.
#[derive(Debug, Default)]
pub(super) struct Flags {
    switches: BTreeMap<&'static str, bool>,
    texts: BTreeMap<&'static str, String>,
    numbers: BTreeMap<&'static str, i64>,
    /// The output format; the command's first if none was asked for.
    pub(super) format: Format,
    /// The deprecated `--format`, if it is there and not empty.
    pub(super) old_format: bool,
    /// The relation asked for.
    pub(super) relation: Option<u32>,
    /// The storage instance asked for.
    pub(super) storage: Option<String>,
    /// The positionals.
    pub(super) args: Vec<String>,
}

/// What parsing ends in.
#[derive(Debug)]
pub(super) enum Parsed {
    /// The command is to run.
    Run(Flags),
    /// Help was asked for.
    Help,
}

impl Flags {
    /// Whether a switch is on.
    pub(super) fn on(&self, name: &str) -> bool {
        self.switches.get(name).copied().unwrap_or(false)
    }

    /// The value of a text flag; the empty text counts as not given.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.given(name).filter(|text| !text.is_empty())
    }

    /// The value of a text flag, empty or not.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }

    /// The value of a flag with a number.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.numbers.get(name).copied()
    }

    fn set(&mut self, cx: &dyn HookContext, flag: &Flag, value: &str) -> Result<(), String> {
        let name = flag.names[0];
        match flag.takes {
            Takes::Switch => {
                self.switches.insert(name, parse_bool(value)?);
            }
            Takes::Text => {
                self.texts.insert(name, value.to_owned());
            }
            Takes::Number => {
                self.numbers.insert(name, integer::parse(value)?);
            }
            Takes::Format => self.format = Format::parse(value)?,
            Takes::DataFormat => match Format::parse(value)? {
                Format::Smart => return Err(format!("unknown format {}", quote(value))),
                format => self.format = format,
            },
            Takes::OldFormat => self.old_format = !value.is_empty(),
            Takes::Relation => self.relation = Some(relation_flag::parse(cx, value)?),
            Takes::Storage => {
                if !names::is_storage(value) {
                    return Err(format!("invalid storage ID {}", quote(value)));
                }
                cx.storage(value)?;
                self.storage = Some(value.to_owned());
            }
        }
        Ok(())
    }
}

/// Parses the arguments after the command's name. An `Err` is a text for exit 2.
pub(super) fn parse(cx: &dyn HookContext, known: &[Flag], argv: &[String]) -> Result<Parsed, String> {
    let mut flags = Flags::default();
    if known.iter().any(|flag| flag.takes == Takes::DataFormat) {
        flags.format = Format::Yaml;
    }
    let mut rest = argv.iter();
    while let Some(arg) = rest.next() {
        if arg == "--" {
            flags.args.extend(rest.cloned());
            break;
        }
        let Some(body) = arg.strip_prefix('-').filter(|body| !body.is_empty()) else {
            flags.args.push(arg.clone());
            continue;
        };
        if let Some(long) = body.strip_prefix('-') {
            let (name, value) = match long.split_once('=') {
                Some(("", _)) => return Err(format!("empty option in argument {}", quote(arg))),
                Some((name, value)) => (name, Some(value)),
                None => (long, None),
            };
            let Some(flag) = find(known, name)? else { return Ok(Parsed::Help) };
            let value = match value {
                Some(value) => value,
                None if flag.takes == Takes::Switch => "true",
                None => next_value(&mut rest, name)?,
            };
            set(&mut flags, cx, flag, name, value)?;
            continue;
        }
        // One-letter flags in a row; the first that takes a value swallows the rest.
        let mut letters = body;
        while let Some(letter) = letters.chars().next() {
            let (name, after) = letters.split_at(letter.len_utf8());
            letters = after;
            let Some(flag) = find(known, name)? else { return Ok(Parsed::Help) };
            let value = if flag.takes == Takes::Switch && !letters.starts_with('=') {
                "true"
            } else if letters.is_empty() {
                next_value(&mut rest, name)?
            } else {
                std::mem::take(&mut letters)
            };
            set(&mut flags, cx, flag, name, value)?;
            // With nothing after it Juju's parser forgets the rest of a row: `-ab` at the end is `-a`.
            if rest.len() == 0 {
                break;
            }
        }
    }
    Ok(Parsed::Run(flags))
}

/// The flag of a name; none where help is asked for.
fn find<'a>(known: &'a [Flag], name: &str) -> Result<Option<&'a Flag>, String> {
    match known.iter().find(|flag| flag.names.contains(&name)) {
        Some(flag) => Ok(Some(flag)),
        None if name == "help" || name == "h" => Ok(None),
        None => Err(format!("option provided but not defined: {}", dashed(name))),
    }
}

fn next_value<'a>(rest: &mut std::slice::Iter<'a, String>, name: &str) -> Result<&'a str, String> {
    rest.next().map(String::as_str).ok_or_else(|| format!("option needs an argument: {}", dashed(name)))
}

fn set(flags: &mut Flags, cx: &dyn HookContext, flag: &Flag, name: &str, value: &str) -> Result<(), String> {
    flags
        .set(cx, flag, value)
        .map_err(|reason| format!("invalid value {} for option {}: {reason}", quote(value), dashed(name)))
}

fn dashed(name: &str) -> String {
    if name.len() > 1 { format!("--{name}") } else { format!("-{name}") }
}

fn parse_bool(value: &str) -> Result<bool, String> {
    match value {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
        _ => Err(format!("strconv.ParseBool: parsing {}: invalid syntax", quote(value))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check};

    #[test]
    fn grammar_errors() {
        for (argv, text) in [
            ("relation-get --cheese", "option provided but not defined: --cheese"),
            ("relation-get -x", "option provided but not defined: -x"),
            ("relation-get --x", "option provided but not defined: -x"),
            ("relation-get --format", "option needs an argument: --format"),
            ("relation-get -r", "option needs an argument: -r"),
            ("relation-get --format bad", r#"invalid value "bad" for option --format: unknown format "bad""#),
            ("relation-get --=x", r#"empty option in argument "--=x""#),
            ("is-leader a b", r#"unrecognized args: ["a" "b"]"#),
            (
                "config-get -a=true",
                r#"invalid value "=true" for option -a: strconv.ParseBool: parsing "=true": invalid syntax"#,
            ),
            (
                "config-get --all=yes",
                r#"invalid value "yes" for option --all: strconv.ParseBool: parsing "yes": invalid syntax"#,
            ),
            ("is-leader -format json", r#"option provided but not defined: -f"#),
            ("relation-get -r=3", r#"invalid value "=3" for option -r: invalid relation id"#),
            ("is-leader -é", "option provided but not defined: --é"),
            ("relation-get ---x", "option provided but not defined: ---x"),
            ("relation-get -=", "option provided but not defined: -="),
            ("config-get -ax y", "option provided but not defined: -x"),
            ("relation-get --format=", r#"invalid value "" for option --format: unknown format """#),
            ("secret-get --format smart", r#"invalid value "smart" for option --format: unknown format "smart""#),
            ("storage-get -s data", r#"invalid value "data" for option -s: invalid storage ID "data""#),
            ("storage-get -s data/9", r#"invalid value "data/9" for option -s: storage "data/9" not found"#),
            ("is-leader --", ""),
        ] {
            let stderr = if text.is_empty() { String::new() } else { format!("ERROR {text}\n") };
            let (code, stdout) = if text.is_empty() { (0, "True\n") } else { (2, "") };
            check(&mut Fake::new(), argv, None, code, stdout, &stderr);
        }
    }

    #[test]
    fn flags_and_positionals_mix() {
        for argv in [
            "relation-get name --format=json --relation 3",
            "relation-get name mysql/0 -r3 --format json --",
            "relation-get --format smart --format json -- name",
            "relation-get --r 3 name --app=false --format=json",
        ] {
            check(&mut Fake::in_relation(), argv, None, 0, "\"value\"\n", "");
        }
        check(
            &mut Fake::in_relation(),
            "status-set active -- -- -x",
            None,
            2,
            "",
            "ERROR unrecognized args: [\"-x\"]\n",
        );
        check(&mut Fake::in_relation(), "status-set active -- -x", None, 0, "", "");
    }

    #[test]
    fn letters_in_a_row_are_forgotten_at_the_end() {
        let all = "count: 1e+06\nflag: true\ntitle: My Title\nunset: null\n";
        for argv in ["config-get -a", "config-get -ax", "config-get -ah", "config-get -aa --"] {
            check(&mut Fake::new(), argv, None, 0, all, "");
        }
        let output = super::super::fake::run(&mut Fake::new(), "config-get -ah --", None);
        assert!(output.stdout.starts_with(b"Usage: config-get"));
    }

    #[test]
    fn help_goes_to_stdout() {
        for argv in ["relation-set --help", "relation-set -h", "relation-set x -rh --help"] {
            let mut fake = Fake::in_relation();
            let output = super::super::fake::run(&mut fake, argv, None);
            if argv.contains("-rh") {
                assert_eq!(output.code, 2);
            } else {
                assert_eq!((output.code, output.stderr.as_slice()), (0, &b""[..]));
                assert!(output.stdout.starts_with(b"Usage: relation-set [options]"));
                assert!(fake.calls.is_empty());
            }
        }
    }

    #[test]
    fn old_format_is_deprecated() {
        let warning = r#"--format flag deprecated for command "relation-set""#;
        check(&mut Fake::in_relation(), "relation-set --format x a=b", None, 0, "", warning);
        check(&mut Fake::in_relation(), "relation-set --format= a=b", None, 0, "", "");
    }
}
