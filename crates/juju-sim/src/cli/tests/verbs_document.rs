use clap::{Arg, Command};
use expect_test::expect_file;

use crate::cli::arguments;
use crate::cli::juju::{self, JujuFlag};
use crate::cli::verb::{Does, EVERYWHERE, VERBS, Verb};

const PREFACE: [&str; 3] = [
    "What `juju-sim` does with each verb and flag that `juju` 3.6 has. `juju-sim VERB --help` says more of a flag, and \
     [juju-sim.md](juju-sim.md) shows the command at work. This page is made of the tables that the command itself goes \
     by: `UPDATE_EXPECT=1 cargo test -p juju-sim --lib verbs_document` writes it anew.",
    "What is not supported is refused before anything has happened, with exit code 2 and `not supported by juju-sim`; it \
     is never passed over. What is *taken* means nothing here, with the reason beside it; scripts that give it go on. \
     *Only here* is what Juju does not have.",
    "Verbs about a model take `--model`, `-m`. Those with forms take `--format` and `--output`, `-o`. Those that change \
     a model run the hooks that follow, and where they take `--no-settle`, which Juju does not have, they leave them to \
     `step`.",
];

/// The longest line.
const WIDTH: usize = 120;

/// A text in lines, those after the first behind some blanks.
fn wrapped(text: &str, blanks: usize) -> String {
    let mut lines = String::new();
    let mut width = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if width > 0 && width + 1 + length > WIDTH {
            lines += &format!("\n{:blanks$}", "");
            width = blanks;
        } else if width > 0 {
            lines.push(' ');
            width += 1;
        }
        lines += word;
        width += length;
    }
    lines + "\n"
}

/// Several names, as the document writes them.
fn list<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{}`", name.as_ref())).collect();
    names.join(", ")
}

fn of_juju(flag: &JujuFlag) -> String {
    let dashes = if flag.name.len() == 1 { "-" } else { "--" };
    format!("{dashes}{}", flag.name)
}

fn of_clap(argument: &Arg) -> Option<String> {
    let short = || argument.get_short().map(|letter| format!("-{letter}"));
    argument.get_long().map(|name| format!("--{name}")).or_else(short)
}

fn heading(name: &str, aliases: &[&str], about: &str) -> String {
    let others = if aliases.is_empty() { String::new() } else { format!(", {}", list(aliases)) };
    format!("\n### `{name}`{others}\n\n{}", wrapped(&format!("{about}."), 0))
}

/// A line of a verb, where it has something to say.
fn line(document: &mut String, title: &str, text: &str) {
    if !text.is_empty() {
        document.push_str(&wrapped(&format!("- {title}: {text}"), 2));
    }
}

/// The forms in which a verb gives what it found.
fn forms(command: &Command) -> String {
    let format = command.get_arguments().find(|argument| argument.get_long() == Some("format"));
    let forms = format.map(Arg::get_possible_values).unwrap_or_default();
    list(forms.iter().map(clap::builder::PossibleValue::get_name))
}

/// The flags that Juju's verb of the same name does not have.
fn own_flags(command: &Command, flags: &[JujuFlag]) -> String {
    let common = ["--format", "--output", "--model", "--no-settle"];
    let is_jujus = |name: &str| flags.iter().any(|flag| of_juju(flag) == name) || common.contains(&name);
    let own = command.get_arguments().filter(|argument| !argument.is_hide_set());
    list(own.filter_map(of_clap).filter(|name| !is_jujus(name)))
}

/// The flags that mean nothing, those of one reason together.
fn idle(verb: &Verb, flags: &[JujuFlag]) -> String {
    let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
    for flag in flags {
        let Does::Nothing(why) = verb.does(flag) else { continue };
        match reasons.iter_mut().find(|(reason, _)| *reason == why) {
            Some((_, names)) => names.push(of_juju(flag)),
            None => reasons.push((why, vec![of_juju(flag)])),
        }
    }
    let shown: Vec<String> = reasons.iter().map(|(why, names)| format!("{} ({why})", list(names))).collect();
    shown.join(", ")
}

fn of_verb(verb: &Verb) -> String {
    let flags = juju::verb(verb.name).map_or(&[][..], |verb| verb.flags);
    let that = |does: Does| list(flags.iter().filter(|flag| verb.does(flag) == does).map(of_juju));
    let command = verb.shown();
    let mut lines = String::new();
    line(&mut lines, "Flags", &that(Does::Something));
    line(&mut lines, "Taken", &idle(verb, flags));
    line(&mut lines, "Not supported", &that(Does::Refused));
    line(&mut lines, "Only here", &own_flags(&command, flags));
    line(&mut lines, "Forms", &forms(&command));
    let blank = if lines.is_empty() { "" } else { "\n" };
    heading(verb.name, verb.aliases, verb.about) + blank + &lines
}

fn document() -> String {
    let mut document = "# The verbs of `juju`, and what they do here\n".to_owned();
    let everywhere = format!(
        "All verbs of Juju's take {} too: they are about its own log and logins, and nothing follows from them.",
        list(EVERYWHERE.iter().map(of_juju))
    );
    for paragraph in PREFACE.into_iter().chain([everywhere.as_str()]) {
        document.push_str(&("\n".to_owned() + &wrapped(paragraph, 0)));
    }
    document.push_str("\n## Verbs of Juju's\n");
    let (of_juju, own): (Vec<&Verb>, Vec<&Verb>) =
        VERBS.iter().copied().partition(|verb| juju::verb(verb.name).is_some());
    document.extend(of_juju.into_iter().map(of_verb));

    document.push_str("\n## Verbs that only juju-sim has\n");
    let shown = arguments::shown();
    let others = shown.get_subcommands().filter(|command| VERBS.iter().all(|verb| verb.name != command.get_name()));
    let other = |command: &Command| {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        (command.get_name().to_owned(), about, own_flags(command, &[]), forms(command))
    };
    let verb = |verb: &&Verb| {
        let command = verb.shown();
        (verb.name.to_owned(), verb.about.to_owned(), own_flags(&command, &[]), forms(&command))
    };
    let mut all: Vec<_> = others.map(other).chain(own.iter().map(verb)).collect();
    all.sort();
    for (name, about, flags, forms) in all {
        let mut lines = String::new();
        line(&mut lines, "Flags", &flags);
        line(&mut lines, "Forms", &forms);
        let blank = if lines.is_empty() { "" } else { "\n" };
        document.push_str(&(heading(&name, &[], about.trim_end_matches('.')) + blank + &lines));
    }

    let here = |name: &str| name == "help" || VERBS.iter().any(|verb| verb.name == name);
    let missing = juju::VERBS.iter().filter(|verb| !here(verb.name)).map(|verb| verb.name);
    document + "\n## Not supported\n\n" + &wrapped(&format!("{}.", list(missing)), 0)
}

#[test]
fn the_document_of_verbs_is_what_the_command_does() {
    expect_file![concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/juju-verbs.md")].assert_eq(&document());
}

#[test]
fn each_verb_of_jujus_is_in_the_document_once() {
    let document = document();
    for verb in juju::VERBS {
        let headings = document.matches(&format!("\n### `{}`", verb.name)).count();
        let listed = document.rsplit("\n## ").next().unwrap().contains(&format!("`{}`", verb.name));
        assert!(verb.name == "help" || headings + usize::from(listed) == 1, "{}", verb.name);
    }
}
