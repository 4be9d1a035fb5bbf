//! Which statuses Juju shows, as far as it is known without asking: what this dispatch has learnt, and what an earlier
//! one has noted on the unit's own disk.
//!
//! A status takes effect at once, so what is remembered of it must be outside of what a hook commits. It is noted when
//! it has been set, and the note is gone before another is set: a process that is killed in between leaves none, and
//! Juju is asked. What nobody here can see bounds how long a note is trusted: another program that sets the status
//! (`juju exec -- status-set`), a controller that was restored, a lease that was lost and won again unnoticed.

use std::cell::{Cell, RefCell};
use std::io;
use std::path::PathBuf;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use crate::env::{Dispatch, Env};
use crate::hook::Hook;
use crate::status::{Of, OfEach, Status};
use crate::transport::{Call, Ending, Output, Transport};

/// What stands behind a note for each dispatch that has trusted it: to put one there costs little.
const MARK: u8 = b'.';
/// How many dispatches in a row trust a note before Juju is asked again.
const TRUSTED: u32 = 10;

/// The transport of a dispatch, which sees each status that is set through it.
pub(super) struct Shown {
    transport: Rc<dyn Transport>,
    /// Where the note is, and whose; none: nothing is noted.
    place: Option<Place>,
    moment: Moment,
    /// Whether what is printed is an answer to somebody, and not for the log.
    is_quiet: bool,
    known: RefCell<OfEach<Known>>,
    /// Answers to calls that were made ahead, and that nobody has asked for yet.
    ahead: RefCell<Vec<(Call, Output)>>,
    note: RefCell<Option<Note>>,
    /// Whether it was said that the note is of no use.
    said: Cell<bool>,
}

struct Place {
    charm_dir: PathBuf,
    owner: Owner,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Owner {
    unit: String,
    model: String,
}

/// What a dispatch is for, as far as it matters to what Juju shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// Nobody but this charm sets its status.
    Usual,
    /// The charm begins, or begins anew: Juju is asked.
    New,
    /// As this, and afterwards Juju may set the unit's status itself: it does for a charm that has set none in a hook
    /// that ended well.
    Start,
    /// Leadership has changed, and with it who sets the application's status.
    Leadership,
    /// Juju sets the unit's status itself, or it is not known what Juju does.
    Foreign,
}

/// What this dispatch knows.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Known {
    /// Juju shows this; none: one that a charm cannot set.
    Shows(Option<Status>),
    /// A status was set, or was to be, and it is not known what became of it. Juju answers a second `status-get` of a
    /// hook with what it showed at the first.
    Unsure,
}

/// The note as this dispatch has it.
#[derive(Default)]
struct Note {
    entries: OfEach<Entry>,
    /// The text that they were read from.
    text: Vec<u8>,
    /// Whether the entries that were found count for this dispatch, which is written down.
    counted: bool,
    /// Whether something may be on the disk.
    is_on_disk: bool,
    /// Whether the disk is to have something else.
    is_changed: bool,
    /// Nothing more is taken from the disk or put there.
    is_barred: bool,
}

/// What Juju shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    status: Status,
    /// How many dispatches have trusted this without asking Juju. On the disk it is what it was when all of the note was
    /// written last: each dispatch since then that trusted it has put a [`MARK`] behind the note.
    trusted: u32,
}

/// The form on the disk.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    owner: Owner,
    shown: OfEach<Entry>,
}

impl Shown {
    pub(super) fn new(env: &Env, transport: Rc<dyn Transport>) -> Self {
        let place = || {
            let owner = Owner { unit: env.unit().ok()?.to_string(), model: env.model_uuid().ok()?.to_owned() };
            Some(Place { charm_dir: env.charm_dir().ok()?.to_owned(), owner })
        };
        // In a shell there is no Juju to be asked, or to be told.
        let has_juju = *env.dispatch() != Dispatch::Nothing || env.has_context();
        Self {
            transport,
            place: if has_juju { place() } else { None },
            moment: Moment::of(env.dispatch()),
            is_quiet: matches!(env.dispatch(), Dispatch::Action(_) | Dispatch::Nothing),
            known: RefCell::default(),
            ahead: RefCell::default(),
            note: RefCell::default(),
            said: Cell::default(),
        }
    }

    /// Makes calls that read, together; their answers are for who makes the same call later. What fails is forgotten.
    pub(super) fn ask_ahead(&self, calls: Vec<Call>) {
        if calls.is_empty() {
            return;
        }
        let mut outputs: Vec<Option<Output>> = calls.iter().map(|_| None).collect();
        self.transport.call_each(&calls, &mut |at, output| {
            outputs[at] = output.ok().filter(|output| output.ending == Ending::Exited(0));
        });
        let answered = calls.into_iter().zip(outputs).filter_map(|(call, output)| Some((call, output?)));
        self.ahead.borrow_mut().extend(answered);
    }

