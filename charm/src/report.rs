//! The mesh of all units: who reaches whom, how well. Drawn as a table, as JSON, and as one page of HTML.

use std::collections::BTreeMap;
use std::fmt::Write;

use magpie_checks::throughput::MinSpeed;
use serde_json::{Value, json};

use crate::status::longest_usual;
use crate::summary::{Numbers, SILENT, Summary};

/// What all units have found of each other, by their numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mesh {
    /// What links are held against.
    limits: Limits,
    /// When this is put together, in seconds of Unix time.
    now: u64,
    /// Each unit, and when it found what it told; none where it has told nothing that can be read.
    units: BTreeMap<u32, Option<u64>>,
    found: BTreeMap<(u32, u32), Numbers>,
}

/// What the operator requires of links.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Limits {
    /// Bytes; 0 for what is usual among the links.
    pub required_mtu: u32,
    /// What a link has to carry; a percentage cannot be told from here, and is none.
    pub min_speed: MinSpeed,
    /// Milliseconds; 0 for what is not far above the usual.
    pub max_latency: f64,
}

/// A measure that the page has a map of.
struct Map {
    title: &'static str,
    unit: &'static str,
    value: fn(&Numbers) -> Option<f64>,
    /// How bad a value is, from 0 to 4, beside the best and the usual one of the mesh, and what is required.
    grade: fn(f64, &Range) -> u8,
    /// What the grades mean.
    says: &'static str,
}

/// What there is of a measure in a mesh.
struct Range {
    most: f64,
    usual: f64,
    limits: Limits,
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
        says: "Of the last pings of each unit: fair below 5, poor below 20, bad below 100",
    },
    Map {
        title: "Round trip",
        unit: "ms",
        value: |it| it.1.map(|micros| f64::from(micros) / 1000.0),
        grade: |value, range| match value / range.usual.max(0.05) {
            _ if range.limits.max_latency > 0.0 => {
                if value > range.limits.max_latency {
                    3
                } else {
                    0
                }
            }
            v if v <= 2.0 => 0,
            v if v <= 5.0 => 1,
            v if v <= 10.0 => 2,
            v if v <= 50.0 => 3,
            _ => 4,
        },
        says: "Bad above max_latency where that is set; else fair from twice the usual, poor from 5 times, bad from 10, \
               failed from 50",
    },
    Map {
        title: "Throughput",
        unit: "Mbit/s",
        value: |it| it.3.map(f64::from),
        grade: |value, range| match (value / range.most.max(1.0), range.limits.min_speed) {
            _ if value <= 0.0 => 4,
            (_, MinSpeed::Mbits(_)) => {
                if range.limits.is_fast(value) {
                    0
                } else {
                    3
                }
            }
            (v, _) if v >= 0.8 => 0,
            (v, _) if v >= 0.5 => 1,
            (v, _) if v >= 0.25 => 2,
            (v, _) if v >= 0.05 => 3,
            _ => 4,
        },
        says: "Bad below min_speed where that is set; else fair below 80 % of the fastest link, poor below 50, bad below 25, \
               failed below 5; 0 where nothing came through",
    },
    Map {
        title: "Path MTU",
        unit: "bytes",
        value: |it| it.2.map(f64::from),
        grade: |value, range| match value {
            v if v <= 0.0 => 4,
            v if v >= range.limits.wanted_mtu(range.usual) => 0,
            _ => 3,
        },
        says: "Bad below required_mtu where that is set, else below the usual; 0 where nothing came through",
    },
];
/// A sign for each grade, so that the page says the same without colours.
const SIGNS: [&str; 5] = ["", "·", "▵", "▲", "✖"];
const WORDS: [&str; 5] = ["good", "fair", "poor", "bad", "failed"];

impl Limits {
    fn wanted_mtu(&self, usual: f64) -> f64 {
        if self.required_mtu > 0 { f64::from(self.required_mtu) } else { usual }
    }

    fn is_fast(&self, mbits: f64) -> bool {
        match self.min_speed {
            MinSpeed::Mbits(_) => self.min_speed.check(mbits * 1e6, None).ok,
            _ => true,
        }
    }
}

impl Mesh {
    /// A mesh of which nothing is known yet, that is put together at an instant of Unix time.
    pub fn new(limits: Limits, now: u64) -> Self {
        Self { limits, now, ..Self::default() }
    }

    /// Takes what a unit has found of the others.
    pub fn add(&mut self, unit: u32, summary: &Summary) {
        self.units.insert(unit, Some(summary.at));
        for (peer, numbers) in &summary.peers {
            self.found.insert((unit, *peer), *numbers);
        }
    }

