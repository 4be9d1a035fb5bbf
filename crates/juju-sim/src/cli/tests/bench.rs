use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use serde_json::value::RawValue;
use tempfile::TempDir;

use crate::cli::arguments;
use crate::cli::call::Around;
use crate::cli::store::{Disk, Documents};
use crate::cli::terminal::Terminal;

/// A directory with a store and charms.
pub(in crate::cli) struct Bench {
    dir: TempDir,
    pub(in crate::cli) around: Around,
    /// Whether it is a terminal with colours.
    pub(in crate::cli) colour: bool,
}

/// What a command said.
#[derive(Debug)]
pub(in crate::cli) struct Said {
    pub(in crate::cli) code: u8,
    pub(in crate::cli) out: String,
    pub(in crate::cli) err: String,
}

/// A charm whose `dispatch` does what these lines say for the hook or action in `$JUJU_DISPATCH_PATH`.
const HELLO: [(&str, &str); 4] = [
    (
        "metadata.yaml",
        "name: hello\nsummary: It greets.\ndescription: It greets.\npeers: {ring: {interface: ring}}\n\
         requires: {db: {interface: pg, optional: true}}\nprovides: {web: {interface: http}}\n\
         storage: {data: {type: filesystem, location: /srv, multiple: {range: 0-}}}\n\
         resources: {tool: {type: file, filename: tool.txt}}\n",
    ),
    (
        "config.yaml",
        "options:\n  greeting: {type: string, default: hi, description: What it says.}\n  mtu: {type: int}\n",
    ),
    (
        "actions.yaml",
        "greet: {description: It greets., params: {name: {type: string, default: you}}}\n\
         fail: {description: It fails.}\n",
    ),
    (
        "dispatch",
        "#!/bin/bash\n\
         case \"$JUJU_DISPATCH_PATH\" in\n\
         hooks/config-changed) if [ \"$(config-get greeting)\" = bad ]; then juju-log -l ERROR 'bad greeting'; exit 1; fi\n\
         status-set active \"$(config-get greeting)\" ;;\n\
         hooks/start) application-version-set 1.2; open-port 80/tcp; juju-log 'it starts' ;;\n\
         hooks/ring-relation-joined) relation-set a=1 ;;\n\
         actions/greet) action-log greeting; action-set text=\"hello $(action-get name)\" ;;\n\
         actions/fail) action-fail 'no way' ;;\n\
         esac\n",
    ),
];

impl Bench {
    /// One with the charm `hello`.
    pub(in crate::cli) fn new() -> Bench {
        let dir = tempfile::tempdir().unwrap();
        let around = Around {
            store: dir.path().join("store"),
            dir: dir.path().to_owned(),
            disk: Disk::default(),
            patience: Duration::from_secs(20),
            model: None,
            seed: 1,
            line: String::new(),
        };
        let bench = Bench { dir, around, colour: false };
        bench.charm("hello", &HELLO);
        bench
    }

    /// One with a store and a directory that another one has too.
    pub(in crate::cli) fn at(store: PathBuf, dir: PathBuf) -> Bench {
        let bench = Bench::new();
        Bench { around: Around { store, dir, ..bench.around.clone() }, ..bench }
    }

    /// One with the charm `hello` deployed.
    pub(in crate::cli) fn with_hello(units: u32) -> Bench {
        let bench = Bench::new();
        bench.ok(&format!("deploy ./hello -n {units}"));
        bench
    }

    pub(in crate::cli) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a charm's files.
    pub(in crate::cli) fn charm(&self, name: &str, files: &[(&str, &str)]) {
        for (file, text) in files {
            self.write(&format!("{name}/{file}"), text);
        }
    }

    pub(in crate::cli) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        if text.starts_with("#!") {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }

    /// A small charm with one endpoint, whose hooks do nothing.
    pub(in crate::cli) fn quiet(&self, name: &str, endpoints: &str) {
        let metadata = format!("name: {name}\nsummary: s\ndescription: d\n{endpoints}\n");
        self.charm(name, &[("metadata.yaml", &metadata), ("dispatch", "#!/bin/bash\n")]);
    }

    /// Calls the command; its words are parted by blanks, and `'a b'` is one.
    pub(in crate::cli) fn call(&self, line: &str) -> Said {
        self.call_with(line, "")
    }

    pub(in crate::cli) fn call_with(&self, line: &str, input: &str) -> Said {
        self.call_words(words(line).into_iter().map(Into::into), input)
    }

    /// As [`call_with`](Self::call_with), with words that may be anything.
    pub(in crate::cli) fn call_words(&self, words: impl IntoIterator<Item = OsString>, input: &str) -> Said {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let (colour, watched) = (self.colour, false);
        let mut terminal = Terminal { input: &mut input.as_bytes(), out: &mut out, err: &mut err, colour, watched };
        let words = std::iter::once("juju-sim".into()).chain(words);
        let code = arguments::call(words, &mut terminal, &self.around);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { code, out: text(out), err: text(err) }
    }

    /// What a command prints that succeeds.
    pub(in crate::cli) fn ok(&self, line: &str) -> String {
        let said = self.call(line);
        assert_eq!(said.code, 0, "{line}: {said:?}");
        said.out
    }

    /// What a command says on standard error that succeeds.
    pub(in crate::cli) fn told(&self, line: &str) -> String {
        let said = self.call(line);
        assert_eq!(said.code, 0, "{line}: {said:?}");
        said.err
    }

    /// What a command says that fails with this code.
    pub(in crate::cli) fn fails(&self, code: u8, line: &str) -> String {
        let said = self.call(line);
        assert_eq!(said.code, code, "{line}: {said:?}");
        said.err.trim_end().to_owned()
    }

    /// Everything that is kept, as the next command reads it: by file, the names and texts of its documents. Of the
    /// index that are the models' names and which of them is the current one.
    pub(in crate::cli) fn kept(&self) -> BTreeMap<PathBuf, Vec<String>> {
        let Ok(text) = fs::read(self.around.store.join("index.json")) else { return BTreeMap::new() };
        let index: Value = serde_json::from_slice(&text).unwrap();
        let (models, current) = (index["models"].as_object().unwrap(), index["current"].to_string());
        let mut kept = BTreeMap::new();
        for (name, entry) in models {
            let path = self.around.store.join("models").join(entry["uuid"].as_str().unwrap()).join("model.jsonl");
            kept.insert(path.clone(), texts(Documents::read(&path).unwrap().all()));
            kept.entry("index.json".into()).or_insert_with(|| vec![current.clone()]).push(name.clone());
        }
        kept
    }

    /// Sees that a command is refused with these words, and that all that is kept is as it was.
    #[track_caller]
    pub(in crate::cli) fn refuses(&self, code: u8, line: &str, error: &str) {
        let before = self.kept();
        let said = self.call(line);
        assert_eq!((said.code, said.err.trim_end()), (code, error), "{line}: {}", said.out);
        assert!(self.kept() == before, "{line} has changed something");
    }

    /// What a command prints as JSON.
    pub(in crate::cli) fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.ok(line)).unwrap()
    }
}

/// Documents in a form that can be compared.
pub(in crate::cli) fn texts(documents: &BTreeMap<String, Box<RawValue>>) -> Vec<String> {
    documents.iter().map(|(name, text)| format!("{name} {}", text.get())).collect()
}

fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, part) in line.split('\'').enumerate() {
        match index % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    words
}
