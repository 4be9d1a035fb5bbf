//! Juju: hook command `goal-state`.

use std::collections::BTreeMap;

use super::format::{Field, Out};
use super::{Call, Command, Failure, GoalStatus, flags, time};

pub(super) const COMMAND: Command = Command {
    name: "goal-state",
    args: "",
    purpose: "Prints the units and relations that are there or are to come, with their status.",
    flags: &[flags::DATA_FORMAT, flags::OUTPUT],
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    call.at_most(0)?;
    let goal = call.cx.goal_state()?;
    let relations = goal.relations.into_iter().map(|(endpoint, relation)| (endpoint, statuses(relation))).collect();
    Ok(Some(Out::Struct(vec![Field::new("units", statuses(goal.units)), Field::new("relations", Out::Map(relations))])))
}

fn statuses(statuses: BTreeMap<String, GoalStatus>) -> Out {
    let status = |status: GoalStatus| {
        let mut fields = vec![Field::new("status", status.status)];
        fields.extend(status.since.map(|since| Field::new("since", time::spaced(since))));
        Out::Struct(fields)
    };
    Out::Map(statuses.into_iter().map(|(name, of)| (name, status(of))).collect())
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check};

    #[test]
    fn goal_state() {
        for (argv, stdout) in [
            (
                "goal-state --format json",
                concat!(
                    r#"{"units":{"wordpress/0":{"status":"active","since":"2026-01-02 03:04:05Z"}},"#,
                    r#""relations":{"cache":{},"db":{"mysql":{"status":"joined","since":"2026-01-02 03:04:05Z"},"#,
                    r#""mysql/0":{"status":"waiting"}}}}"#,
                ),
            ),
            (
                "goal-state",
                "units:\n  wordpress/0:\n    status: active\n    since: 2026-01-02 03:04:05Z\nrelations:\n  \
                 cache: {}\n  db:\n    mysql:\n      status: joined\n      since: 2026-01-02 03:04:05Z\n    \
                 mysql/0:\n      status: waiting",
            ),
        ] {
            check(&mut Fake::in_relation(), argv, None, 0, &format!("{stdout}\n"), "");
        }
        check(&mut Fake::new(), "goal-state", None, 0, "units: {}\nrelations: {}\n", "");
        check(&mut Fake::new(), "goal-state --format json", None, 0, "{\"units\":{},\"relations\":{}}\n", "");
        check(&mut Fake::new(), "goal-state x", None, 2, "", "ERROR unrecognized args: [\"x\"]\n");
    }
}