    /// The answer to a call that was made ahead, once. What changes something may make the others untrue.
    fn asked_ahead(&self, call: &Call) -> Option<Output> {
        let mut ahead = self.ahead.borrow_mut();
        if let Some(at) = ahead.iter().position(|(asked, _)| asked == call) {
            return Some(ahead.swap_remove(at).1);
        }
        if !ahead.is_empty()
            && !["-get", "-list", "-ids", "is-leader", "juju-log"].iter().any(|it| call.command.ends_with(it))
        {
            ahead.clear();
        }
        None
    }

    /// Begins the dispatch: what is noted and may be true no longer is taken off the disk.
    pub(super) fn begin(&self) {
        if self.moment != Moment::Usual {
            self.with_note(|_| ());
        }
    }

    /// Ends the dispatch: what it has set and learnt is noted, whatever comes of the hook.
    pub(super) fn keep(&self) {
        let Some(mut note) = self.note.take().filter(|note| note.is_changed && !note.is_barred) else { return };
        if note.entries.is_empty() || !self.write(&mut note) {
            self.clear(&mut note);
        }
    }

    /// What Juju shows, where this dispatch has learnt it.
    pub(super) fn known(&self, of: Of) -> Option<Option<Status>> {
        match self.known.borrow().get(of) {
            Some(Known::Shows(status)) => Some(status.clone()),
            Some(Known::Unsure) | None => None,
        }
    }

    /// Whether this dispatch has learnt that Juju shows a status.
    pub(super) fn is_known(&self, of: Of, status: &Status) -> bool {
        matches!(self.known.borrow().get(of), Some(Known::Shows(Some(shown))) if shown == status)
    }

    /// Whether Juju shows a status, where that is known or noted.
    pub(super) fn shows(&self, of: Of, status: &Status) -> Option<bool> {
        match self.known.borrow().get(of) {
            Some(Known::Shows(shown)) => return Some(shown.as_ref() == Some(status)),
            Some(Known::Unsure) => return Some(false),
            None => {}
        }
        self.with_note(|note| self.trust(note, of).map(|noted| noted == *status)).flatten()
    }

    /// Takes Juju's answer.
    pub(super) fn answered(&self, of: Of, status: Option<Status>) {
        if self.known.borrow().get(of) == Some(&Known::Unsure) {
            return;
        }
        self.known.borrow_mut().set(of, Some(Known::Shows(status.clone())));
        self.with_note(|note| self.enter(note, of, status));
    }

    /// Takes what Juju was told, and has taken.
    pub(super) fn was_set(&self, of: Of, status: &Status) {
        self.known.borrow_mut().set(of, Some(Known::Shows(Some(status.clone()))));
        self.with_note(|note| self.enter(note, of, Some(status.clone())));
    }

    /// Takes that another unit leads, and sets the application's status.
    pub(super) fn does_not_lead(&self) {
        self.with_note(|note| {
            if note.entries.set(Of::Application, None).is_some() {
                self.clear(note);
            }
        });
    }

    /// Takes that a status is about to be set: from here on nobody knows what is shown, until it is set.
    fn is_being_set(&self, of: Of) {
        self.known.borrow_mut().set(of, Some(Known::Unsure));
        self.with_note(|note| {
            note.entries.set(of, None);
            self.clear(note);
        });
    }

    fn enter(&self, note: &mut Note, of: Of, status: Option<Status>) {
        note.is_changed = true;
        let status = status.filter(|_| (self.moment, of) != (Moment::Start, Of::Unit));
        note.entries.set(of, status.map(|status| Entry { status, trusted: 0 }));
    }

    /// The status that the note has, which from here on counts for this dispatch.
    fn trust(&self, note: &mut Note, of: Of) -> Option<Status> {
        if !note.counted {
            note.counted = true;
            let mut is_all = true;
            note.entries.retain(|entry| {
                let is_trusted = entry.trusted < TRUSTED;
                entry.trusted = entry.trusted.saturating_add(1);
                is_all &= is_trusted;
                is_trusted
            });
            // Trusted without being counted, it would be trusted for ever.
            let is_counted =
                |note: &mut Note| if is_all && !note.is_changed { self.mark(note) } else { self.write(note) };
            if !note.entries.is_empty() && !is_counted(note) {
                note.entries = OfEach::default();
                self.clear(note);
            }
        }
        note.entries.get(of).map(|entry| entry.status.clone())
    }

    /// Looks at the note, which is read when it is first wanted; none where there is no place for one.
    fn with_note<R>(&self, look: impl FnOnce(&mut Note) -> R) -> Option<R> {
        let place = self.place.as_ref()?;
        let mut note = self.note.borrow_mut();
        let note = note.get_or_insert_with(|| self.read(place));
        (!note.is_barred).then(|| look(note))
    }

