//! One recording of calls in a hook or action.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::compare::{agrees, flushed, text_agrees};
use super::record::{Expected, Finish, Record, Source};
use super::scene::scene;
use crate::command::{self, Reboot, Reply, ToolOutput};
use crate::model::context::Context;
use crate::model::{Finish as End, Model, Running, Work};
use crate::run::{Fate, ProgramEnd};
use crate::world::shared::write_fetched;

/// In what the model differs from a recording; nothing where it agrees.
pub(super) fn differences(record: &Record) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let cwd = dir.path().canonicalize().unwrap();
    for (name, text) in &record.files {
        let path = cwd.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let (mut model, mut running) = scene(record);
    running.resources_dir = cwd.join("resources").to_string_lossy().into_owned();
    let mut differences = Vec::new();
    let fake = record.source == Source::ContextFake || record.unstable;
    for (index, (call, expected)) in record.calls.iter().zip(&record.results).enumerate() {
        let here = |text: &str| text.replace("$CWD", &cwd.to_string_lossy());
        let argv: Vec<String> = call.argv.iter().map(|word| here(word)).collect();
        let stdin = call.stdin.as_deref().map(str::as_bytes);
        let (output, asked) = run(&mut model, &mut running, &argv, &cwd, stdin, expected);
        let file = call.read_file.as_ref().map(|name| fs::read_to_string(cwd.join(name)).unwrap_or_default());
        let mut differ = |what: &str, expected: &dyn std::fmt::Debug, found: &dyn std::fmt::Debug| {
            differences.push(format!("call {index} {:?}: {what}: recorded {expected:?}, found {found:?}", argv[0]));
        };
        if expected.code.is_some_and(|code| code != output.code) {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            differ("code", &expected.code, &(output.code, said));
            continue;
        }
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let (stdout, stderr) = (placed(&stdout, &cwd), placed(&stderr, &cwd));
        if expected.stdout_len.is_some() {
            if stdout.is_empty() || !stderr.is_empty() {
                differ("help", &"text", &stderr);
            }
            continue;
        }
        if let Some(encoded) = &expected.stdout_base64 {
            use base64::Engine as _;
            let found = base64::engine::general_purpose::STANDARD.encode(&output.stdout);
            if *encoded != found {
                differ("stdout", encoded, &found);
            }
        } else if !text_agrees(&expected.stdout, &stdout) && !fake {
            differ("stdout", &expected.stdout, &stdout);
        }
        if !(text_agrees(&expected.stderr, &stderr) || fake && same_prefix(&expected.stderr, &stderr)) {
            differ("stderr", &expected.stderr, &stderr);
        }
        if expected.asked_stdin != asked {
            differ("standard input asked for", &expected.asked_stdin, &asked);
        }
        if let Some(wanted) = &expected.file
            && !text_agrees(wanted, file.as_deref().unwrap_or_default())
        {
            differ("file", wanted, &file);
        }
        let lines: Vec<Value> = std::mem::take(&mut running.lines)
            .into_iter()
            .map(|(level, message)| {
                json!({"level": level, "module": format!("unit.{}.juju-log", running.unit), "message": message})
            })
            .collect();
        let wanted: Vec<Value> = record
            .logs
            .get(index)
            .and_then(Option::as_ref)
            .into_iter()
            .flatten()
            .map(|line| json!({"level": line.level, "module": line.module, "message": line.message}))
            .collect();
        if !agrees(&json!(wanted), &json!(lines)) {
            differ("log", &wanted, &lines);
        }
    }
    differences.extend(differences_of_effects(record, &mut model, &running));
    differences
}

fn placed(text: &str, cwd: &Path) -> String {
    text.replace(&*cwd.to_string_lossy(), "$CWD")
}

/// Whether a text begins as the recorded one does: the rest is the stand-in controller's.
fn same_prefix(expected: &Value, found: &str) -> bool {
    let Some(expected) = expected.as_str() else { return false };
    let first = |text: &str| text.split([':', '"']).next().unwrap_or_default().trim_end().to_owned();
    first(expected) == first(found)
}

