//! A charm value in the simulator, with answers of Juju's that the simulator would not give by itself: of one unit's bag.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

use juju_ops::{Call, Ending, Env, Observer, Observers, Output, Transport, dispatch, testing};
use juju_sim::{Charm, ProgramEnd, Revision, Tools, World};

/// What `relation-get` answers instead, by the unit whose bag is asked for.
pub type Answers = Rc<RefCell<BTreeMap<String, Output>>>;

struct Quiet;

impl Observer for Quiet {
    fn observe(&self, _: &mut Observers<Self>) {}
}

struct Tampered {
    tools: Tools,
    answers: Answers,
}

impl Transport for Tampered {
    fn call(&self, call: &Call) -> io::Result<Output> {
        let unit = call.args.last().filter(|_| call.command == "relation-get");
        let argv: Vec<&str> = std::iter::once(&*call.command).chain(call.args.iter().map(String::as_str)).collect();
        let output = self.tools.call(&argv, call.stdin.as_deref());
        match unit.and_then(|unit| self.answers.borrow().get(unit).cloned()) {
            Some(answer) => Ok(answer),
            None => Ok(Output { ending: Ending::Exited(output.code), stdout: output.stdout, stderr: output.stderr }),
        }
    }

    fn debug(&self, line: &str) {
        self.tools.stdout(line);
    }

    fn complain(&self, line: &str) {
        self.tools.stderr(line);
    }
}

/// What Juju prints for a bag that a unit may not read.
pub fn denied() -> Output {
    Output { ending: Ending::Exited(1), stdout: Vec::new(), stderr: b"ERROR permission denied\n".to_vec() }
}

/// What a hook command prints that is none of the answers it should give.
pub fn printed(text: &[u8]) -> Output {
    Output { ending: Ending::Exited(0), stdout: text.to_vec(), stderr: Vec::new() }
}

/// A world of one application without units, and the answers that are given instead of the simulator's.
pub fn world(charm: impl Observer, metadata: Charm) -> (World, Answers) {
    let answers = Answers::default();
    testing::check(&charm, &metadata).unwrap();
    // Has the log records of this process go to Juju's log.
    let _ = testing::revision(Quiet, Charm::parse("name: quiet", None, None).unwrap()).unwrap();
    let given = Rc::clone(&answers);
    let program = move |invocation: juju_sim::Invocation| {
        let env = Env::from_vars(invocation.env).unwrap().with_now(invocation.now);
        let exit = dispatch(&charm, env, Tampered { tools: invocation.tools, answers: Rc::clone(&given) });
        ProgramEnd::Exit(exit.code().into())
    };
    (World::of_one(Revision::in_process(metadata, program), 0).unwrap(), answers)
}