    /// Reads the note, and takes off the disk what may not be trusted in this dispatch.
    fn read(&self, place: &Place) -> Note {
        let bytes = self.transport.note(&place.charm_dir).unwrap_or_else(|error| {
            self.say(&error);
            Some(Vec::new())
        });
        // What does not count for this program may count for another one of the charm's.
        let mut note = Note { is_on_disk: true, ..Note::default() };
        note.text = bytes.unwrap_or_default();
        let end = note.text.iter().rposition(|byte| *byte != MARK).map_or(0, |last| last + 1);
        let (text, marks) = note.text.split_at(end);
        let stored = serde_json::from_slice::<Stored>(text).ok();
        note.entries = stored.filter(|stored| stored.owner == place.owner).map(|it| it.shown).unwrap_or_default();
        let marks = u32::try_from(marks.len()).unwrap_or(u32::MAX);
        note.entries.retain(|entry| {
            entry.trusted = entry.trusted.saturating_add(marks);
            true
        });
        match self.moment {
            Moment::Usual => {}
            Moment::Leadership => {
                if note.entries.set(Of::Application, None).is_some() {
                    self.clear(&mut note);
                }
            }
            Moment::New | Moment::Start => {
                note.entries = OfEach::default();
                self.clear(&mut note);
            }
            Moment::Foreign => {
                self.clear(&mut note);
                note.is_barred = true;
            }
        }
        note
    }

    /// Removes the note from the disk, for what it says is true no longer; what still is, is written at the end.
    fn clear(&self, note: &mut Note) {
        note.is_changed = true;
        if !note.is_on_disk || note.is_barred {
            return;
        }
        let Some(place) = &self.place else { return };
        match self.transport.set_note(&place.charm_dir, None) {
            Ok(()) => note.is_on_disk = false,
            Err(error) => {
                note.is_barred = true;
                self.say(&error);
            }
        }
    }

    /// Writes down that what the note says was trusted once more, and nothing else.
    fn mark(&self, note: &mut Note) -> bool {
        note.text.push(MARK);
        self.put(note)
    }

    fn write(&self, note: &mut Note) -> bool {
        let Some(place) = &self.place else { return false };
        let stored = Stored { owner: place.owner.clone(), shown: note.entries.clone() };
        // All of it can be written.
        note.text = serde_json::to_vec(&stored).unwrap_or_default();
        self.put(note)
    }

    fn put(&self, note: &mut Note) -> bool {
        let Some(place) = &self.place else { return false };
        match self.transport.set_note(&place.charm_dir, Some(&note.text)) {
            Ok(()) => {
                (note.is_on_disk, note.is_changed) = (true, false);
                true
            }
            Err(error) => {
                self.say(&error);
                false
            }
        }
    }

    /// Says once that the note is of no use: Juju is asked then, and nothing is wrong.
    fn say(&self, error: &io::Error) {
        if !self.is_quiet && error.kind() != io::ErrorKind::Unsupported && !self.said.replace(true) {
            self.transport.debug(&format!("juju-ops: what Juju shows is not noted: {error}"));
        }
    }
}

/// Every hook command of the dispatch goes through here, those that a charm runs by itself too.
impl Transport for Shown {
    fn call(&self, call: &Call) -> io::Result<Output> {
        if let Some(output) = self.asked_ahead(call) {
            return Ok(output);
        }
        set_by(call).iter().for_each(|of| self.is_being_set(*of));
        self.transport.call(call)
    }

    fn call_each(&self, calls: &[Call], answer: &mut dyn FnMut(usize, io::Result<Output>)) {
        calls.iter().flat_map(set_by).for_each(|of| self.is_being_set(*of));
        if self.ahead.borrow().is_empty() {
            return self.transport.call_each(calls, answer);
        }
        let (mut left, mut places) = (Vec::new(), Vec::new());
        for (at, call) in calls.iter().enumerate() {
            match self.asked_ahead(call) {
                Some(output) => answer(at, Ok(output)),
                None => {
                    left.push(call.clone());
                    places.push(at);
                }
            }
        }
        if !left.is_empty() {
            self.transport.call_each(&left, &mut |at, output| answer(places[at], output));
        }
    }

    fn debug(&self, line: &str) {
        self.transport.debug(line);
    }

    fn complain(&self, line: &str) {
        self.transport.complain(line);
    }
}

impl Moment {
    fn of(dispatch: &Dispatch) -> Self {
        match dispatch {
            Dispatch::Hook(hook) => match hook {
                Hook::Install(_) | Hook::UpgradeCharm(_) | Hook::PreSeriesUpgrade(_) | Hook::PostSeriesUpgrade(_) => {
                    Self::New
                }
                Hook::Start(_) => Self::Start,
                Hook::LeaderElected(_) | Hook::LeaderSettingsChanged(_) => Self::Leadership,
                Hook::Stop(_) | Hook::Remove(_) => Self::Foreign,
                _ => Self::Usual,
            },
            Dispatch::UnknownHook(_) => Self::Foreign,
            Dispatch::Action(_) | Dispatch::Nothing => Self::Usual,
        }
    }
}

/// Whose status a hook command sets.
fn set_by(call: &Call) -> &'static [Of] {
    if call.command.rsplit('/').next() != Some("status-set") {
        return &[];
    }
    let mut flags = call.args.iter().take_while(|arg| *arg != "--").filter(|arg| arg.starts_with('-'));
    match (flags.next().map(String::as_str), flags.next()) {
        (None, _) => &[Of::Unit],
        (Some("--application" | "-application"), None) => &[Of::Application],
        _ => &[Of::Unit, Of::Application],
    }
}
