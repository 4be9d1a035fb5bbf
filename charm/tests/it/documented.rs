//! What an operator can set and run is in the documentation.

use std::fs;
use std::path::Path;

use serde_json::Value;

#[test]
fn every_option_action_and_parameter_is_in_the_documentation() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let doc = fs::read_to_string(root.join("docs/magpie.md")).unwrap();
    let charm: Value = serde_yaml::from_str(&fs::read_to_string(root.join("charmcraft.yaml")).unwrap()).unwrap();
    let names = |of: &Value| of.as_object().map(|of| of.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
    let row = |name: &str| {
        let is_of =
            |line: &&str| line.starts_with("| ") && line.split('|').nth(1).unwrap().contains(&format!("`{name}`"));
        doc.lines().find(is_of).unwrap_or_else(|| panic!("no table has a row of {name}"))
    };
    let options = names(&charm["config"]["options"]);
    assert!(options.len() > 20, "{options:?}");
    for option in &options {
        let default = &charm["config"]["options"][option]["default"];
        let shown = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
        let shown = shown.strip_suffix(".0").unwrap_or(&shown);
        assert!(
            default.is_null() || row(option).contains(shown),
            "{option}: the default {shown} is not in {}",
            row(option)
        );
    }
    let actions = names(&charm["actions"]);
    assert!(actions.len() > 8, "{actions:?}");
    for action in &actions {
        for parameter in names(&charm["actions"][action]["params"]) {
            assert!(row(action).contains(&format!("`{parameter}`")), "{action} {parameter}");
            let default = &charm["actions"][action]["params"][&parameter]["default"];
            let shown = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
            // A number that has no effect has no default that counts.
            assert!(parameter == "listener-count" || row(action).contains(&shown), "{action} {parameter} {shown}");
        }
    }
}
