use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Disk;
use crate::SimError;
use crate::model::Changes;

/// What the form of the file is called. A file of a later form is not touched.
const FORM: u32 = 1;
/// A file is written anew when what was appended to it is so much, and more than the documents are.
const LEAST_WASTE: u64 = 4 * 1024 * 1024;

/// Named documents in one file, each change of which is there whole or not at all, also when the program is killed in the
/// middle of it.
///
/// The file has one JSON object a line: the first has all documents, each further one those that have changed. A last
/// line that broke off counts as not written. One program at a time writes; others may read at any time.
#[derive(Debug)]
pub(in crate::cli) struct Documents {
    path: PathBuf,
    disk: Disk,
    /// None where this only reads.
    file: Option<File>,
    /// The length of the file's whole lines, and of the first of them.
    length: u64,
    first: u64,
    all: BTreeMap<String, Box<RawValue>>,
}

#[derive(Serialize, Deserialize)]
struct Line<T> {
    form: u32,
    put: T,
}

impl Documents {
    /// A new file with some documents.
    pub(in crate::cli) fn create(path: &Path, disk: &Disk, documents: Changes) -> Result<Documents, SimError> {
        let all: BTreeMap<_, _> = documents.into_iter().filter_map(|(name, it)| Some((name, it?))).collect();
        let (path, disk) = (path.to_owned(), disk.clone());
        let mut documents = Documents { path, disk, file: None, length: 0, first: 0, all };
        documents.write_anew()?;
        Ok(documents)
    }

    /// Those of a file, to be read.
    pub(in crate::cli) fn read(path: &Path) -> Result<Documents, SimError> {
        let text = fs::read(path).map_err(SimError::file("read", path))?;
        let mut documents = Documents {
            path: path.to_owned(),
            disk: Disk::default(),
            file: None,
            length: 0,
            first: 0,
            all: BTreeMap::new(),
        };
        let mut lines = text.split_inclusive(|byte| *byte == b'\n').peekable();
        let mut number = 0;
        while let Some(line) = lines.next() {
            number += 1;
            if !line.ends_with(b"\n") {
                break;
            }
            let broken = |why: String| SimError::Store { path: path.to_owned(), why: format!("line {number}: {why}") };
            let line_of: Line<Changes> = match serde_json::from_slice(line) {
                Ok(line) => line,
                // After a power cut the last line may have its end and not its middle.
                Err(_) if lines.peek().is_none() && number > 1 => break,
                Err(error) => return Err(broken(error.to_string())),
            };
            if line_of.form != FORM {
                let why = format!("it is of form {}, and this juju-sim knows form {FORM}", line_of.form);
                return Err(SimError::Store { path: path.to_owned(), why });
            }
            documents.apply(line_of.put);
            documents.length += line.len() as u64;
            if number == 1 {
                documents.first = documents.length;
            }
        }
        if documents.length == 0 {
            return Err(SimError::Store { path: path.to_owned(), why: "it is empty".to_owned() });
        }
        Ok(documents)
    }

    /// Those of a file, to be changed.
    pub(in crate::cli) fn open(path: &Path, disk: &Disk) -> Result<Documents, SimError> {
        let mut documents = Documents::read(path)?;
        documents.disk = disk.clone();
        let file = append_to(path)?;
        let there = file.metadata().map_err(SimError::file("read", path))?.len();
        if there > documents.length {
            disk.truncate(&file, documents.length).map_err(SimError::file("write", path))?;
        }
        documents.file = Some(file);
        Ok(documents)
    }

    pub(in crate::cli) fn all(&self) -> &BTreeMap<String, Box<RawValue>> {
        &self.all
    }

    /// One of them; none where it is missing.
    pub(in crate::cli) fn get<T: for<'de> Deserialize<'de>>(&self, name: &str) -> Result<Option<T>, SimError> {
        let read = |text: &RawValue| {
            let why = |error| SimError::Store { path: self.path.clone(), why: format!("document {name:?}: {error}") };
            serde_json::from_str(text.get()).map_err(why)
        };
        self.all.get(name).map(|text| read(text)).transpose()
    }

    /// Changes some of them, all or none.
    pub(in crate::cli) fn put(&mut self, changes: Changes) -> Result<(), SimError> {
        if changes.is_empty() {
            return Ok(());
        }
        let line = line(&changes).map_err(|why| SimError::Store { path: self.path.clone(), why })?;
        let file = self
            .file
            .as_mut()
            .ok_or_else(|| SimError::Store { path: self.path.clone(), why: "it was opened to be read".to_owned() })?;
        if let Err(error) = self.disk.append(file, &line) {
            // A full disk may have taken a part of it.
            let _ = self.disk.truncate(file, self.length);
            return Err(SimError::file("write", &self.path)(error));
        }
        self.length += line.len() as u64;
        self.apply(changes);
        if self.length - self.first > LEAST_WASTE.max(self.first) {
            // The lines that are there say the same: where there is no room for a new file, they stay.
            let _ = self.write_anew();
        }
        Ok(())
    }

    /// Lets what was written outlive the machine.
    pub(in crate::cli) fn sync(&self) -> Result<(), SimError> {
        let synced = self.file.as_ref().map_or(Ok(()), File::sync_data);
        synced.map_err(SimError::file("write", &self.path))
    }

    fn apply(&mut self, changes: Changes) {
        for (name, content) in changes {
            match content {
                Some(content) => self.all.insert(name, content),
                None => self.all.remove(&name),
            };
        }
    }

