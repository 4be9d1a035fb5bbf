use super::*;
use crate::chain;

/// Those that print a list or a map, which Go may print as `null`.
const EMPTY: [&str; 10] = [
    "action-get",
    "config-get",
    "leader-get",
    "opened-ports",
    "relation-get",
    "relation-ids",
    "relation-list",
    "secret-ids",
    "state-get",
    "storage-list",
];

fn error(command: &Any, answer: impl Fn() -> io::Result<Output>) -> (Error, String) {
    let error = (command.run)(&answering(answer)).unwrap_err();
    let text = chain(&error).to_string();
    assert!(text.starts_with(&command.name), "{text}");
    assert!(text.len() < 5000 && !text.contains("hunter2") && !text.chars().any(char::is_control), "{text}");
    (error, text)
}

#[test]
fn a_command_that_is_not_there_is_one_error_through_every_door() {
    for command in all() {
        for answer in [
            || Err(io::ErrorKind::NotFound.into()),
            || Ok(output(127, b"", b"x: command not found\n")),
            || Ok(output(1, b"", b"ERROR bad request: unknown command: x\n")),
        ] {
            let (error, text) = error(&command, answer);
            assert!(error.is_missing_command() && !error.is_not_found() && !error.is_gone());
            assert!(text.contains(": this Juju has no such hook command"), "{text}");
        }
    }
    let (_, text) = error(&any(relation_model_get(&relation())), || Err(io::ErrorKind::NotFound.into()));
    assert!(text.ends_with("no such hook command; it came with Juju 3.6.2"), "{text}");
    let (_, text) = error(&any(leader_get()), || Err(io::ErrorKind::NotFound.into()));
    assert!(text.ends_with("no such hook command; it ended with Juju 4.0"), "{text}");
}

#[test]
fn a_failure_is_told_with_its_text() {
    for command in all() {
        for code in [1, 2, 255] {
            let (error, text) = error(&command, || Ok(output(code, b"[]", b"ERROR no\nsuch luck\n")));
            assert!(text.ends_with(": no such luck"), "{text}");
            assert!(!error.is_gone() && !error.is_not_found() && !error.is_permission_denied());
        }
        let (_, text) = error(&command, || Ok(output(3, b"", b"")));
        assert!(text.ends_with(": exit code 3"), "{text}");
        error(&command, || Ok(output(1, b"", &vec![b'x'; 8 << 20])));
        error(&command, || Ok(output(1, b"", b"ERROR \xff\xfe\0\x1b[31m\"\n")));
        let (_, text) = error(&command, || Ok(Output { ending: Ending::Killed(9), ..output(0, b"", b"") }));
        assert!(text.ends_with(": killed by signal 9"), "{text}");
        let (_, text) = error(&command, || Err(io::ErrorKind::ArgumentListTooLong.into()));
        assert!(text.contains(": cannot be run: "), "{text}");
        let (error, _) = error(&command, || Err(io::ErrorKind::FileTooLarge.into()));
        assert!(error.is_too_large());
    }
}

#[test]
fn output_that_is_none_of_the_command_is_an_error_that_quotes_nothing() {
    let nested = vec![b'['; 8 << 20];
    let text = format!("\"{}\"", "hunter2 ".repeat(1 << 17));
    let outputs: [&[u8]; 14] = [
        b"",
        b"\n",
        b"{\"half\": ",
        b"hunter2",
        b"\xff\xfe\"",
        b"\"\xff\"",
        b"[[\"hunter2\"]]",
        b"[\"hunter2 hunter2\"]",
        b"{\"hunter2 hunter2\": [\"hunter2\"]}",
        b"{\"kind\": \"hunter2\", \"status\": 1, \"units\": {\"hunter2 \": {}}, \"type\": [], \"revision\": -1}",
        b"7",
        b"1e999",
        &nested,
        text.as_bytes(),
    ];
    for command in all().into_iter().filter(|command| command.reads) {
        for stdout in outputs {
            // A text is a text, and some objects are an object.
            let fits = match &command.name[..] {
                "unit-get" => stdout == text.as_bytes(),
                "config-get" | "action-get" | "network-get" => stdout.starts_with(b"{") && stdout.ends_with(b"}"),
                _ => false,
            };
            if !fits {
                let (_, said) = error(&command, || Ok(output(0, stdout, b"")));
                assert!(said.contains(": unexpected output: "), "{said}");
                assert!(said.len() < 700, "{said}");
            }
        }
        let nothing = (command.run)(&answering(|| Ok(output(0, b"null\n", b""))));
        assert_eq!(nothing.is_ok(), EMPTY.contains(&&command.name[..]) && !is_app_of(&command), "{}", command.name);
    }
}

/// Whether it is `relation-list --app`, which prints a name.
fn is_app_of(command: &Any) -> bool {
    let transport = answering(|| Ok(output(0, b"\"x\"", b"")));
    drop((command.run)(&transport));
    let args = &transport.calls.borrow()[0].args;
    command.name == "relation-list" && args.iter().any(|arg| arg == "--app")
}

