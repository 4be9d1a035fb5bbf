//! The mesh of all units: who reaches whom, how well. Drawn as a table, as JSON, and as one page of HTML.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::{Value, json};

use crate::summary::{Numbers, Summary};

/// What all units have found of each other, by their numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mesh {
    units: BTreeSet<u32>,
    silent: BTreeSet<u32>,
    found: BTreeMap<(u32, u32), Numbers>,
}

/// A measure that the page has a map of.
struct Map {
    title: &'static str,
    unit: &'static str,
    value: fn(&Numbers) -> Option<f64>,
    /// How bad a value is, from 0 to 4, beside the best and the usual one of the mesh.
    grade: fn(f64, &Range) -> u8,
}

/// What there is of a measure in a mesh.
struct Range {
    most: f64,
    usual: f64,
}

const MAPS: [Map; 4] = [
    Map {
        title: "Loss",
        unit: "%",
        value: |it| it.0.map(f64::from),
        grade: |value, _| match value {
            v if v <= 0.0 => 0,
            v if v < 5.0 => 1,
            v if v < 20.0 => 2,
            v if v < 100.0 => 3,
            _ => 4,
        },
    },
    Map {
        title: "Round trip",
        unit: "ms",
        value: |it| it.1.map(|micros| f64::from(micros) / 1000.0),
        grade: |value, range| match value / range.usual.max(0.05) {
            v if v <= 2.0 => 0,
            v if v <= 5.0 => 1,
            v if v <= 10.0 => 2,
            v if v <= 50.0 => 3,
            _ => 4,
        },
    },
    Map {
        title: "Throughput",
        unit: "Mbit/s",
        value: |it| it.3.map(f64::from),
        grade: |value, range| match value / range.most.max(1.0) {
            v if v >= 0.8 => 0,
            v if v >= 0.5 => 1,
            v if v >= 0.25 => 2,
            v if v >= 0.05 => 3,
            _ => 4,
        },
    },
    Map {
        title: "Path MTU",
        unit: "bytes",
        value: |it| it.2.map(f64::from),
        grade: |value, range| if value >= range.usual { 0 } else { 3 },
    },
];
/// A sign for each grade, so that the page says the same without colours.
const SIGNS: [&str; 5] = ["", "·", "▵", "▲", "✖"];
const WORDS: [&str; 5] = ["good", "fair", "poor", "bad", "failed"];

impl Mesh {
    /// Takes what a unit has found of the others.
    pub fn add(&mut self, unit: u32, summary: &Summary) {
        self.units.insert(unit);
        for (peer, numbers) in &summary.peers {
            self.found.insert((unit, *peer), *numbers);
        }
    }

    /// A unit that has told nothing that can be read.
    pub fn add_silent(&mut self, unit: u32) {
        self.units.insert(unit);
        self.silent.insert(unit);
    }

    /// What is known of a pair, where both are units: a unit may tell of any number.
    fn pair(&self, from: u32, to: u32) -> Option<&Numbers> {
        self.found.get(&(from, to)).filter(|_| self.units.contains(&to) && from != to)
    }

