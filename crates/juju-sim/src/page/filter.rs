//! The lists to choose from what is shown: they do nothing without scripts, and are hidden then.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::lane::Lanes;
use super::text::{Bounded, Safe};

/// How many entries a list has.
const MOST: usize = 500;
/// How many characters an entry has.
const MOST_TEXT: usize = 100;

/// The relations, hooks and events of a page, numbered in the order in which they were met.
#[derive(Debug, Default)]
pub(super) struct Filters<'a> {
    relations: Names<'a>,
    hooks: Names<'a>,
    events: Names<'a>,
}

#[derive(Debug, Default)]
struct Names<'a>(BTreeMap<&'a str, usize>);

impl<'a> Names<'a> {
    fn number(&mut self, name: &'a str) -> usize {
        let next = self.0.len();
        *self.0.entry(name).or_insert(next)
    }

    fn write(&self, out: &mut String, kind: char) {
        for (name, number) in self.0.iter().take(MOST) {
            let name = Bounded(name, MOST_TEXT).to_string();
            let _ = write!(out, "<option value=\"{kind}{number}\">{}</option>", Safe(&name));
        }
    }
}

impl<'a> Filters<'a> {
    pub(super) fn relation(&mut self, relation: &'a str) -> usize {
        self.relations.number(relation)
    }

    pub(super) fn hook(&mut self, hook: &'a str) -> usize {
        self.hooks.number(hook)
    }

    pub(super) fn event(&mut self, kind: &'a str) -> usize {
        self.events.number(kind)
    }

    pub(super) fn write(&self, out: &mut String, lanes: &Lanes<'_>) {
        out.push_str("<form class=\"bar\" hidden>\n<label>Unit <select name=\"u\"><option value=\"\">all</option>");
        for (place, name) in lanes.names().enumerate().take(MOST) {
            let _ = write!(out, "<option value=\"u{place}\">{}</option>", Safe(name));
        }
        out.push_str("</select></label>\n<label>Relation <select name=\"r\"><option value=\"\">all</option>");
        self.relations.write(out, 'r');
        out.push_str("</select></label>\n<label>Event <select name=\"e\"><option value=\"\">all</option><optgroup label=\"Hooks\">");
        self.hooks.write(out, 'h');
        out.push_str("</optgroup><optgroup label=\"Events of the charm\">");
        self.events.write(out, 'e');
        out.push_str(
            "</optgroup></select></label>\n<label>Show <select name=\"k\"><option value=\"\">every hook</option>\
             <option value=\"news\">hooks with news</option><option value=\"bad\">what went wrong</option></select></label>\n\
             <button type=\"button\" name=\"open\">Open all</button> <button type=\"button\" name=\"close\">Close all</button>\n\
             <output></output>\n</form>\n",
        );
    }
}
