//! Operations and their tasks, as Juju shows them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::records::{Operation, Task};
use super::time;
use super::view::plain;

/// A task, as `juju run` and `juju show-task` give it.
#[derive(Debug, Serialize)]
pub(super) struct TaskView {
    id: String,
    status: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    log: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    results: Option<Value>,
    timing: Timing,
    unit: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<ActionView>,
}

#[derive(Debug, Serialize)]
struct Timing {
    enqueued: String,
    started: String,
    completed: String,
}

#[derive(Debug, Serialize)]
struct ActionView {
    name: String,
    parameters: Map<String, Value>,
}

/// An operation, as `juju show-operation` gives it.
#[derive(Debug, Serialize)]
pub(super) struct OperationView {
    summary: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<ActionView>,
    timing: Timing,
    tasks: BTreeMap<String, TaskInOperation>,
}

#[derive(Debug, Serialize)]
struct TaskInOperation {
    host: String,
    status: String,
    timing: Timing,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    log: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    message: String,
    results: Value,
}

fn timing(operation: &Operation, task: &Task) -> Timing {
    let [enqueued, started, completed] = [operation.enqueued, task.started, task.completed].map(time::timing);
    Timing { enqueued, started, completed }
}

fn log(task: &Task) -> Vec<String> {
    let stamp = time::log(task.completed, true);
    task.result.log.iter().map(|text| format!("{stamp} +0000 UTC {text}")).collect()
}

impl TaskView {
    pub(super) fn of(operation: &Operation, task: &Task) -> TaskView {
        TaskView {
            id: task.result.id.to_string(),
            status: task.result.status.clone(),
            message: task.result.message.clone(),
            log: log(task),
            results: task
                .result
                .results
                .as_object()
                .is_some_and(|it| !it.is_empty())
                .then(|| task.result.results.clone()),
            timing: timing(operation, task),
            unit: task.unit.clone(),
            action: None,
        }
    }

    /// With the action's name and parameters.
    pub(super) fn with_action(self, operation: &Operation) -> TaskView {
        TaskView { action: action(operation), ..self }
    }
}

fn action(operation: &Operation) -> Option<ActionView> {
    let (name, parameters) = (operation.action.clone(), operation.parameters.clone());
    (name != "juju-exec").then_some(ActionView { name, parameters })
}

impl Operation {
    pub(super) fn status(&self) -> &'static str {
        match self.tasks.values().all(|task| task.result.status == "completed") {
            true => "completed",
            false if self.tasks.values().all(|task| task.result.status != "failed") => "error",
            false => "failed",
        }
    }

    /// When its last task ended.
    pub(super) fn completed(&self) -> u64 {
        self.tasks.values().map(|task| task.completed).max().unwrap_or(self.enqueued)
    }

    /// When its first task began.
    pub(super) fn started(&self) -> u64 {
        self.tasks.values().map(|task| task.started).min().unwrap_or(self.enqueued)
    }
}

impl OperationView {
    pub(super) fn of(operation: &Operation) -> OperationView {
        let task = |(id, task): (&u32, &Task)| {
            let view = TaskInOperation {
                host: task.unit.clone(),
                status: task.result.status.clone(),
                timing: timing(operation, task),
                log: log(task),
                message: task.result.message.clone(),
                results: task.result.results.clone(),
            };
            (id.to_string(), view)
        };
        let [enqueued, started, completed] =
            [operation.enqueued, operation.started(), operation.completed()].map(time::timing);
        OperationView {
            summary: operation.summary.clone(),
            status: operation.status(),
            action: action(operation),
            timing: Timing { enqueued, started, completed },
            tasks: operation.tasks.iter().map(task).collect(),
        }
    }
}

/// The results of one task, for people: what it printed as it is, the rest as `key: value`.
pub(super) fn plain_results(results: &Value) -> String {
    let mut text = String::new();
    for (key, value) in results.as_object().into_iter().flatten() {
        match key.as_str() {
            "return-code" | "stdout" | "stderr" => {}
            _ => lines(&mut text, 0, key, value),
        }
    }
    for key in ["stdout", "stderr"] {
        if let Some(output) = results.get(key) {
            text.push_str(plain(output).trim_end());
            text.push('\n');
        }
    }
    text
}

fn lines(text: &mut String, indent: usize, key: &str, value: &Value) {
    let blanks = " ".repeat(indent);
    match value {
        Value::Object(inner) => {
            text.push_str(&format!("{blanks}{key}:\n"));
            for (key, value) in inner {
                lines(text, indent + 2, key, value);
            }
        }
        Value::String(long) if long.trim_end().contains('\n') => {
            text.push_str(&format!("{blanks}{key}: |\n"));
            for line in long.trim_end().lines() {
                text.push_str(&format!("{blanks}  {line}\n"));
            }
        }
        value => text.push_str(&format!("{blanks}{key}: {}\n", plain(value))),
    }
}
