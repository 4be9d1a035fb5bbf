//! A run to look at: one HTML file.

mod block;
mod cause;
mod filter;
mod lane;
mod text;

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::model::Status;
use crate::run::HookRun;
use block::Block;
use cause::{Arrow, Causes};
use filter::Filters;
use lane::Lanes;
use text::{Bounded, Safe, clock, count};

/// How many hooks are shown, the newest.
const MOST_RUNS: usize = 4_000;
/// How many arrows are drawn.
const MOST_ARROWS: usize = 6_000;
/// How many bytes of markup what the hooks did may take; the oldest are left out first.
const MOST_BYTES: usize = 12 * 1024 * 1024;
/// How many characters a title or a mark may have.
const MOST_TITLE: usize = 400;

/// How many pixels a closed block is high with the space below it, and a mark: the arrows depend on it.
const ROW: u64 = 28;
const MARK: u64 = 44;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// The digest of the script, the only one that the page lets run.
const SCRIPT_DIGEST: &str = "sha256-VHQH8g6gekNFoPPk9hAc0A0N9xznwWITdvn2sJuoZb0=";

/// What a [`page`] shows.
///
/// It can be serialized and read back, so a run can be kept and looked at later. The values of databags, states,
/// secrets and leader's settings are not in the serialised form, and never on the page.
///
/// ```
/// # use juju_sim::{Charm, ProgramEnd, Revision, World};
/// use juju_sim::{Mark, PageInput, page};
///
/// # let charm = Charm::parse("name: hello", None, None)?;
/// # let mut juju = World::new(0);
/// # juju.deploy("hello", Revision::in_process(charm, |charm| {
/// #     ProgramEnd::Exit(charm.tools.call(&["status-set", "active", "<Ready>"], None).code)
/// # }))?;
/// juju.settle()?;
/// let mut input = juju.page_input("my test");
/// input.marks.push(Mark { before: 1, text: "deploy hello".to_owned() });
///
/// let kept = serde_json::to_string(&input)?;
/// let html = page(&serde_json::from_str(&kept)?);
/// assert!(html.contains("hello/0") && html.contains("&lt;Ready&gt;"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PageInput {
    /// What stands above it.
    pub title: String,
    /// The hooks and actions, in the order they ran.
    pub runs: Vec<HookRun>,
    /// How many ran before those, and are not shown.
    pub left_out: u64,
    /// What happened between them, such as the verbs of a test.
    pub marks: Vec<Mark>,
    /// The units that there are at the end.
    pub units: Vec<UnitAtEnd>,
    /// Why the run is a failure, where it is one.
    pub failure: Option<String>,
}

/// Something that happened between hooks: a line across the lanes.
///
/// See [`PageInput`] for an example.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The [sequence](HookRun::sequence) of the first hook after it.
    pub before: u64,
    /// What happened.
    pub text: String,
}

/// A unit at the end of a run, as the head of its lane shows it.
///
/// ```
/// # use juju_sim::{Charm, ProgramEnd, Revision, World};
/// # let charm = Charm::parse("name: hello", None, None)?;
/// # let mut juju = World::new(0);
/// # juju.deploy("hello", Revision::in_process(charm, |_| ProgramEnd::Exit(0)))?;
/// juju.settle()?;
/// let hello = &juju.page_input("").units[0];
/// assert_eq!((hello.unit.as_str(), hello.leader, hello.status.current.as_str()), ("hello/0", true, "unknown"));
/// # Ok::<(), juju_sim::SimError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UnitAtEnd {
    /// The unit.
    pub unit: String,
    /// Whether it leads its application.
    pub leader: bool,
    /// Its status, as `juju status` shows it.
    pub status: Status,
}

impl PageInput {
    /// The newest of some runs: as many as a page shows.
    ///
    /// ```
    /// use juju_sim::{PageInput, page};
    ///
    /// assert!(page(&PageInput::new("nothing yet", &[])).contains("No hook has run."));
    /// ```
    pub fn new(title: &str, runs: &[HookRun]) -> PageInput {
        let (old, new) = runs.split_at(runs.len().saturating_sub(MOST_RUNS));
        PageInput { title: title.to_owned(), runs: new.to_vec(), left_out: old.len() as u64, ..PageInput::default() }
    }
}

