//! What a charm's process notes on its unit's own disk.

use std::cell::RefCell;
use std::rc::Rc;

use juju_sim::{Charm, Fate, Fault, Invocation, Model, ProgramEnd, Revision, World};

type Code = Rc<RefCell<Box<dyn Fn(&Invocation) -> i32>>>;

fn revision(code: &Code) -> Revision {
    let code = code.clone();
    Revision::in_process(Charm::parse("name: app", None, None).unwrap(), move |charm| {
        ProgramEnd::Exit(code.borrow()(&charm))
    })
}

/// A unit whose hooks do nothing yet.
fn deployed() -> (World, Code) {
    let code: Code = Rc::new(RefCell::new(Box::new(|_| 0)));
    let mut juju = World::new(0);
    juju.deploy("app", revision(&code)).unwrap();
    juju.settle().unwrap();
    (juju, code)
}

fn set(code: &Code, what: impl Fn(&Invocation) -> i32 + 'static) {
    *code.borrow_mut() = Box::new(what);
}

/// Has `app/0` run `update-status`; what its process found noted.
fn found(juju: &mut World, code: &Code) -> Option<Vec<u8>> {
    let found: Rc<RefCell<Option<Vec<u8>>>> = Rc::default();
    let into = found.clone();
    set(code, move |charm| {
        *into.borrow_mut() = charm.tools.note();
        0
    });
    juju.tick("app/0").unwrap();
    juju.settle().unwrap();
    found.take()
}

fn note(juju: &mut World, code: &Code, bytes: &'static [u8]) {
    set(code, move |charm| charm.tools.set_note(Some(bytes)).map_or(1, |()| 0));
    juju.tick("app/0").unwrap();
    juju.settle().unwrap();
}

#[test]
fn a_note_outlives_a_hook_that_failed() {
    let (mut juju, code) = deployed();
    assert_eq!(found(&mut juju, &code), None);
    set(&code, |charm| {
        charm.tools.set_note(Some(b"before it failed")).unwrap();
        1
    });
    juju.tick("app/0").unwrap();
    assert!(matches!(juju.step().unwrap().fate, Fate::Failed(_)));
    assert_eq!(found(&mut juju, &code).as_deref(), Some(&b"before it failed"[..]));
    set(&code, |charm| charm.tools.set_note(None).map_or(1, |()| 0));
    juju.tick("app/0").unwrap();
    juju.settle().unwrap();
    assert_eq!(found(&mut juju, &code), None);
}

#[test]
fn a_killed_process_and_one_whose_hook_has_ended_note_nothing() {
    let (mut juju, code) = deployed();
    let kept = Rc::new(RefCell::new(None));
    let tools = kept.clone();
    set(&code, move |charm| {
        charm.tools.set_note(Some(b"alive")).unwrap();
        charm.tools.call(&["is-leader"], None);
        let _ = charm.tools.set_note(Some(b"dead"));
        *tools.borrow_mut() = Some(charm.tools.clone());
        0
    });
    juju.inject("app/0", Fault::KillAt(0)).unwrap();
    juju.tick("app/0").unwrap();
    assert_eq!(juju.step().unwrap().fate, Fate::Rerun);
    let tools = kept.take().unwrap();
    assert!(tools.note().is_none() && tools.set_note(Some(b"over")).is_err());
    assert_eq!(found(&mut juju, &code).as_deref(), Some(&b"alive"[..]));
}

#[test]
fn a_note_is_of_one_unit_and_one_revision() {
    let (mut juju, code) = deployed();
    note(&mut juju, &code, b"mine");
    set(&code, |charm| i32::from(charm.tools.note().is_some()));
    juju.add_unit("app").unwrap();
    juju.settle().unwrap();
    juju.refresh("app", revision(&code)).unwrap();
    juju.settle().unwrap();
    assert_eq!(found(&mut juju, &code), None);
}

#[test]
fn a_fork_and_a_kept_model_have_the_note() {
    let (mut juju, code) = deployed();
    note(&mut juju, &code, b"mine");
    let kept = serde_json::to_string(&*juju.model()).unwrap();
    let model: Model = serde_json::from_str(&kept).unwrap();
    let again = World::restore(model, [("app".to_owned(), vec![revision(&code)])]).unwrap();
    let fork = juju.fork();
    note(&mut juju, &code, b"later");
    for mut juju in [fork, again] {
        assert_eq!(found(&mut juju, &code).as_deref(), Some(&b"mine"[..]));
    }
}
