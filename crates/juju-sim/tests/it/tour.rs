//! `docs/juju-sim.md`: what it says to type is typed, in an empty directory, and what it shows is what comes.

use std::iter::Peekable;
use std::path::Path;
use std::process::{Command, Stdio};
use std::str::Lines;

use expect_test::expect_file;
use regex::Regex;
use tempfile::TempDir;

/// A place with a home directory, an empty directory to work in, and nothing else.
struct Place {
    home: TempDir,
    dir: TempDir,
}

impl Place {
    fn new() -> Place {
        Place { home: tempfile::tempdir().unwrap(), dir: tempfile::tempdir().unwrap() }
    }

    /// What a shell says to some commands, on both outputs. One that fails and does not say so with `ERROR` has its exit
    /// code in the text.
    fn sh(&self, commands: &str) -> String {
        let program = Path::new(env!("CARGO_BIN_EXE_juju-sim")).parent().unwrap();
        let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
        let mut shell = Command::new("sh");
        shell.args(["-e", "-c", &format!("exec 2>&1\n{commands}")]).current_dir(self.dir.path()).stdin(Stdio::null());
        shell.env_clear().env("PATH", path).env("HOME", self.home.path()).env("LC_ALL", "C.UTF-8");
        let output = shell.output().unwrap();
        let mut text = String::from_utf8(output.stdout).unwrap();
        if !output.status.success() && !text.lines().any(|line| line.starts_with("ERROR ")) {
            text += &format!("[{}]\n", output.status);
        }
        text
    }
}

/// Whether a text is as expected, where `…` stands for anything in a line, and alone in a line for any lines.
fn fits(expected: &str, text: &str) -> bool {
    let line = |line: &str| match line.trim_end() {
        "…" => "(?:.*\n)*?".to_owned(),
        line => regex::escape(line).replace('…', ".*") + " *\n",
    };
    let pattern: String = expected.lines().map(line).collect();
    Regex::new(&format!("^{pattern}$")).unwrap().is_match(text)
}

/// The lines before one that ends them.
fn take<'a>(lines: &mut Peekable<Lines<'a>>, ends: impl Fn(&str) -> bool) -> String {
    let mut text = String::new();
    while let Some(line) = lines.next_if(|line| !ends(line)) {
        text += line;
        text += "\n";
    }
    text
}

/// A document with what its commands say now. Scripts, in blocks of `sh`, have nothing to say; commands, in those of
/// `console`, begin with a `$`.
fn walked(document: &str) -> String {
    let place = Place::new();
    let mut lines = document.lines().peekable();
    let (mut walked, mut in_console) = (String::new(), false);
    while let Some(line) = lines.next() {
        walked += line;
        walked += "\n";
        match line {
            "```console" => in_console = true,
            "```" => in_console = false,
            "```sh" => {
                let script = take(&mut lines, |line| line == "```");
                walked += &script;
                walked += &place.sh(&script);
            }
            line if in_console => {
                let expected = take(&mut lines, |line| line == "```" || line.starts_with("$ "));
                let said = place.sh(line.trim_start_matches("$ "));
                walked += if fits(&expected, &said) { &expected } else { &said };
            }
            _ => {}
        }
    }
    walked
}

#[test]
fn a_newcomer_who_types_what_the_document_says_sees_what_it_shows() {
    let document = expect_file![concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/juju-sim.md")];
    document.assert_eq(&walked(&document.data()));
}

#[test]
fn what_the_document_shows_is_compared() {
    let shown =
        "# A\n\n```console\n$ echo a b\na …\n$ printf 'x\\ny\\nz\\n'\n…\nz\n$ true\n```\n\n```text\n$ false\n```\n";
    assert_eq!(walked(shown), shown);
    for (wrong, right) in [
        ("```console\n$ echo a\nb\n```\n", "```console\n$ echo a\na\n```\n"),
        ("```console\n$ echo a\n```\n", "```console\n$ echo a\na\n```\n"),
        ("```console\n$ exit 3\n```\n", "```console\n$ exit 3\n[exit status: 3]\n```\n"),
        ("```sh\necho a\n```\n", "```sh\necho a\na\n```\n"),
    ] {
        assert_eq!(walked(wrong), right);
    }
}