/// A run as one HTML file, which needs nothing beside it.
///
/// Time goes downwards, and each unit has a lane. A hook is a block: it opens to the hook commands that it called, what
/// it logged, which events it held or acknowledged, what went wrong, and which hooks ran because of it. Arrows go from
/// hooks that changed a databag, a secret or the leader's settings to the hooks that tell other units so. Lists of the
/// units, relations and events leave out what is not of interest; it reads in light and dark and on a narrow screen.
/// Scripts draw the arrows anew when blocks open, and filter; without them all else is there.
///
/// # What is not on it
///
/// Values: hook commands are shown as in a transcript, and what they answered is not shown. What the charm itself puts
/// into its log, a status or an action's result is. All text is escaped, and the page forbids whatever is loaded, sent,
/// or run as a script, other than its own.
///
/// Of more than 4,000 hooks the newest are shown, and of more than some 12 MiB of what they did the newest too; the page
/// says so.
///
/// # Where it is from that an event was held
///
/// From the unit's state, where the framework `juju-ops` keeps such events ([`HookRun::waits`]), and from the lines that
/// the framework logs. A charm on another framework shows its hooks and hook commands all the same.
///
/// ```
/// # use juju_sim::{Charm, ProgramEnd, Revision, World};
/// # let charm = Charm::parse("name: hello", None, None)?;
/// # let mut juju = World::new(0);
/// # juju.deploy("hello", Revision::in_process(charm, |charm| {
/// #     ProgramEnd::Exit(charm.tools.call(&["state-set", "token=t0"], None).code)
/// # }))?;
/// juju.settle()?;
/// let html = juju.page("hello");
/// # let dir = tempfile::tempdir()?;
/// # let file = dir.path().join("hello.html");
/// std::fs::write(&file, &html)?; // and open it in a browser
/// assert!(html.contains("state-set token=…") && !html.contains("t0"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn page(input: &PageInput) -> String {
    let (old, runs) = input.runs.split_at(input.runs.len().saturating_sub(MOST_RUNS));
    let left_out = input.left_out.saturating_add(old.len() as u64);
    let lanes = Lanes::of(runs, &input.units);
    let causes = Causes::of(runs, left_out > 0);
    let mut filters = Filters::default();
    let blocks: Vec<Block<'_>> =
        (0..runs.len()).map(|index| Block::of(index, runs, &causes, &lanes, &mut filters)).collect();
    let (bodies, bodies_left_out) = bodies(&blocks, &causes);

    let mut body = String::new();
    let mut places = Vec::with_capacity(runs.len());
    let mut height = 0;
    let mut marks = input.marks.iter().peekable();
    for (block, inner) in blocks.iter().zip(&bodies) {
        while let Some(mark) = marks.next_if(|mark| mark.before <= block.run.sequence) {
            // Those before what is shown are left out with it.
            if left_out == 0 || block.index > 0 || mark.before == block.run.sequence {
                write_mark(&mut body, mark);
                height += MARK;
            }
        }
        places.push(height + ROW / 2 - 2);
        block.write(&mut body, inner.as_deref());
        height += ROW;
    }
    for mark in marks {
        write_mark(&mut body, mark);
        height += MARK;
    }
    let arrows = causes.arrows();
    let drawn = &arrows[..arrows.len().min(MOST_ARROWS)];
    let svg = svg(drawn, &places, &blocks, lanes.count(), height);

    let mut notes = Vec::new();
    if left_out > 0 {
        notes.push(format!("The {} before the first one shown are left out.", count(left_out, "hook")));
    }
    if bodies_left_out > 0 {
        notes.push(format!("What the oldest {} did is left out.", count(bodies_left_out as u64, "hook")));
    }
    if drawn.len() < arrows.len() {
        notes.push(format!(
            "{} are not drawn; the blocks name the hooks.",
            count((arrows.len() - drawn.len()) as u64, "arrow")
        ));
    }
    document(input, runs, &lanes, &filters, &notes, &svg, &body)
}

