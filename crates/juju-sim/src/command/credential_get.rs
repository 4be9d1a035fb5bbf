//! Juju: hook command `credential-get`.

use super::format::{Field, Out};
use super::{Call, CloudCredential, Command, Failure, flags};

pub(super) const COMMAND: Command = Command {
    name: "credential-get",
    args: "",
    purpose: "Prints the model's cloud and the credential for it. The application needs to be trusted.",
    flags: &[flags::FORMAT, flags::OUTPUT],
    run,
};

fn run(call: &mut Call<'_>) -> Result<Option<Out>, Failure> {
    call.at_most(0)?;
    let cloud = call.cx.cloud_spec().map_err(|text| format!("cannot access cloud credentials: {text}"))?;
    let mut fields = vec![Field::new("type", cloud.kind), Field::new("name", cloud.name)];
    let credential = cloud.credential.map_or(Out::Null, credential);
    let certificates = cloud.ca_certificates;
    for (json, yaml, value) in [
        ("region", "region", Out::Text(cloud.region)),
        ("endpoint", "endpoint", Out::Text(cloud.endpoint)),
        ("identity-endpoint", "identityendpoint", Out::Text(cloud.identity_endpoint)),
        ("storage-endpoint", "storageendpoint", Out::Text(cloud.storage_endpoint)),
        ("credential", "credential", credential),
        ("cacertificates", "cacertificates", certificates.into()),
        ("skip-tls-verify", "skiptlsverify", cloud.skip_tls_verify.into()),
        ("is-controller-cloud", "iscontrollercloud", cloud.is_controller_cloud.into()),
    ] {
        add(&mut fields, json, yaml, value);
    }
    Ok(Some(Out::Struct(fields)))
}

fn credential(credential: CloudCredential) -> Out {
    let mut fields = Vec::new();
    let attributes = Out::from(credential.attributes);
    add(&mut fields, "auth-type", "authtype", credential.auth_type.into());
    add(&mut fields, "attrs", "attributes", attributes);
    add(&mut fields, "redacted", "redacted", credential.redacted.into());
    Out::Struct(fields)
}

/// JSON has names of its own, and leaves out what is empty.
fn add(fields: &mut Vec<Field>, json: &'static str, yaml: &'static str, value: Out) {
    let empty = match &value {
        Out::Null | Out::Bool(false) => true,
        Out::Text(text) => text.is_empty(),
        Out::Texts(texts) => texts.is_empty(),
        Out::Map(map) => map.is_empty(),
        _ => false,
    };
    if !empty {
        fields.push(Field::json_only(json, value.clone()));
    }
    fields.push(Field::yaml_only(yaml, value));
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, check};

    #[test]
    fn credential_get() {
        let yaml = "type: lxd\nname: localhost\nregion: \"\"\nendpoint: 10.0.8.1\nidentityendpoint: \"\"\n\
                    storageendpoint: \"\"\ncredential:\n  authtype: certificate\n  attributes:\n    client-cert: C\n  \
                    redacted: []\ncacertificates:\n- CA\nskiptlsverify: false\niscontrollercloud: true\n";
        let json = concat!(
            r#"{"type":"lxd","name":"localhost","endpoint":"10.0.8.1","credential":{"auth-type":"certificate","#,
            r#""attrs":{"client-cert":"C"}},"cacertificates":["CA"],"is-controller-cloud":true}"#,
            "\n",
        );
        check(&mut Fake::new(), "credential-get", None, 0, yaml, "");
        check(&mut Fake::new(), "credential-get --format yaml", None, 0, yaml, "");
        check(&mut Fake::new(), "credential-get --format json", None, 0, json, "");
        check(&mut Fake::new(), "credential-get x", None, 2, "", "ERROR unrecognized args: [\"x\"]\n");
        let mut denied = Fake { leader: Err("permission denied".into()), ..Fake::new() };
        let stderr = "ERROR cannot access cloud credentials: permission denied\n";
        check(&mut denied, "credential-get", None, 1, "", stderr);
    }
}