    fn write_anew(&mut self) -> Result<(), SimError> {
        let line = line(&self.all).map_err(|why| SimError::Store { path: self.path.clone(), why })?;
        self.disk.replace(&self.path, &line).map_err(SimError::file("write", &self.path))?;
        // What is written goes to the new file, or nowhere.
        self.file = None;
        self.file = Some(append_to(&self.path)?);
        self.first = line.len() as u64;
        self.length = self.first;
        Ok(())
    }
}

fn line(put: &impl Serialize) -> Result<Vec<u8>, String> {
    let mut line = serde_json::to_vec(&Line { form: FORM, put }).map_err(|error| error.to_string())?;
    line.push(b'\n');
    Ok(line)
}

fn append_to(path: &Path) -> Result<File, SimError> {
    let opened: io::Result<File> = OpenOptions::new().append(true).open(path);
    opened.map_err(SimError::file("open", path))
}

#[cfg(test)]
mod tests {
    use serde_json::value::to_raw_value;

    use super::*;

    fn changes(pairs: &[(&str, Option<u64>)]) -> Changes {
        let raw = |value: &u64| to_raw_value(value).unwrap();
        pairs.iter().map(|(name, value)| ((*name).to_owned(), value.as_ref().map(raw))).collect()
    }

    fn shown(documents: &Documents) -> String {
        documents.all().iter().map(|(name, value)| format!("{name}={} ", value.get())).collect()
    }

    #[test]
    fn a_change_is_whole_or_not_there_wherever_it_breaks_off() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("documents");
        for writes in 1..6 {
            let disk = Disk::stopping_after(writes);
            let act = || {
                let mut documents = Documents::create(&path, &disk, changes(&[("a", Some(1)), ("b", Some(1))]))?;
                documents.put(changes(&[("a", Some(2)), ("b", None)]))?;
                documents.put(changes(&[("a", Some(3)), ("c", Some(3))]))
            };
            let _ = fs::remove_file(&path);
            let acted = act();
            assert_eq!(acted.is_err(), disk.had_trouble(), "{writes}: {acted:?}");
            let expected = ["", "", "a=1 b=1 ", "a=2 ", "a=3 c=3 "][usize::try_from(writes - 1).unwrap()];
            match Documents::read(&path) {
                Ok(documents) => assert_eq!(shown(&documents), expected, "{writes}"),
                Err(error) => assert!(expected.is_empty() && error.to_string().contains("No such file"), "{error}"),
            }
            if !expected.is_empty() {
                // The next one goes on from there.
                let mut documents = Documents::open(&path, &Disk::default()).unwrap();
                documents.put(changes(&[("d", Some(4))])).unwrap();
                assert_eq!(shown(&Documents::read(&path).unwrap()), format!("{expected}d=4 "));
            }
        }
    }

    #[test]
    fn a_file_does_not_grow_with_its_history() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("documents");
        let mut documents = Documents::create(&path, &Disk::default(), Changes::new()).unwrap();
        let long = "x".repeat(100_000);
        for number in 0..200 {
            let content = to_raw_value(&format!("{long}{number}")).unwrap();
            documents.put(Changes::from([("a".to_owned(), Some(content))])).unwrap();
        }
        assert!(fs::metadata(&path).unwrap().len() < LEAST_WASTE + 300_000);
        let last: String = Documents::read(&path).unwrap().get("a").unwrap().unwrap();
        assert!(last.ends_with("x199"));
    }

    #[test]
    fn a_file_that_there_is_no_room_to_write_anew_goes_on_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("documents");
        // The first write is the file itself; the 42 lines after it are what it is written anew for.
        let disk = Disk::full_after(43, 3);
        let mut documents = Documents::create(&path, &disk, Changes::new()).unwrap();
        let long = "x".repeat(100_000);
        let (mut kept, mut refused) = (None, Vec::new());
        for number in 0..60 {
            let content = to_raw_value(&format!("{long}{number}")).unwrap();
            match documents.put(Changes::from([("a".to_owned(), Some(content))])) {
                Ok(()) => kept = Some(number.to_string()),
                Err(error) => refused.push((number, error.to_string())),
            }
            let there: Option<String> = Documents::read(&path).unwrap().get("a").unwrap();
            assert_eq!(there.map(|it| it[long.len()..].to_owned()), kept);
        }
        let why = format!("write {}: No space left on device (os error 28)", path.display());
        assert_eq!(refused, [(42, why.clone()), (43, why)]);
        assert!(fs::metadata(&path).unwrap().len() < LEAST_WASTE);
    }

    #[test]
    fn what_is_of_another_form_or_damaged_is_refused_and_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("documents");
        let good = "{\"form\":1,\"put\":{\"a\":1}}\n";
        let later = "{\"form\":2,\"put\":{}}\n";
        for (text, why) in [
            (later.to_owned(), "it is of form 2, and this juju-sim knows form 1"),
            (String::new(), "it is empty"),
            ("{\n".to_owned(), "line 1: EOF while parsing an object at line 2 column 0"),
            (format!("{good}{{\n{good}"), "line 2: EOF while parsing an object at line 2 column 0"),
        ] {
            fs::write(&path, &text).unwrap();
            let error = Documents::open(&path, &Disk::default()).unwrap_err().to_string();
            assert_eq!(error, format!("use {}: {why}", path.display()));
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        fs::write(&path, format!("{good}{{\"form\":1,\"pu")).unwrap();
        assert_eq!(shown(&Documents::read(&path).unwrap()), "a=1 ");
    }
}
