//! The lanes: one for each unit, by application and number.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::UnitAtEnd;
use super::text::{Bounded, Safe};
use crate::model::Status;
use crate::run::HookRun;

/// Units beyond these share the last lane.
const MOST: usize = 100;
/// How many characters of a status the head of a lane keeps for its tip.
const MOST_STATUS: usize = 300;

#[derive(Debug)]
pub(super) struct Lanes<'a> {
    units: Vec<(&'a str, Head<'a>)>,
    places: BTreeMap<&'a str, usize>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Head<'a> {
    status: Option<&'a Status>,
    leader: bool,
    /// Whether it is there at the end, where that is known.
    gone: bool,
}

impl<'a> Lanes<'a> {
    pub(super) fn of(runs: &'a [HookRun], at_end: &'a [UnitAtEnd]) -> Lanes<'a> {
        let mut heads: BTreeMap<(&str, u64, &str), Head<'a>> = BTreeMap::new();
        for run in runs {
            let head = heads.entry(order(&run.unit)).or_default();
            (head.status, head.gone) = (Some(&run.status), !at_end.is_empty());
        }
        for unit in at_end {
            let head = Head { status: Some(&unit.status), leader: unit.leader, gone: false };
            heads.insert(order(&unit.unit), head);
        }
        let units: Vec<_> = heads.into_iter().map(|((_, _, name), head)| (name, head)).collect();
        let places = units.iter().enumerate().map(|(place, (name, _))| (*name, place)).collect();
        Lanes { units, places }
    }

    /// How many lanes there are.
    pub(super) fn count(&self) -> usize {
        self.units.len().clamp(1, MOST)
    }

    /// How many pixels a lane needs.
    pub(super) fn least_width(&self) -> usize {
        match self.count() {
            0..=3 => 190,
            4..=6 => 160,
            _ => 132,
        }
    }

    /// The place of a unit among all, and its lane.
    pub(super) fn place(&self, unit: &str) -> (usize, usize) {
        let place = self.places.get(unit).copied().unwrap_or_default();
        (place, place.min(MOST - 1))
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.units.iter().map(|(name, _)| *name)
    }

    pub(super) fn write_heads(&self, out: &mut String) {
        out.push_str("<div class=\"heads\"><span class=\"no\"></span>");
        let shared = self.units.len() > MOST;
        for (name, head) in self.units.iter().take(if shared { MOST - 1 } else { MOST }) {
            let status = head.status.map(|status| Bounded(&status.to_string(), MOST_STATUS).to_string());
            let status = if head.gone { "gone".to_owned() } else { status.unwrap_or_default() };
            let word = status.split(':').next().unwrap_or_default();
            let tip = format!("{name}{}, {status}", if head.leader { ", the leader" } else { "" });
            let leader = if head.leader { "<i class=\"leader\">★</i>" } else { "" };
            let _ = write!(
                out,
                "<div class=\"head {}\" title=\"{}\"><b>{}</b>{leader}<span>{}</span></div>",
                class(word),
                Safe(&tip),
                Safe(name),
                Safe(&status),
            );
        }
        if shared {
            let _ = write!(out, "<div class=\"head\"><b>{} others</b></div>", self.units.len() + 1 - MOST);
        }
        out.push_str("</div>\n");
    }
}

/// The class of a status: its colour.
pub(super) fn class(word: &str) -> &'static str {
    match word {
        "active" => "s-ok",
        "error" | "blocked" => "s-bad",
        "waiting" | "maintenance" => "s-warn",
        _ => "s-none",
    }
}

fn order(unit: &str) -> (&str, u64, &str) {
    let (app, number) = unit.rsplit_once('/').unwrap_or((unit, ""));
    (app, number.parse().unwrap_or(0), unit)
}