/// What the blocks open to, the newest first as long as there is room, and how many have none.
fn bodies(blocks: &[Block<'_>], causes: &Causes<'_>) -> (Vec<Option<String>>, usize) {
    let mut room = MOST_BYTES;
    let mut bodies: Vec<Option<String>> = Vec::with_capacity(blocks.len());
    for block in blocks.iter().rev() {
        let body = (room > 0).then(|| block.body(causes));
        room = room.saturating_sub(body.as_ref().map_or(0, String::len));
        bodies.push(body);
    }
    bodies.reverse();
    let left_out = bodies.iter().filter(|body| body.is_none()).count();
    (bodies, left_out)
}

fn write_mark(out: &mut String, mark: &Mark) {
    let _ =
        writeln!(out, "<h2 class=\"mark\"><span>{}</span></h2>", Safe(&Bounded(&mark.text, MOST_TITLE).to_string()));
}

/// The arrows where all blocks are closed; the script has the same lines for all else.
fn svg(arrows: &[Arrow], places: &[u64], blocks: &[Block<'_>], lanes: usize, height: u64) -> String {
    let mut svg = format!(
        "<svg class=\"arrows\" viewBox=\"0 0 {lanes} {height}\" style=\"height:{height}px\" \
         preserveAspectRatio=\"none\" aria-hidden=\"true\">\n"
    );
    for Arrow { from, to, first } in arrows {
        let (start, end) = (blocks[*from].lane, blocks[*to].lane);
        let line = line(start, places[*from], end, places[*to]);
        let class = if *first { " class=\"first\"" } else { "" };
        let _ = writeln!(svg, "<path{class} data-f=\"{from}\" data-t=\"{to}\" d=\"{line}\"/>");
    }
    svg.push_str("</svg>\n");
    svg
}

/// From the side of one block, along the space left of another's lane, to that block. Blocks leave that space free, and
/// each has its height for itself, so no line crosses a block.
fn line(from: usize, above: u64, to: usize, below: u64) -> String {
    let (along, end) = (format!("{to}.045"), format!("{to}.09"));
    let (start, turn) = if to > from {
        (format!("{from}.98"), format!("{to}.025"))
    } else {
        (format!("{from}.09"), format!("{to}.065"))
    };
    let (down, up) = (above + 5, below - 5);
    format!("M{start} {above}H{turn}Q{along} {above} {along} {down}V{up}Q{along} {below} {to}.065 {below}H{end}")
}

fn document(
    input: &PageInput,
    runs: &[HookRun],
    lanes: &Lanes<'_>,
    filters: &Filters<'_>,
    notes: &[String],
    svg: &str,
    body: &str,
) -> String {
    let title = Bounded(&input.title, MOST_TITLE).to_string();
    let (title, count_of_lanes) = (Safe(&title), lanes.count());
    let mut out = String::with_capacity(body.len() + svg.len() + 32 * 1024);
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         script-src '{SCRIPT_DIGEST}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body style=\"--n:{count_of_lanes};--min:{}px\">\n<header class=\"top\">\n<h1>{title}</h1>\n",
        lanes.least_width(),
    );
    let _ = writeln!(out, "<p class=\"sum\">{}</p>", summary(runs));
    for note in notes {
        let _ = writeln!(out, "<p class=\"note\">{note}</p>");
    }
    if let Some(why) = &input.failure {
        let why = Bounded(why, 20 * MOST_TITLE).to_string();
        let _ = writeln!(out, "<div class=\"failure\"><b>It fails</b> <span>{}</span></div>", Safe(&why));
    }
    out.push_str(LEGEND);
    filters.write(&mut out, lanes);
    out.push_str("</header>\n<main>\n");
    lanes.write_heads(&mut out);
    if runs.is_empty() {
        out.push_str("<p class=\"note\">No hook has run.</p>\n");
    }
    let many = if count_of_lanes > 6 { " many" } else { "" };
    let _ = write!(
        out,
        "<div class=\"lanes{many}\">\n{svg}{body}</div>\n</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"
    );
    out
}

/// `54 hooks and actions, 352 hook commands, 3 failed; 0:54 of the model's time`.
fn summary(runs: &[HookRun]) -> String {
    use crate::run::Fate;
    let commands: usize = runs.iter().map(|run| run.commands().count()).sum();
    let failed = runs.iter().filter(|run| matches!(run.fate, Fate::Failed(_) | Fate::ActionFailed(_))).count();
    let killed = runs.iter().filter(|run| run.fate == Fate::Rerun).count();
    let faults: usize = runs.iter().map(|run| run.faults.len()).sum();
    let hooks = if runs.len() == 1 {
        "1 hook or action".to_owned()
    } else {
        format!("{} hooks and actions", text::grouped(runs.len() as u64))
    };
    let mut parts = vec![hooks, count(commands as u64, "hook command")];
    for (number, word) in [(failed, "failed"), (killed, "killed")] {
        parts.extend((number > 0).then(|| format!("<b class=\"bad\">{} {word}</b>", text::grouped(number as u64))));
    }
    parts.extend((faults > 0).then(|| count(faults as u64, "fault")));
    if let (Some(first), Some(last)) = (runs.first(), runs.last()) {
        parts.push(format!("{} to {} of the model’s time", clock(first.seconds), clock(last.seconds)));
    }
    parts.join(" · ")
}

const LEGEND: &str = "<details class=\"legend\">\n<summary>How to read it</summary>\n<p>Time goes down; each unit has a \
lane, and each hook a block that opens. <i class=\"ok\">✓</i>&nbsp;events acknowledged, <i class=\"held\">◷</i>&nbsp;events held, \
<i class=\"bad\">✕</i>&nbsp;failed, <i class=\"warn\">↻</i>&nbsp;killed and run again, <i class=\"warn\">⚡</i>&nbsp;a&nbsp;fault of the \
test’s, <i class=\"warn\">!</i>&nbsp;warnings or errors in the log, <i class=\"out\">⇢</i>&nbsp;changed what other units are told \
of; a dot is a new status. The number is that of the hook commands.</p>\n<p>A line goes from the hook that changed a \
databag, a secret or the leader’s settings to each hook that tells of it; a dotted one to where it is seen for the first \
time. Point at a block, or go to it with the keyboard, to see its lines alone.</p>\n</details>\n";

#[cfg(test)]
mod tests;