#[test]
fn a_refusal_says_whose_bag_it_was_and_whether_leadership_was_wanted() {
    let said = |command: Any, text: &'static [u8]| error(&command, || Ok(output(1, b"", text)));
    let (error, text) = said(any(relation_get_own_app(&relation(), &app())), b"ERROR permission denied\n");
    assert_eq!(
        text,
        "relation-get magpie:3 magpie: permission denied: only the leader reads its own application's bag"
    );
    assert!(error.is_not_leader() && error.is_permission_denied() && !error.is_gone());
    let (error, text) = said(any(relation_get_app(&relation(), &app())), b"ERROR permission denied\n");
    assert_eq!(text, "relation-get magpie:3 magpie: permission denied");
    assert!(error.is_gone() && !error.is_permission_denied());
    let values = BTreeMap::new();
    let (error, text) = said(any(relation_set_app(&relation(), &values)), b"ERROR cannot write relation settings\n");
    let because = "cannot write relation settings: only the leader writes its application's bag";
    assert_eq!(text, format!("relation-set magpie:3 own application: {because}"));
    assert!(error.is_not_leader());
    let (error, text) = said(any(relation_set(&relation(), &values)), b"ERROR permission denied\n");
    assert_eq!(text, "relation-set magpie:3 own unit: permission denied");
    assert!(error.is_gone());
}

#[test]
fn what_is_asked_for_is_named_briefly_in_errors() {
    let (_, text) = error(&any(relation_ids(&"\n".repeat(1 << 20))), || Ok(output(1, b"", b"no")));
    assert!(text.len() < 400);
}

#[test]
fn each_of_many_is_handed_over_once_and_let_go() {
    let commands: Vec<Command<BTreeMap<String, String>>> =
        (0..50).map(|_| relation_get(&relation(), &unit())).collect();
    let mut seen = vec![0; 50];
    Command::run_each(&commands, &answering(|| Ok(output(0, b"{\"a\":\"b\"}", b""))), |index, answer| {
        assert_eq!(answer.unwrap()["a"], "b");
        seen[index] += 1;
    });
    assert_eq!(seen, vec![1; 50]);
}

#[test]
fn a_transport_that_answers_wrongly_loses_no_command_and_doubles_none() {
    struct Odd;
    impl Transport for Odd {
        fn call(&self, _: &Call) -> io::Result<Output> {
            Ok(output(0, b"true", b""))
        }
        fn call_each(&self, calls: &[Call], answer: &mut dyn FnMut(usize, io::Result<Output>)) {
            for index in [0, 0, calls.len(), usize::MAX] {
                answer(index, self.call(&calls[0]));
            }
        }
        fn debug(&self, _: &str) {}
        fn complain(&self, _: &str) {}
    }
    let mut seen = Vec::new();
    Command::run_each(&[is_leader(), is_leader()], &Odd, |index, answer| seen.push((index, answer.is_ok())));
    assert_eq!(seen, [(0, true), (1, false)]);
    assert!(Command::run_all(&[is_leader(), is_leader()], &Odd).is_err());
}

#[test]
fn the_content_of_a_secret_is_in_files_while_the_command_runs() {
    let paths = RefCell::new(Vec::new());
    let command = secret_add(SecretOwner::Unit, &content().with("user", "").unwrap(), &metadata());
    assert!(!format!("{command:?}").contains("hunter2"));
    struct Reading<'a>(&'a RefCell<Vec<String>>);
    impl Transport for Reading<'_> {
        fn call(&self, call: &Call) -> io::Result<Output> {
            assert!(!format!("{call:?}").contains("hunter2"));
            let values: Vec<(&str, String)> = call
                .args
                .iter()
                .filter_map(|arg| arg.split_once("#file="))
                .map(|(key, path)| {
                    self.0.borrow_mut().push(path.to_owned());
                    (key, std::fs::read_to_string(path).unwrap())
                })
                .collect();
            assert_eq!(values, [("password", "hunter2".to_owned()), ("user", String::new())]);
            Ok(output(0, b"secret:9m4e2mr0ui3e8a215n4g\n", b""))
        }
        fn debug(&self, _: &str) {}
        fn complain(&self, _: &str) {}
    }
    assert_eq!(command.run(&Reading(&paths)).unwrap(), secret());
    assert_eq!(Command::run_all(&[command], &Reading(&paths)).unwrap(), [secret()]);
    assert_eq!(paths.borrow().len(), 4);
    assert!(paths.borrow().iter().all(|path| !std::fs::exists(path).unwrap()));
}

#[test]
fn a_setting_that_juju_would_quote_is_refused() {
    for key in ["", " ", "a=b"] {
        let values = BTreeMap::from([(key.to_owned(), "hunter2".to_owned())]);
        assert_eq!(leader_set(&values).unwrap_err().to_string(), "leader-set: a key is empty or has a `=`");
    }
}
