//! What programs rely on that call `juju` and read what it says.

use serde_json::json;

use super::Bench;

#[test]
fn an_application_with_a_failed_unit_is_in_error_itself() {
    let bench = Bench::with_hello(2);
    bench.ok("config hello greeting=bad");
    let app = &bench.json("status --format json")["applications"]["hello"]["application-status"];
    assert_eq!((&app["current"], &app["message"]), (&json!("error"), &json!("hook failed: \"config-changed\"")));
}