    /// A line for each pair that something is wrong with, then how many there are.
    pub fn table(&self) -> String {
        let mut text = String::new();
        let [trips, speeds, mtus] = [1, 2, 3].map(|at| self.range(&MAPS[at]).usual);
        let mut wrong = 0;
        _ = writeln!(text, "{:<12} {:>6} {:>9} {:>6} {:>8}  DNS", "From -> to", "Loss", "RTT ms", "MTU", "Mbit/s");
        for &from in &self.units {
            for &to in &self.units {
                let Some(numbers) = self.pair(from, to) else { continue };
                let slow = numbers.1.is_some_and(|micros| f64::from(micros) / 1000.0 > (trips * 10.0).max(5.0));
                let small = numbers.2.is_some_and(|mtu| f64::from(mtu) < mtus);
                let narrow = numbers.3.is_some_and(|speed| f64::from(speed) < speeds / 4.0);
                let loses = numbers.0.is_some_and(|loss| loss > 0);
                if !(loses || slow || small || narrow || numbers.4 == Some(false)) {
                    continue;
                }
                wrong += 1;
                let part = |value: Option<u32>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
                let loss = numbers.0.map_or_else(|| "-".to_owned(), |loss| format!("{loss}%"));
                let trip = numbers.1.map_or_else(|| "-".to_owned(), |it| format!("{:.2}", f64::from(it) / 1000.0));
                let dns = numbers.4.map_or("-", |ok| if ok { "ok" } else { "failed" });
                let pair = format!("{from} -> {to}");
                let (mtu, speed) = (part(numbers.2), part(numbers.3));
                _ = writeln!(text, "{pair:<12} {loss:>6} {trip:>9} {mtu:>6} {speed:>8}  {dns}");
            }
        }
        let pairs = self.found.keys().filter(|(from, to)| self.pair(*from, *to).is_some()).count();
        _ = writeln!(text, "{} units, {pairs} links checked, {wrong} with something wrong", self.units.len());
        if !self.silent.is_empty() {
            let names: Vec<String> = self.silent.iter().map(ToString::to_string).collect();
            _ = writeln!(text, "nothing is known from: {}", names.join(", "));
        }
        text
    }

    /// All of it, by unit and peer.
    pub fn json(&self) -> Value {
        let mut units = serde_json::Map::new();
        for &from in &self.units {
            let mut peers = serde_json::Map::new();
            for &to in &self.units {
                if let Some(numbers) = self.pair(from, to) {
                    let of_peer = json!({
                        "loss-percent": numbers.0, "rtt-us": numbers.1, "mtu": numbers.2, "mbits": numbers.3,
                        "dns-ok": numbers.4,
                    });
                    peers.insert(to.to_string(), of_peer);
                }
            }
            units.insert(from.to_string(), Value::Object(peers));
        }
        Value::Object(units)
    }

    /// One page that loads nothing: a map for each measure, rows from, columns to. Each value is there as text, and each
    /// grade as a sign beside its colour.
    pub fn html(&self, title: &str) -> String {
        let title = escaped(title);
        let mut page = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>Magpie: {title}</title><style>{STYLE}</style>\
             </head><body><h1>Magpie: {title}</h1><p>Each row is the unit that checked, each column the unit that it \
             checked.</p><ul class=\"key\">"
        );
        for (grade, word) in WORDS.iter().enumerate() {
            _ = write!(page, "<li><span class=\"g{grade}\">{} {word}</span></li>", SIGNS[grade]);
        }
        page.push_str("<li><span class=\"none\">not known</span></li></ul>");
        for map in &MAPS {
            self.map(map, &mut page);
        }
        let dns: Vec<String> = self.pairs_where(|numbers| numbers.4 == Some(false));
        _ = write!(
            page,
            "<h2>DNS</h2><p>{}</p>",
            match dns.is_empty() {
                true => "No unit found a fault.".to_owned(),
                false => format!("Name and address do not stand for each other: {}", dns.join(", ")),
            }
        );
        _ = writeln!(page, "<h2>What is wrong</h2><pre>{}</pre></body></html>", escaped(&self.table()));
        page
    }

    fn map(&self, map: &Map, page: &mut String) {
        let range = self.range(map);
        _ = write!(
            page,
            "<h2>{}, {}</h2><div class=\"wide\"><table><caption>{} from row to column</caption><thead><tr>\
             <th scope=\"col\"></th>",
            map.title, map.unit, map.title
        );
        for to in &self.units {
            _ = write!(page, "<th scope=\"col\">{to}</th>");
        }
        page.push_str("</tr></thead><tbody>");
        for &from in &self.units {
            _ = write!(page, "<tr><th scope=\"row\">{from}</th>");
            for &to in &self.units {
                match self.pair(from, to).and_then(map.value) {
                    _ if from == to => page.push_str("<td class=\"self\"></td>"),
                    None => page.push_str("<td class=\"none\">–</td>"),
                    Some(value) => {
                        let grade = usize::from((map.grade)(value, &range)).min(4);
                        let digits = if value.fract() == 0.0 || value >= 100.0 { 0 } else { 2 };
                        _ = write!(
                            page,
                            "<td class=\"g{grade}\" title=\"{from} to {to}: {value:.digits$} {}, {}\">{value:.digits$} {}</td>",
                            map.unit, WORDS[grade], SIGNS[grade]
                        );
                    }
                }
            }
            page.push_str("</tr>");
        }
        page.push_str("</tbody></table></div>");
    }

    fn range(&self, map: &Map) -> Range {
        let pairs = self.found.keys().filter_map(|(from, to)| self.pair(*from, *to));
        let mut values: Vec<f64> = pairs.filter_map(map.value).collect();
        values.sort_by(f64::total_cmp);
        let usual = values.get(values.len() / 2).copied().unwrap_or(0.0);
        Range { most: values.last().copied().unwrap_or(0.0), usual }
    }

    fn pairs_where(&self, is: impl Fn(&Numbers) -> bool) -> Vec<String> {
        let pairs = self.found.iter().filter(|((from, to), numbers)| self.pair(*from, *to).is_some() && is(numbers));
        pairs.map(|((from, to), _)| format!("{from} → {to}")).collect()
    }
}