/// Runs one call as the server does: standard input only where it is asked for.
fn run(
    model: &mut Model,
    running: &mut Running,
    argv: &[String],
    cwd: &Path,
    stdin: Option<&[u8]>,
    expected: &Expected,
) -> (ToolOutput, bool) {
    let mut call = |stdin: Option<&[u8]>| {
        let mut context = Context { model, running };
        let reply = command::run(&mut context, argv, cwd, stdin);
        write_fetched(running).unwrap();
        reply
    };
    let refused = |text: &str| {
        // The client prints a refusal of the request and exits with 1.
        ToolOutput { code: 1, stdout: Vec::new(), stderr: format!("ERROR {text}\n").into_bytes() }
    };
    match call(None) {
        Reply::Done(output) => (output, false),
        Reply::Refused(text) => (refused(&text), false),
        Reply::NeedsStdin => match call(Some(stdin.unwrap_or_default())) {
            Reply::Done(output) => (output, true),
            Reply::Refused(text) => (refused(&text), true),
            Reply::NeedsStdin => (refused(expected.rpc_error.as_deref().unwrap_or_default()), true),
        },
    }
}

fn differences_of_effects(record: &Record, model: &mut Model, running: &Running) -> Vec<String> {
    let mut differences = Vec::new();
    let effects = &record.effects;
    let immediate: Vec<Value> =
        running.immediate.iter().map(|(call, args)| json!({"call": call, "args": args})).collect();
    let wanted: Vec<Value> = effects.immediate.iter().map(|it| json!({"call": it.call, "args": it.args})).collect();
    if !agrees(&json!(wanted), &json!(immediate)) && record.source == Source::Juju {
        differences.push(format!("immediate: recorded {wanted:?}, found {immediate:?}"));
    }
    let exit = match record.finish {
        Some(Finish::None) => return differences,
        Some(Finish::Fail) => 1,
        None => 0,
    };
    let now = running.reboot == Some(Reboot::Now);
    let flush = if exit == 0 && !now { flushed(&running.unit, &running.flush()) } else { json!({}) };
    let wanted = if effects.flushed.is_null() { &json!({}) } else { &effects.flushed };
    if !agrees(wanted, &flush) && !record.unstable {
        differences.push(format!("flushed: recorded {wanted}, found {flush}"));
    }
    let rebooted: Vec<Value> = match running.reboot {
        Some(_) => vec![
            json!({"call": "set-agent-status", "args": {"status": "rebooting", "message": ""}}),
            json!({"call": "request-reboot", "args": true}),
        ],
        None => Vec::new(),
    };
    let wanted: Vec<Value> = effects.at_end.iter().map(|it| json!({"call": it.call, "args": it.args})).collect();
    if !agrees(&json!(wanted), &json!(rebooted)) {
        differences.push(format!("at the end: recorded {wanted:?}, found {rebooted:?}"));
    }
    let end = if exit == 0 { End::Exited } else { End::Failed("exit status 1".to_owned()) };
    match &running.work {
        Work::Action(action) => {
            let results = action.results.clone();
            let done = model.finish_action(running, &end, &ProgramEnd::Exit(exit), (b"", b""));
            let found = json!({"status": done.status, "message": done.message, "results": results});
            let wanted = effects.action_finished.clone().unwrap_or_default();
            if !agrees(&wanted, &found) {
                differences.push(format!("action: recorded {wanted}, found {found}"));
            }
        }
        Work::Hook(_) => {
            let found = match model.finish(running, end) {
                Fate::Rerun => "reboot now".to_owned(),
                Fate::Committed if running.reboot.is_some() => "reboot after hook".to_owned(),
                Fate::Committed => "ok".to_owned(),
                // The stand-in for the controller accepts what the model's refuses; what was sent is the same.
                Fate::Failed(_) if exit == 0 => "ok".to_owned(),
                Fate::Failed(why) | Fate::ActionFailed(why) => why,
            };
            let wanted = effects.end.clone().unwrap_or_default();
            if wanted != found {
                differences.push(format!("end: recorded {wanted:?}, found {found:?}"));
            }
        }
        Work::Exec(_) => {}
    }
    differences
}
