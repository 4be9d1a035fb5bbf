use serde::{Deserialize, Serialize};

/// What `juju-exec` is to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct JujuExec {
    pub(crate) unit: String,
    /// For the shell.
    pub(crate) commands: String,
}

impl JujuExec {
    /// Reads the arguments of `juju-exec`.
    ///
    /// # Errors
    /// What of them the model has not.
    pub(super) fn read(args: &[String]) -> Result<JujuExec, String> {
        let rest = |words: &[String]| words.strip_prefix(&["--".to_owned()]).unwrap_or(words).to_vec();
        let (unit, words) = match args {
            [flag, unit, words @ ..] if flag == "-u" => (unit, rest(words)),
            [flag, ..] if flag.starts_with('-') && flag != "--" => return Err(format!("juju-exec {flag}")),
            args => match args.strip_prefix(&["--".to_owned()]).unwrap_or(args) {
                [unit, words @ ..] => (unit, rest(words)),
                [] => return Err("juju-exec without a unit and commands".to_owned()),
            },
        };
        let commands = match words.as_slice() {
            [] => return Err("juju-exec without a unit and commands".to_owned()),
            // Juju: one word is for the shell as it is, several are the words of one command.
            [commands] => commands.clone(),
            words => words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "),
        };
        Ok(JujuExec { unit: named(unit), commands })
    }

    /// The arguments of the charm's `dispatch`, where the commands are to run that and nothing else.
    pub(crate) fn dispatch_args(&self) -> Option<Vec<String>> {
        let mut words = words(&self.commands)?;
        let is_dispatch = words.first().is_some_and(|program| program.ends_with("/dispatch"));
        is_dispatch.then(|| words.split_off(1))
    }

    /// What it runs, on one line: what `dispatch` is called with, or all of the commands.
    pub(crate) fn title(&self) -> String {
        let title = self.dispatch_args().map_or_else(|| self.commands.clone(), |args| args.join(" "));
        title.replace(char::is_control, " ")
    }
}

/// A unit's name from its name or its tag.
fn named(text: &str) -> String {
    let from_tag = text.strip_prefix("unit-").filter(|_| !text.contains('/')).and_then(|tag| tag.rsplit_once('-'));
    from_tag.map_or_else(|| text.to_owned(), |(app, number)| format!("{app}/{number}"))
}

/// Whether a character is itself in a shell, wherever it stands.
fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || "_-./:@%+,".contains(c)
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// The words of one command; none where a shell would do more than take quotes away.
fn words(text: &str) -> Option<Vec<String>> {
    let (mut words, mut word) = (Vec::new(), None::<String>);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if matches!(c, ' ' | '\t') {
            words.extend(word.take());
            continue;
        }
        let is_first = words.is_empty();
        let word = word.get_or_insert_default();
        match c {
            '\'' => loop {
                match chars.next()? {
                    '\'' => break,
                    c => word.push(c),
                }
            },
            '"' => loop {
                match chars.next()? {
                    '"' => break,
                    '$' | '`' | '\\' => return None,
                    c => word.push(c),
                }
            },
            '\\' => word.push(chars.next().filter(|c| *c != '\n')?),
            // In front it would set a variable.
            '=' if !is_first => word.push(c),
            c if is_plain(c) => word.push(c),
            _ => return None,
        }
    }
    words.extend(word);
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: &[&str]) -> Result<JujuExec, String> {
        JujuExec::read(&args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>())
    }

    fn exec(commands: &str) -> JujuExec {
        JujuExec { unit: "app/0".to_owned(), commands: commands.to_owned() }
    }

    #[test]
    fn one_word_is_for_the_shell_and_several_are_a_command() {
        assert_eq!(read(&["app/0", "a 'b c'; d"]), Ok(exec("a 'b c'; d")));
        assert_eq!(read(&["unit-app-0", "a", "b c", "it's"]), Ok(exec(r"a 'b c' 'it'\''s'")));
        assert_eq!(read(&["--", "app/0", "--", "a"]), Ok(exec("a")));
        assert_eq!(read(&["-u", "app/0", "a"]), Ok(exec("a")));
        for (bad, why) in [
            (vec![], "juju-exec without"),
            (vec!["app/0"], "juju-exec without"),
            (vec!["--no-context", "x"], "juju-exec --no-context"),
        ] {
            assert!(read(&bad).unwrap_err().starts_with(why), "{bad:?}");
        }
    }

    #[test]
    fn a_dispatch_is_known_by_its_path() {
        let args = |commands: &str| exec(commands).dispatch_args().map(|args| args.join("|"));
        for (commands, wanted) in [
            ("./dispatch wake", "wake"),
            (r"'/var/lib/it'\''s/charm/dispatch' wake", "wake"),
            ("/a/dispatch  drop \"a b\" c=d \\$x ''", "drop|a b|c=d|$x|"),
            ("./dispatch", ""),
        ] {
            assert_eq!(args(commands).as_deref(), Some(wanted), "{commands}");
        }
        for other in [
            "dispatch wake",
            "./dispatch; x",
            "./dispatch $X",
            "A=b ./dispatch",
            "./dispatch 'a",
            "echo ./dispatch",
            "",
            "./dispatch \"$x\"",
            "./dispatch *",
        ] {
            assert_eq!(args(other), None, "{other}");
        }
    }
}