const STYLE: &str = "body{font:15px/1.4 system-ui,sans-serif;margin:2rem;color:#111;background:#fff}\
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}.wide{overflow-x:auto}\
table{border-collapse:collapse}caption{text-align:left;color:#444;font-size:.85rem;padding-bottom:.3rem}\
th,td{border:1px solid #888;padding:.25rem .45rem;text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}\
th{background:#eee}.key{list-style:none;padding:0;display:flex;gap:.5rem;flex-wrap:wrap}\
.key span{padding:.15rem .5rem;border:1px solid #888}.g0{background:#f3faf3}.g1{background:#e4edb8}\
.g2{background:#f7d88a}.g3{background:#eda06a;font-weight:600}.g4{background:#8f1d1d;color:#fff;font-weight:700}\
.none{background:repeating-linear-gradient(45deg,#fff,#fff 4px,#ddd 4px,#ddd 6px)}.self{background:#ccc}\
pre{background:#f6f6f6;padding:1rem;overflow-x:auto}";

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mesh() -> Mesh {
        let mut mesh = Mesh::default();
        let told = |text: &str| Summary::read(&format!(r#"{{"v":1,"at":0,"peers":{text}}}"#)).unwrap();
        mesh.add(0, &told(r#"{"1":[0,200,1500,9400,true],"2":[30,220,1400,9000,true],"9":[100,0,0,0,false]}"#));
        mesh.add(1, &told(r#"{"0":[0,190,1500,9300,true],"2":[0,20400,1500,93,false]}"#));
        mesh.add_silent(2);
        mesh
    }

    #[test]
    fn the_table_has_the_links_that_something_is_wrong_with() {
        assert_eq!(
            mesh().table(),
            "From -> to     Loss    RTT ms    MTU   Mbit/s  DNS\n\
             0 -> 2          30%      0.22   1400     9000  ok\n\
             1 -> 2           0%     20.40   1500       93  failed\n\
             3 units, 4 links checked, 2 with something wrong\n\
             nothing is known from: 2\n"
        );
    }

    #[test]
    fn a_unit_that_tells_of_others_that_are_not_there_is_not_believed() {
        assert_eq!(mesh().json()["0"].get("9"), None);
        assert!(!mesh().html("x").contains("failed</td>") && !mesh().html("x").contains("0 → 9"));
    }

    #[test]
    fn the_page_loads_nothing_and_escapes_what_it_is_given() {
        let page = mesh().html("<script>alert(1)</script>");
        assert!(!page.contains("<script") && !page.contains("http") && page.contains("&lt;script"));
        assert!(page.contains("title=\"1 to 2: 20.40 ms, failed\""), "{page}");
    }
}