    /// A unit that has told nothing that can be read.
    pub fn add_silent(&mut self, unit: u32) {
        self.units.insert(unit, None);
    }

    /// What is known of a pair, where both are units: a unit may tell of any number.
    fn pair(&self, from: u32, to: u32) -> Option<&Numbers> {
        self.found.get(&(from, to)).filter(|_| self.units.contains_key(&to) && from != to)
    }

    /// For how many seconds a unit's results are old; none where there are none. A clock that is ahead is right.
    fn age(&self, unit: u32) -> Option<u64> {
        self.units.get(&unit).copied().flatten().map(|at| self.now.saturating_sub(at))
    }

    /// A line for each pair that something is wrong with, then how many there are, and of which units nothing new is known.
    pub fn table(&self) -> String {
        let mut text = String::new();
        let [trips, speeds, mtus] = [1, 2, 3].map(|at| self.range(&MAPS[at]).usual);
        let mut wrong = 0;
        _ = writeln!(text, "{:<12} {:>6} {:>9} {:>6} {:>8}  DNS", "From -> to", "Loss", "RTT ms", "MTU", "Mbit/s");
        for &from in self.units.keys() {
            for &to in self.units.keys() {
                let Some(numbers) = self.pair(from, to) else { continue };
                let longest = match self.limits.max_latency {
                    limit if limit > 0.0 => limit,
                    _ => longest_usual(trips),
                };
                let slow = numbers.1.is_some_and(|micros| f64::from(micros) / 1000.0 > longest);
                let small = numbers.2.is_some_and(|mtu| mtu == 0 || f64::from(mtu) < self.limits.wanted_mtu(mtus));
                let narrow = numbers.3.map(f64::from).is_some_and(|speed| match self.limits.min_speed {
                    MinSpeed::Mbits(_) => speed <= 0.0 || !self.limits.is_fast(speed),
                    _ => speed < (speeds / 4.0).max(1.0),
                });
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
        let of = |is: fn(Option<u64>) -> bool| -> Vec<u32> {
            self.units.keys().copied().filter(|unit| is(self.age(*unit))).collect()
        };
        let silent: Vec<String> = of(|age| age.is_none()).iter().map(ToString::to_string).collect();
        if !silent.is_empty() {
            _ = writeln!(text, "nothing is known from: {}", silent.join(", "));
        }
        let old = of(|age| age.is_some_and(|age| age > SILENT));
        let old: Vec<String> =
            old.iter().map(|unit| format!("{unit} ({})", spelled(self.age(*unit).unwrap_or(0)))).collect();
        if !old.is_empty() {
            _ = writeln!(text, "nothing new is known from: {}", old.join(", "));
        }
        text
    }

    /// How old what each unit has found is, in seconds; null where it has told nothing.
    pub fn ages(&self) -> Value {
        self.units
            .keys()
            .map(|unit| (unit.to_string(), json!(self.age(*unit))))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }

    /// All of it, by unit and peer.
    pub fn json(&self) -> Value {
        let mut units = serde_json::Map::new();
        for &from in self.units.keys() {
            let mut peers = serde_json::Map::new();
            for &to in self.units.keys() {
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

    /// One page that loads nothing: what is wrong, and a map for each measure, rows from, columns to. Each value is there as
    /// text, and each grade as a sign beside its colour.
    pub fn html(&self, title: &str) -> String {
        let title = escaped(title);
        let mut page = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>Magpie: {title}</title><style>{STYLE}</style>\
             </head><body><h1>Magpie: {title}</h1><p>Put together on {}.</p><h2>What is wrong</h2><pre>{}</pre>\
             <h2>The mesh</h2><p>Each row is the unit that checked, each column the unit that it checked.</p>\
             <ul class=\"key\">",
            date(self.now),
            escaped(&self.table())
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
        page.push_str(
            "<h2>How old it is</h2><p>What changes is told with the next update-status, and all of it every hour.</p>\
             <table><thead><tr><th scope=\"col\">Unit</th><th scope=\"col\">Found</th></tr></thead><tbody>",
        );
        for unit in self.units.keys() {
            let age = match self.age(*unit) {
                None => "nothing is known".to_owned(),
                Some(age) if age > SILENT => format!("{} ago ▲", spelled(age)),
                Some(age) => format!("{} ago", spelled(age)),
            };
            _ = write!(page, "<tr><th scope=\"row\">{unit}</th><td>{age}</td></tr>");
        }
        page.push_str("</tbody></table></body></html>\n");
        page
    }

    fn map(&self, map: &Map, page: &mut String) {
        let range = self.range(map);
        _ = write!(
            page,
            "<h2>{}, {}</h2><p class=\"says\">{}.</p><div class=\"wide\"><table class=\"map\" aria-label=\"{} from row to \
             column\"><thead><tr><th scope=\"col\"></th>",
            map.title, map.unit, map.says, map.title
        );
        for to in self.units.keys() {
            _ = write!(page, "<th scope=\"col\">{to}</th>");
        }
        page.push_str("</tr></thead><tbody>");
        for &from in self.units.keys() {
            _ = write!(page, "<tr><th scope=\"row\">{from}</th>");
            for &to in self.units.keys() {
                match self.pair(from, to).and_then(map.value) {
                    _ if from == to => page.push_str("<td class=\"self\"></td>"),
                    None => page.push_str("<td class=\"none\">–</td>"),
                    Some(value) => {
                        let grade = usize::from((map.grade)(value, &range)).min(4);
                        let digits = if value.fract() == 0.0 || value >= 100.0 { 0 } else { 2 };
                        _ = write!(
                            page,
                            "<td class=\"g{grade}\" title=\"{from} to {to}: {value:.digits$} {}, {}\">{value:.digits$} \
                             <i>{}</i></td>",
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
        Range { most: values.last().copied().unwrap_or(0.0), usual, limits: self.limits }
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
th{background:#eee}.map td,.map th{min-width:4.3em}td i{display:inline-block;width:1.1em;font-style:normal;text-align:center}\
.says{color:#444;font-size:.9rem;margin:.2rem 0 .5rem;max-width:60em}.key{list-style:none;padding:0;display:flex;gap:.5rem;flex-wrap:wrap}\
.key span{padding:.15rem .5rem;border:1px solid #888}.g0{background:#f3faf3}.g1{background:#e4edb8}\
.g2{background:#f7d88a}.g3{background:#eda06a;font-weight:600}.g4{background:#8f1d1d;color:#fff;font-weight:700}\
.none{background:repeating-linear-gradient(45deg,#fff,#fff 4px,#ddd 4px,#ddd 6px)}.self{background:#ccc}\
pre{background:#f6f6f6;padding:1rem;overflow-x:auto}\
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}@media print{body{margin:0}h2{break-after:avoid}tr{break-inside:avoid}}";

/// Seconds as a person says them.
fn spelled(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// An instant of Unix time as `2026-11-26T10:15:00Z`.
fn date(seconds: u64) -> String {
    let at = i64::try_from(seconds).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    at.map_or_else(|| "an unknown date".to_owned(), |at| at.to_string())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mesh() -> Mesh {
        of(Limits::default())
    }

    fn of(limits: Limits) -> Mesh {
        let mut mesh = Mesh::new(limits, 1_000_000);
        let told = |text: &str| Summary::read(&format!(r#"{{"v":1,"at":999000,"peers":{text}}}"#)).unwrap();
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
    fn what_the_operator_requires_counts_and_what_came_to_nothing() {
        let limits = Limits { required_mtu: 9000, ..Limits::default() };
        assert!(of(limits).table().contains("4 links checked, 4 with something wrong"), "{}", of(limits).table());
        let limits = Limits { min_speed: MinSpeed::Mbits(9350), ..Limits::default() };
        assert!(of(limits).table().contains("1 -> 0"), "{}", of(limits).table());
        let limits = Limits { max_latency: 25.0, ..Limits::default() };
        assert!(!of(limits).html("x").contains("20.40 ms, failed"));
        let mut mesh = mesh();
        mesh.add(1, &Summary::read(r#"{"v":1,"at":999000,"peers":{"0":[0,190,0,0,true]}}"#).unwrap());
        assert!(mesh.table().contains("1 -> 0           0%      0.19      0        0  ok"), "{}", mesh.table());
        assert!(mesh.html("x").contains("title=\"1 to 0: 0 bytes, failed\""));
    }

    #[test]
    fn what_is_old_says_so() {
        let mut mesh = mesh();
        mesh.now += 20_000;
        assert!(mesh.table().ends_with("nothing new is known from: 0 (5 h), 1 (5 h)\n"), "{}", mesh.table());
        assert_eq!(mesh.ages(), json!({ "0": 21_000, "1": 21_000, "2": null }));
        assert!(mesh.html("x").contains("<td>5 h ago ▲</td>") && mesh.html("x").contains("nothing is known</td>"));
        // A clock that is ahead of this one is not from the future.
        mesh.now = 0;
        assert_eq!(mesh.ages()["0"], 0);
    }

    #[test]
    fn the_page_says_when_it_was_made() {
        assert_eq!(date(1_795_688_100), "2026-11-26T10:15:00Z");
        assert_eq!(date(u64::MAX), "an unknown date");
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
