//! Tells its language, and shows those that it hears of.

use std::collections::BTreeSet;
use std::process::ExitCode;

use juju_ops::hook::{self, AnyHook};
use juju_ops::{BoxError, Context, Observer, Observers, Status};

struct Language;

impl Observer for Language {
    fn observe(&self, events: &mut Observers<Self>) {
        events.provides("tells", "language");
        events.requires("hears", "language");
        events.on(&hook::any(), Self::tell_and_show);
    }
}

impl Language {
    fn tell_and_show(&self, _: &AnyHook, cx: &Context) -> Result<(), BoxError> {
        let mut heard = BTreeSet::new();
        for relation in cx.relations("tells")?.into_iter().chain(cx.relations("hears")?) {
            relation.own_bag()?.set("language", "rust")?;
            for unit in relation.members()? {
                heard.extend(relation.bag(&unit).get("language")?);
            }
        }
        let heard: Vec<String> = heard.into_iter().collect();
        let status = match heard.is_empty() {
            true => Status::waiting("hears nothing"),
            false => Status::active(format!("hears {}", heard.join(" "))),
        };
        Ok(cx.unit().set_status(status)?)
    }
}

fn main() -> ExitCode {
    juju_ops::main(Language)
}
