use std::collections::BTreeMap;

use clap::{Arg, ArgAction, Command};
use serde::Serialize;
use serde_json::Value;

use super::{Verb, no_settle};
use crate::OptionKind;
use crate::cli::call::Call;
use crate::cli::failure::Failure;
use crate::cli::form::{give, with_forms};
use crate::cli::options;
use crate::cli::session::Session;
use crate::cli::view::plain;

pub(super) const VERB: Verb = Verb {
    name: "config",
    aliases: &[],
    about: "Show or change the options of an application",
    arguments,
    has_model: true,
    idle: &[],
    run,
};

fn arguments(command: Command) -> Command {
    let many = |name: &'static str| Arg::new(name).long(name).action(ArgAction::Append);
    let settings = Arg::new("settings").num_args(0..).value_name("KEY[=VALUE]");
    let command = command
        .arg(Arg::new("application").required(true).value_name("APPLICATION").help("The application"))
        .arg(settings.help("The option to show, or those to set, to @FILE's text too"))
        .arg(many("file").value_name("FILE").help("Set the options of a YAML file"))
        .arg(many("reset").value_name("KEYS").help("Set options to their defaults"))
        .arg(no_settle());
    with_forms(command, &["yaml", "json"])
}

/// Options, as Juju shows them.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct View {
    application: String,
    application_config: BTreeMap<&'static str, OptionView>,
    charm: String,
    settings: BTreeMap<String, OptionView>,
}

#[derive(Serialize)]
struct OptionView {
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<Value>,
    description: String,
    source: &'static str,
    r#type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
}

fn run(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let app = call.text("application").to_owned();
    let settings = call.texts("settings");
    let (files, reset) = (call.texts("file"), call.texts("reset"));
    let sets = settings.iter().any(|text| text.contains('='));
    if !sets && files.is_empty() && reset.is_empty() {
        let session = call.look()?;
        let view = view(&session, &app)?;
        return match settings.as_slice() {
            [] => give(call, &view, String::new),
            [key] => {
                let application = view.application_config.iter().find(|(name, _)| *name == key).map(|(_, it)| it);
                let option = view.settings.get(key).or(application);
                let option = option
                    .ok_or_else(|| format!("key {key:?} not found in {app:?} application config or charm settings."))?;
                call.terminal
                    .print(&option.value.as_ref().map(|value| format!("{}\n", plain(value))).unwrap_or_default());
                Ok(())
            }
            _ => Err(Failure::Usage("can only retrieve a single value, or all values".to_owned())),
        };
    }
    if let Some(key) = settings.iter().find(|text| !text.contains('=')) {
        return Err(Failure::Usage(format!("expected \"key=value\", got {key:?}")));
    }
    let (store, mut session) = call.open()?;
    let charm = session.world.model().application(&app)?.charm().clone();
    let mut changes = BTreeMap::new();
    for file in &files {
        let text = match file.as_str() {
            "-" => std::io::read_to_string(&mut call.terminal.input)
                .map_err(|error| format!("read standard input: {error}"))?,
            path => options::read_text(&call.path(path))?,
        };
        changes.extend(options::of_file(&text, file, &charm, &app)?);
    }
    changes.extend(options::of_charm(&settings, &charm, &app, &call.around.dir)?);
    let reset: Vec<&str> = reset.iter().flat_map(|keys| keys.split(',')).collect();
    if let Some(both) = reset.iter().find(|key| changes.contains_key(**key)) {
        return Err(format!("cannot set and reset key {both:?} simultaneously").into());
    }
    if let Some(unknown) = reset.iter().find(|key| !charm.options().contains_key(**key)) {
        return Err(format!("unknown option {unknown:?}").into());
    }
    for (key, value) in changes {
        session.world.set_config(&app, &key, Some(value))?;
    }
    for key in reset {
        session.world.set_config(&app, key, None)?;
    }
    call.settle(&store, &mut session)
}

fn view(session: &Session, app: &str) -> Result<View, Failure> {
    let model = session.world.model();
    let application = model.application(app)?;
    let option = |(key, option): (&String, &crate::ConfigOption)| {
        let set = application.config.get(key);
        let source = match (set, &option.default) {
            (Some(_), _) => "user",
            (None, Some(_)) => "default",
            (None, None) => "unset",
        };
        let view = OptionView {
            default: option.default.clone(),
            description: option.description.clone(),
            source,
            r#type: option.kind.to_string(),
            value: set.or(option.default.as_ref()).cloned(),
        };
        (key.clone(), view)
    };
    let trusted = application.cloud_spec.is_some();
    let trust = OptionView {
        default: Some(false.into()),
        description: "Does this application have access to trusted credentials".to_owned(),
        source: if trusted { "user" } else { "default" },
        r#type: OptionKind::Boolean.to_string().replace("boolean", "bool"),
        value: Some(trusted.into()),
    };
    Ok(View {
        application: app.to_owned(),
        application_config: BTreeMap::from([("trust", trust)]),
        charm: application.charm().name().to_owned(),
        settings: application.charm().options().iter().map(option).collect(),
    })
}
