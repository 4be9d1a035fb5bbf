//! Hook commands whose answers a test sets, for what Juju itself would hardly do: a unit that comes back under its name,
//! a listing that lies. Answers in Juju's words, and knows nothing of hooks.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

use juju_ops::{Call, Ending, Env, Exit, Observer, Output, Transport, dispatch};
use serde_json::json;

/// What the hook commands know.
#[derive(Clone, Default)]
pub struct Fake {
    pub state: Rc<RefCell<BTreeMap<String, String>>>,
    /// The members of each relation of the endpoint `magpie`.
    pub members: Rc<RefCell<BTreeMap<u32, Vec<String>>>>,
    pub debug: Rc<RefCell<Vec<String>>>,
}

impl Fake {
    pub fn with_members(members: &[(u32, &[&str])]) -> Self {
        let fake = Self::default();
        fake.list(members);
        fake
    }

    pub fn list(&self, members: &[(u32, &[&str])]) {
        let list = |&(id, units): &(u32, &[&str])| (id, units.iter().map(|&unit| unit.to_owned()).collect());
        *self.members.borrow_mut() = members.iter().map(list).collect();
    }

    /// Dispatches a hook of `magpie/0`; for one of a relation, `relation` and the remote unit.
    pub fn hook(&self, charm: &impl Observer, hook: &str, about: Option<(u32, &str)>) -> Exit {
        let mut vars = vec![
            ("JUJU_DISPATCH_PATH".to_owned(), format!("hooks/{hook}")),
            ("JUJU_UNIT_NAME".to_owned(), "magpie/0".to_owned()),
        ];
        if let Some((id, unit)) = about {
            vars.push(("JUJU_RELATION_ID".to_owned(), format!("magpie:{id}")));
            vars.push(("JUJU_REMOTE_UNIT".to_owned(), unit.to_owned()));
            vars.push(("JUJU_DEPARTING_UNIT".to_owned(), unit.to_owned()));
        }
        self.debug.borrow_mut().clear();
        dispatch(charm, Env::from_vars(vars).unwrap(), self.clone())
    }

    fn answer(&self, call: &Call) -> String {
        let arg = |flag: &str| call.args.iter().skip_while(|arg| *arg != flag).nth(1).cloned().unwrap_or_default();
        let id = || arg("-r").trim_start_matches("magpie:").parse::<u32>().unwrap();
        match &*call.command {
            "state-get" => json!(*self.state.borrow()).to_string(),
            "state-set" => {
                let text = String::from_utf8(call.stdin.clone().unwrap()).unwrap();
                for line in text.lines() {
                    // Each line is `"key": "value"`, both in the common part of YAML and JSON.
                    let pair: BTreeMap<String, String> = serde_json::from_str(&format!("{{{line}}}")).unwrap();
                    self.state.borrow_mut().extend(pair);
                }
                String::new()
            }
            "state-delete" => {
                self.state.borrow_mut().remove(&call.args[1]);
                String::new()
            }
            "relation-ids" => {
                json!(self.members.borrow().keys().map(|id| format!("magpie:{id}")).collect::<Vec<_>>()).to_string()
            }
            "relation-list" => json!(self.members.borrow().get(&id()).cloned().unwrap_or_default()).to_string(),
            "relation-get" => json!({"ingress-address": format!("10.0.{}.1", id())}).to_string(),
            "juju-log" => {
                self.debug.borrow_mut().push(call.args.join(" "));
                String::new()
            }
            other => panic!("{other} is not expected"),
        }
    }
}

impl Transport for Fake {
    fn call(&self, call: &Call) -> io::Result<Output> {
        let stdout = self.answer(call).into_bytes();
        Ok(Output { ending: Ending::Exited(0), stdout, stderr: Vec::new() })
    }

    fn debug(&self, line: &str) {
        self.debug.borrow_mut().push(line.to_owned());
    }

    fn complain(&self, line: &str) {
        panic!("{line}");
    }
}
