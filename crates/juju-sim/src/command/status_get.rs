//! Juju: hook command `status-get`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::flags::{self, Flag};
use super::format::{Format, Out};
use super::{Call, Command, Failure, StatusInfo};

pub(super) const COMMAND: Command = Command {
    name: "status-get",
    args: "",
    purpose: "Prints the status of this unit, or of the application.",
    flags: &[
        flags::FORMAT,
        flags::OUTPUT,
        Flag::switch(&["include-data"], "with the message and the data"),
        Flag::switch(&["application"], "of the application and all its units; only the leader may"),
    ],
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    call.at_most(0)?;
    let with_data = call.flags.on("include-data");
    let word_only = !with_data && call.flags.format == Format::Smart;
    if !call.flags.on("application") {
        let unit = call.cx.unit_status().map_err(|text| format!("finding workload status: {text}"))?;
        let out = if word_only { unit.status.into() } else { Out::Map(details(unit, with_data)) };
        return Ok(Some(out));
    }
    let (application, units) = call.cx.app_status().map_err(|text| format!("finding application status: {text}"))?;
    if word_only {
        return Ok(Some(application.status.into()));
    }
    let units = units.into_iter().map(|(unit, status)| (unit, Out::Map(details(status, with_data)))).collect();
    // The units are inside the application's details, not beside them.
    let mut application = details(application, with_data);
    application.insert("units".to_owned(), Out::Map(units));
    Ok(Some(Out::Map(BTreeMap::from([("application-status".to_owned(), Out::Map(application))]))))
}

fn details(info: StatusInfo, with_data: bool) -> BTreeMap<String, Out> {
    let mut details = BTreeMap::from([("status".to_owned(), info.status.into())]);
    if with_data {
        details.insert("message".to_owned(), info.message.into());
        details.insert("status-data".to_owned(), Value::Object(info.data).into());
    }
    details
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check};

    #[test]
    fn answers() {
        for (argv, stdout) in [
            ("status-get", "active"),
            ("status-get --format json", r#"{"status":"active"}"#),
            ("status-get --format yaml", "status: active"),
            ("status-get --include-data --format json", r#"{"message":"doing","status":"active","status-data":{}}"#),
            ("status-get --include-data", "message: doing\nstatus: active\nstatus-data: {}"),
            ("status-get --application", "waiting"),
            (
                "status-get --application --format json",
                r#"{"application-status":{"status":"waiting","units":{"wordpress/0":{"status":"active"}}}}"#,
            ),
            (
                "status-get --application=true --include-data --format=json",
                concat!(
                    r#"{"application-status":{"message":"","status":"waiting","status-data":{},"units":"#,
                    r#"{"wordpress/0":{"message":"doing","status":"active","status-data":{}}}}}"#,
                ),
            ),
            (
                "status-get --include-data --format=json --application=false",
                r#"{"message":"doing","status":"active","status-data":{}}"#,
            ),
        ] {
            check(&mut Fake::new(), argv, None, 0, &format!("{stdout}\n"), "");
        }
    }

    #[test]
    fn errors() {
        let mut fake = Fake { leader: Ok(false), ..Fake::new() };
        let stderr = "ERROR finding application status: this unit is not the leader\n";
        check(&mut fake, "status-get --application", None, 1, "", stderr);
        check(&mut fake, "status-get x y", None, 2, "", "ERROR unrecognized args: [\"x\" \"y\"]\n");
    }
}
