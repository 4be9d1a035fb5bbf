//! What is refused, in what words, and that nothing is changed by it.

use expect_test::expect;

use super::Bench;
use super::rich::rich;

/// What each of some commands is refused with. Nothing of what is kept is changed by any.
fn refusals(bench: &Bench, lines: &[&str]) -> String {
    let before = bench.kept();
    let (mut text, mut wrong) = (String::new(), Vec::new());
    for line in lines {
        let said = bench.call(line);
        let is_refused = said.code != 0 && said.out.is_empty() && !said.err.contains("sesame");
        if !is_refused || bench.kept() != before {
            wrong.push((line, said));
            continue;
        }
        text.push_str(&format!("juju-sim {line}\n  {}", said.code));
        for said in said.err.trim_end().lines() {
            let said = format!("  {}", said.replace(bench.path("").to_str().unwrap(), "/dir/"));
            text.push_str(&format!("{}\n", said.trim_end()));
        }
    }
    assert!(wrong.is_empty(), "not refused, or something is changed: {wrong:#?}");
    text
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let bench = rich();
    bench.write("list.yaml", "[1, 2]\n");
    bench.write("other.yaml", "other: {mtu: 1}\n");
    let lines = [
        "add-machine lxd:0",
        "add-machine -n 0",
        "add-machine --private-key k",
        "add-model web",
        "add-model Web",
        "add-model ''",
        "add-model -- -x",
        "add-model x --config name=y",
        "add-model x --config test-mode=maybe",
        "add-model x --config none.yaml",
        "add-model x --config hook-time-limit=0",
        "add-model x --owner bob",
        "add-model x --seed many",
        "add-secret token key=value",
        "add-secret new",
        "add-secret new sesame",
        "add-secret new =sesame",
        "add-secret new key#base64=%sesame",
        "add-secret new key#file=none",
        "add-secret new K=sesame",
        "add-secret new --file none.yaml",
        "add-secret new --file list.yaml",
        "add-space alpha 10.8.0.0/24",
        "add-space fast 10.8.0.0/24",
        "add-space new nothing",
        "add-storage hello/9 data",
        "add-storage hello/0 none",
        "add-storage hello/0 data=0",
        "add-storage hello/0 data=4000000000",
        "add-storage hello/0 data=-1",
        "add-unit none",
        "add-unit hello -n 0",
        "add-unit hello -n 4000000000",
        "add-unit hello -n x",
        "add-unit logs",
        "add-unit hello --to 99",
        "add-unit hello --to lxd:0",
        "add-unit hello --attach-storage data/9",
        "add-unit hello --attach-storage data/0",
        "add-unit hello -n 2 --attach-storage data/0",
        "attach-resource none tool=tool.txt",
        "attach-resource hello none=tool.txt",
        "attach-resource hello tool=none.txt",
        "attach-resource hello tool",
        "attach-storage hello/0 data/9",
        "attach-storage hello/9 data/0",
        "attach-storage hello/1 data/0",
        "bind none fast",
        "bind hello none",
        "bind hello none=fast",
        "cancel-task 1",
        "config none",
        "config none a=b",
        "config hello none",
        "config hello none=1",
        "config hello mtu=big",
        "config hello mtu=1 greeting",
        "config hello mtu greeting",
        "config hello --reset none",
        "config hello mtu=1 --reset mtu",
        "config hello --file none.yaml",
        "config hello --file list.yaml",
        "config hello --file other.yaml",
        "config hello greeting=@none",
        "constraints none",
        "set-constraints none mem=1G",
        "set-constraints hello meme=1",
        "set-model-constraints mem",
        "deploy ./hello 'Bad Name'",
        "deploy ./hello a/b",
        "deploy ./hello ''",
        "deploy ./hello two -n -1",
        "deploy ./hello two --resource none=tool.txt",
        "deploy ./hello two --resource tool=none.txt",
        "deploy ./hello two --storage none=1",
        "deploy ./hello two --storage data=x=y",
        "deploy ./hello two --bind none=fast",
        "deploy ./hello two --bind none",
        "deploy ./hello two --config none=1",
        "deploy ./hello two --config none.yaml",
        "deploy ./hello two --constraints memory=1",
        "deploy ./logs two -n 1",
        "deploy ./logs two --device x=1",
        "deploy",
        "deploy ''",
        "destroy-model none",
        "destroy-model web --no-prompt",
        "destroy-model web",
        "destroy-model web --destroy-storage --release-storage",
        "detach-storage data/9",
        "exec -- true",
        "exec --unit hello/0",
        "exec --unit none/leader -- true",
        "exec --application none -- true",
        "exec --machine 99 -- true",
        "exec --machine 3 -- true",
        "exec --unit hello/0 --wait soon -- true",
        "expose none",
        "expose hello --to-cidrs 10.0.0.0/8",
        "unexpose none",
        "fault hello/9 fail",
        "fault hello/0 kill-at x",
        "fault hello/0 answer status-set 999 x",
        "fault hello/0 hang nothing-get",
        "fault hello/0 refuse Nothing.Here x",
        "grant-secret none hello",
        "grant-secret token none",
        "grant-secret token hello,none",
        "revoke-secret none hello",
        "revoke-secret token none",
        "integrate none hello",
        "integrate hello none",
        "integrate hello:none db",
        "integrate hello db",
        "integrate hello hello",
        "integrate hello",
        "integrate '' ''",
        "integrate : :",
        "machines extra",
        "model-config none",
        "model-config agent-version=1",
        "model-config test-mode=maybe",
        "model-config hook-time-limit=soon",
        "model-config hook-time-limit=0",
        "model-config update-status-hook-interval=0s",
        "model-config a b",
        "model-config test-mode=true a",
        "model-config --file none.yaml",
        "model-config =",
        "models --format table",
        "operations --limit x",
        "refresh none",
        "refresh hello --path ./none",
        "refresh hello --path ./pg",
        "refresh hello --config none=1",
        "refresh hello --resource none=tool.txt",
        "refresh hello --storage none=1",
        "refresh hello --bind none=fast",
        "refresh hello --revision 3",
        "refresh hello --channel edge",
        "refresh hello --switch other",
        "remove-application none",
        "remove-application hello none",
        "remove-application hello",
        "remove-relation hello logs:none",
        "remove-relation 99",
        "remove-relation hello",
        "remove-relation a b c",
        "remove-secret none",
        "remove-secret token --revision 9",
        "remove-storage data/0",
        "remove-storage data/9",
        "remove-unit hello/9",
        "remove-unit hello",
        "remove-unit hello/0",
        "remove-unit logs/0 --no-prompt",
        "remove-unit hello/0 hello/9 --no-prompt",
        "resolved",
        "resolved hello/0",
        "resolved --all hello/0",
        "resolved hello/9",
        "resources none",
        "resources hello/9",
        "resume-relation 99",
        "suspend-relation x",
        "run",
        "run hello/0",
        "run greet",
        "run hello/0 greet name",
        "run hello/0 greet name=1",
        "run hello/0 greet name={",
        "run none/leader greet",
        "run hello/0 greet --params none.yaml",
        "run hello/0 greet --wait soon",
        "scp hello/9:x y",
        "scp x",
        "scp none y",
        "show-action hello none",
        "show-action none greet",
        "show-application none",
        "show-application hello none",
        "show-model none",
        "show-operation 99",
        "show-operation x",
        "show-secret none",
        "show-secret token --revision 9",
        "show-secret token --reveal --revisions",
        "show-status-log none/0",
        "show-status-log hello/0 --type application",
        "show-storage data/9",
        "show-task 99",
        "show-unit hello/9",
        "show-unit ''",
        "ssh hello/9 true",
        "ssh none/leader true",
        "ssh",
        "status -m none",
        "status -m ctrl:web",
        "status -m bob/web",
        "status -m ''",
        "status --watch soon",
        "status --format xml",
        "step hello/9",
        "step -n x",
        "switch none",
        "switch ctrl:web",
        "tick soon",
        "tick 100000h",
        "tick -1s",
        "transcript --last x",
        "trust none",
        "update-secret none key=v",
        "update-secret token",
        "update-secret token --auto-prune=maybe",
        "wait-for unit",
        "wait-for app hello",
        "wait-for application none --timeout 0",
        "wait-for application hello --query status== --timeout 0",
        "wait-for unit hello/0 --query 'workload-status==\"blocked\"' --timeout 0",
        "wait-for model --timeout soon",
        "whoami extra",
        "bootstrap",
        "upgrade-model --dry-run",
        "nothing",
        "--nothing",
    ];
    expect![[r#"
        juju-sim add-machine lxd:0
          2  ERROR placement "lxd:0": not supported by juju-sim
        juju-sim add-machine -n 0
          2  ERROR invalid value '0' for '-n <NUMBER>': 0 is not in 1..=1000

          For more information, try '--help'.
        juju-sim add-machine --private-key k
          2  ERROR juju add-machine --private-key: not supported by juju-sim
        juju-sim add-model web
          1  ERROR failed to create new model: model "web" for admin already exists (already exists)
        juju-sim add-model Web
          1  ERROR "Web" is not a valid name: model names may only contain lowercase letters, digits and hyphens
        juju-sim add-model ''
          1  ERROR "" is not a valid name: model names may only contain lowercase letters, digits and hyphens
        juju-sim add-model -- -x
          1  ERROR "-x" is not a valid name: model names may only contain lowercase letters, digits and hyphens
        juju-sim add-model x --config name=y
          1  ERROR "name" cannot be set on a model
        juju-sim add-model x --config test-mode=maybe
          1  ERROR test-mode: expected bool, got "maybe"
        juju-sim add-model x --config none.yaml
          1  ERROR read /dir/none.yaml: No such file or directory (os error 2)
        juju-sim add-model x --config hook-time-limit=0
          1  ERROR hook-time-limit: expected a time of 1s or more, such as 5m, got "0"
        juju-sim add-model x --owner bob
          2  ERROR juju add-model --owner: not supported by juju-sim
        juju-sim add-model x --seed many
          2  ERROR invalid value 'many' for '--seed <NUMBER>': invalid digit found in string

          For more information, try '--help'.
        juju-sim add-secret token key=value
          1  ERROR secret with name "token" already exists
        juju-sim add-secret new
          1  ERROR missing secret value or filename
        juju-sim add-secret new sesame
          1  ERROR secret content must be given as key=value
        juju-sim add-secret new =sesame
          1  ERROR secret content must be given as key=value
        juju-sim add-secret new key#base64=%sesame
          1  ERROR the value of key "key" is no base64
        juju-sim add-secret new key#file=none
          1  ERROR read /dir/none: No such file or directory (os error 2)
        juju-sim add-secret new K=sesame
          1  ERROR key "K" not valid
        juju-sim add-secret new --file none.yaml
          1  ERROR read /dir/none.yaml: No such file or directory (os error 2)
        juju-sim add-secret new --file list.yaml
          1  ERROR list.yaml: expected a map
        juju-sim add-space alpha 10.8.0.0/24
          1  ERROR space "alpha" already exists
        juju-sim add-space fast 10.8.0.0/24
          1  ERROR space "fast" already exists
        juju-sim add-space new nothing
          1  ERROR "nothing" is not a valid CIDR of a network that has room for machines
        juju-sim add-storage hello/9 data
          1  ERROR unit "hello/9" not found
        juju-sim add-storage hello/0 none
          1  ERROR add storage none: the charm has no storage of this name
        juju-sim add-storage hello/0 data=0
          1  ERROR storage directive "0": expected a count from 1 to 1000
        juju-sim add-storage hello/0 data=4000000000
          1  ERROR storage directive "4000000000": expected a count from 1 to 1000
        juju-sim add-storage hello/0 data=-1
          1  ERROR storage directive "-1": expected a pool, a count and a size
        juju-sim add-unit none
          1  ERROR application "none" not found
        juju-sim add-unit hello -n 0
          1  ERROR --num-units must be a positive integer
        juju-sim add-unit hello -n 4000000000
          2  ERROR invalid value '4000000000' for '--num-units <NUMBER>': 4000000000 is not in 0..=10000

          For more information, try '--help'.
        juju-sim add-unit hello -n x
          2  ERROR invalid value 'x' for '--num-units <NUMBER>': invalid digit found in string

          For more information, try '--help'.
        juju-sim add-unit logs
          1  ERROR deploy logs: a subordinate gets its units by its relations
        juju-sim add-unit hello --to 99
          1  ERROR machine 99 not found
        juju-sim add-unit hello --to lxd:0
          2  ERROR placement "lxd:0": not supported by juju-sim
        juju-sim add-unit hello --attach-storage data/9
          1  ERROR attach storage data/9: there is none of this id
        juju-sim add-unit hello --attach-storage data/0
          1  ERROR attach storage data/0: it is attached
        juju-sim add-unit hello -n 2 --attach-storage data/0
          1  ERROR --attach-storage cannot be used with --num-units
        juju-sim attach-resource none tool=tool.txt
          1  ERROR application "none" not found
        juju-sim attach-resource hello none=tool.txt
          1  ERROR attach resource to hello: the charm has no resource "none"
        juju-sim attach-resource hello tool=none.txt
          1  ERROR read /dir/none.txt: No such file or directory (os error 2)
        juju-sim attach-resource hello tool
          2  ERROR expected "key=value", got "tool"
        juju-sim attach-storage hello/0 data/9
          1  ERROR attach storage data/9: there is none of this id
        juju-sim attach-storage hello/9 data/0
          1  ERROR unit "hello/9" not found
        juju-sim attach-storage hello/1 data/0
          1  ERROR attach storage data/0: it is attached
        juju-sim bind none fast
          1  ERROR application "none" not found
        juju-sim bind hello none
          1  ERROR bind hello: space "none" not found
        juju-sim bind hello none=fast
          1  ERROR bind hello: the charm has no endpoint or extra binding "none"
        juju-sim cancel-task 1
          2  ERROR juju cancel-task: not supported by juju-sim
        juju-sim config none
          1  ERROR application "none" not found
        juju-sim config none a=b
          1  ERROR application "none" not found
        juju-sim config hello none
          1  ERROR key "none" not found in "hello" application config or charm settings.
        juju-sim config hello none=1
          1  ERROR unknown option "none"
        juju-sim config hello mtu=big
          1  ERROR option "mtu" expected int, got "big"
        juju-sim config hello mtu=1 greeting
          2  ERROR expected "key=value", got "greeting"
        juju-sim config hello mtu greeting
          2  ERROR can only retrieve a single value, or all values
        juju-sim config hello --reset none
          1  ERROR unknown option "none"
        juju-sim config hello mtu=1 --reset mtu
          1  ERROR cannot set and reset key "mtu" simultaneously
        juju-sim config hello --file none.yaml
          1  ERROR read /dir/none.yaml: No such file or directory (os error 2)
        juju-sim config hello --file list.yaml
          1  ERROR list.yaml: expected a map
        juju-sim config hello --file other.yaml
          1  ERROR other.yaml: no settings found for "hello"
        juju-sim config hello greeting=@none
          1  ERROR read /dir/none: No such file or directory (os error 2)
        juju-sim constraints none
          1  ERROR application "none" not found
        juju-sim set-constraints none mem=1G
          1  ERROR application "none" not found
        juju-sim set-constraints hello meme=1
          1  ERROR unknown constraint "meme"
        juju-sim set-model-constraints mem
          2  ERROR expected "key=value", got "mem"
        juju-sim deploy ./hello 'Bad Name'
          1  ERROR deploy Bad Name: this is no name for an application
        juju-sim deploy ./hello a/b
          1  ERROR deploy a/b: this is no name for an application
        juju-sim deploy ./hello ''
          1  ERROR deploy : this is no name for an application
        juju-sim deploy ./hello two -n -1
          2  ERROR unexpected argument '-1' found

            tip: to pass '-1' as a value, use '-- -1'

          Usage: juju-sim deploy [OPTIONS] <CHARM> [NAME]

          For more information, try '--help'.
        juju-sim deploy ./hello two --resource none=tool.txt
          1  ERROR deploy two: the charm has no resource "none"
        juju-sim deploy ./hello two --resource tool=none.txt
          1  ERROR read /dir/none.txt: No such file or directory (os error 2)
        juju-sim deploy ./hello two --storage none=1
          1  ERROR deploy two: the charm has no storage "none"
        juju-sim deploy ./hello two --storage data=x=y
          1  ERROR storage directive "x=y": expected a pool, a count and a size
        juju-sim deploy ./hello two --bind none=fast
          1  ERROR deploy two: the charm has no endpoint or extra binding "none"
        juju-sim deploy ./hello two --bind none
          1  ERROR deploy two: there is no space "none"
        juju-sim deploy ./hello two --config none=1
          1  ERROR unknown option "none"
        juju-sim deploy ./hello two --config none.yaml
          1  ERROR read /dir/none.yaml: No such file or directory (os error 2)
        juju-sim deploy ./hello two --constraints memory=1
          1  ERROR unknown constraint "memory"
        juju-sim deploy ./logs two -n 1
          1  ERROR cannot use --num-units with subordinate application
        juju-sim deploy ./logs two --device x=1
          2  ERROR juju deploy --device: not supported by juju-sim
        juju-sim deploy
          2  ERROR the following required arguments were not provided:
            <CHARM>

          Usage: juju-sim deploy <CHARM> [NAME]

          For more information, try '--help'.
        juju-sim deploy ''
          1  ERROR no charm was found at ""
        juju-sim destroy-model none
          1  ERROR cannot read model info: model juju-sim:admin/none not found
        juju-sim destroy-model web --no-prompt
          1  ERROR cannot destroy model "web": the model has persistent storage remaining: use --destroy-storage or --release-storage
        juju-sim destroy-model web
          1  ERROR cannot destroy model "web": the model has persistent storage remaining: use --destroy-storage or --release-storage
        juju-sim destroy-model web --destroy-storage --release-storage
          2  ERROR the argument '--destroy-storage' cannot be used with '--release-storage'

          Usage: juju-sim destroy-model --destroy-storage <MODEL>

          For more information, try '--help'.
        juju-sim detach-storage data/9
          1  ERROR detach storage data/9: there is none of this id
        juju-sim exec -- true
          2  ERROR you must specify a target, either through --all, --machine, --application or --unit
        juju-sim exec --unit hello/0
          2  ERROR the following required arguments were not provided:
            <COMMAND>...

          Usage: juju-sim exec --unit <UNIT> <COMMAND>...

          For more information, try '--help'.
        juju-sim exec --unit none/leader -- true
          1  ERROR could not determine leader for "none"
        juju-sim exec --application none -- true
          1  ERROR application "none" not found
        juju-sim exec --machine 99 -- true
          1  ERROR machine 99 not found
        juju-sim exec --machine 3 -- true
          1  ERROR machine 3 has no unit to run commands in
        juju-sim exec --unit hello/0 --wait soon -- true
          2  ERROR invalid duration "soon"
        juju-sim expose none
          1  ERROR application "none" not found
        juju-sim expose hello --to-cidrs 10.0.0.0/8
          2  ERROR juju expose --to-cidrs: not supported by juju-sim
        juju-sim unexpose none
          1  ERROR application "none" not found
        juju-sim fault hello/9 fail
          1  ERROR unit "hello/9" not found
        juju-sim fault hello/0 kill-at x
          2  ERROR "x" is no number
        juju-sim fault hello/0 answer status-set 999 x
          2  ERROR "999" is no exit code
        juju-sim fault hello/0 hang nothing-get
          1  ERROR inject a fault into hello/0: there is no hook command of this name
        juju-sim fault hello/0 refuse Nothing.Here x
          1  ERROR inject a fault into hello/0: no call of this name can be refused
        juju-sim grant-secret none hello
          1  ERROR secret "none" not found
        juju-sim grant-secret token none
          1  ERROR application "none" not found
        juju-sim grant-secret token hello,none
          1  ERROR application "none" not found
        juju-sim revoke-secret none hello
          1  ERROR secret "none" not found
        juju-sim revoke-secret token none
          1  ERROR application "none" not found
        juju-sim integrate none hello
          1  ERROR integrate none hello: no application "none"
        juju-sim integrate hello none
          1  ERROR integrate hello none: no application "none"
        juju-sim integrate hello:none db
          1  ERROR integrate hello:none db: hello has no endpoint "none"
        juju-sim integrate hello db
          1  ERROR integrate hello db: they are related already
        juju-sim integrate hello hello
          1  ERROR integrate hello hello: no relations found
        juju-sim integrate hello
          2  ERROR the following required arguments were not provided:
            <OTHER[:ENDPOINT]>

          Usage: juju-sim integrate <APPLICATION[:ENDPOINT]> <OTHER[:ENDPOINT]>

          For more information, try '--help'.
        juju-sim integrate '' ''
          1  ERROR integrate  : no application ""
        juju-sim integrate : :
          1  ERROR integrate : :: no application ""
        juju-sim machines extra
          2  ERROR unexpected argument 'extra' found

          Usage: juju-sim machines [OPTIONS]

          For more information, try '--help'.
        juju-sim model-config none
          1  ERROR key "none" not found in the model settings
        juju-sim model-config agent-version=1
          1  ERROR "agent-version" cannot be set on a model
        juju-sim model-config test-mode=maybe
          1  ERROR test-mode: expected bool, got "maybe"
        juju-sim model-config hook-time-limit=soon
          1  ERROR hook-time-limit: expected a time of 1s or more, such as 5m, got "soon"
        juju-sim model-config hook-time-limit=0
          1  ERROR hook-time-limit: expected a time of 1s or more, such as 5m, got "0"
        juju-sim model-config update-status-hook-interval=0s
          1  ERROR update-status-hook-interval: expected a time of 1s or more, such as 5m, got "0s"
        juju-sim model-config a b
          2  ERROR can only retrieve a single value, or all values
        juju-sim model-config test-mode=true a
          2  ERROR expected "key=value", got "a"
        juju-sim model-config --file none.yaml
          1  ERROR read /dir/none.yaml: No such file or directory (os error 2)
        juju-sim model-config =
          2  ERROR expected "key=value", got "="
        juju-sim models --format table
          2  ERROR invalid value 'table' for '--format <FORM>'
            [possible values: tabular, json, yaml]

            tip: a similar value exists: 'tabular'

          For more information, try '--help'.
        juju-sim operations --limit x
          2  ERROR invalid value 'x' for '--limit <NUMBER>': invalid digit found in string

          For more information, try '--help'.
        juju-sim refresh none
          1  ERROR application "none" not found
        juju-sim refresh hello --path ./none
          1  ERROR read /dir/./none: No such file or directory (os error 2)
        juju-sim refresh hello --path ./pg
          1  ERROR cannot refresh "hello" to "pg"
        juju-sim refresh hello --config none=1
          1  ERROR unknown option "none"
        juju-sim refresh hello --resource none=tool.txt
          1  ERROR refresh hello: the charm has no resource "none"
        juju-sim refresh hello --storage none=1
          1  ERROR ask for storage none: the charm has no storage of this name
        juju-sim refresh hello --bind none=fast
          1  ERROR deploy hello: the charm has no endpoint or extra binding "none"
        juju-sim refresh hello --revision 3
          2  ERROR juju refresh --revision: not supported by juju-sim
        juju-sim refresh hello --channel edge
          2  ERROR juju refresh --channel: not supported by juju-sim
        juju-sim refresh hello --switch other
          2  ERROR juju refresh --switch: not supported by juju-sim
        juju-sim remove-application none
          1  ERROR application "none" not found
        juju-sim remove-application hello none
          1  ERROR application "none" not found
        juju-sim remove-application hello
          1  This command will perform the following actions:
          will remove application hello
          - will remove unit hello/0
          - will detach storage data/0
          - will remove unit hello/1
          - will detach storage data/1

          Continue [y/N]? ERROR aborted
        juju-sim remove-relation hello logs:none
          1  ERROR relation "hello" "logs:none" not found
        juju-sim remove-relation 99
          1  ERROR relation "99" not found
        juju-sim remove-relation hello
          1  ERROR relation "hello" not found
        juju-sim remove-relation a b c
          2  ERROR unexpected value 'c' for '<APPLICATION[:ENDPOINT]>...' found; no more were expected

          Usage: juju-sim remove-relation [OPTIONS] <APPLICATION[:ENDPOINT]>...

          For more information, try '--help'.
        juju-sim remove-secret none
          1  ERROR secret "none" not found
        juju-sim remove-secret token --revision 9
          1  ERROR secret revision i0ha7odv7rsjvhqglcug/9 not found
        juju-sim remove-storage data/0
          1  ERROR cannot remove data/0: storage is attached: detach it first, or use --force
        juju-sim remove-storage data/9
          1  ERROR storage "data/9" not found
        juju-sim remove-unit hello/9
          1  ERROR unit "hello/9" does not exist
        juju-sim remove-unit hello
          1  ERROR "hello" is the name of an application: name its units
        juju-sim remove-unit hello/0
          1  This command will perform the following actions:
          will remove unit hello/0

          Continue [y/N]? ERROR aborted
        juju-sim remove-unit logs/0 --no-prompt
          1  ERROR remove logs/0: it is a subordinate's, and goes with its relation or its principal
        juju-sim remove-unit hello/0 hello/9 --no-prompt
          1  ERROR unit "hello/9" does not exist
        juju-sim resolved
          2  ERROR no unit specified
        juju-sim resolved hello/0
          1  ERROR unit "hello/0" is not in an error state
        juju-sim resolved --all hello/0
          2  ERROR specifying unit names cannot be combined with --all
        juju-sim resolved hello/9
          1  ERROR unit "hello/9" not found
        juju-sim resources none
          1  ERROR application "none" not found
        juju-sim resources hello/9
          1  ERROR unit "hello/9" not found
        juju-sim resume-relation 99
          1  ERROR relation "99" not found
        juju-sim suspend-relation x
          1  ERROR relation "x" not found
        juju-sim run
          2  ERROR the following required arguments were not provided:
            <UNIT… ACTION [KEY=VALUE…]>...

          Usage: juju-sim run <UNIT… ACTION [KEY=VALUE…]>...

          For more information, try '--help'.
        juju-sim run hello/0
          2  ERROR no action specified
        juju-sim run greet
          2  ERROR no unit specified
        juju-sim run hello/0 greet name
          2  ERROR expected "key=value", got "name"
        juju-sim run hello/0 greet name=1
          1  ERROR run action "greet" on hello/0: parameter "name": not of type string
        juju-sim run hello/0 greet name={
          1  ERROR parameter "name": did not find expected node content at line 2 column 1, while parsing a flow node
        juju-sim run none/leader greet
          1  ERROR could not determine leader for "none"
        juju-sim run hello/0 greet --params none.yaml
          1  ERROR read /dir/none.yaml: No such file or directory (os error 2)
        juju-sim run hello/0 greet --wait soon
          2  ERROR invalid duration "soon"
        juju-sim scp hello/9:x y
          1  ERROR unit "hello/9" not found
        juju-sim scp x
          2  ERROR 2 values required by '<[UNIT:]PATH> <[UNIT:]PATH>...'; only 1 was provided

          Usage: juju-sim scp [OPTIONS] <[UNIT:]PATH> <[UNIT:]PATH>...

          For more information, try '--help'.
        juju-sim scp none y
          1  ERROR read /dir/none: No such file or directory (os error 2)
        juju-sim show-action hello none
          1  ERROR unknown action "none"
        juju-sim show-action none greet
          1  ERROR application "none" not found
        juju-sim show-application none
          1  ERROR application "none" not found
        juju-sim show-application hello none
          1  ERROR application "none" not found
        juju-sim show-model none
          1  ERROR model juju-sim:admin/none not found
        juju-sim show-operation 99
          1  ERROR operation "99" not found
        juju-sim show-operation x
          1  ERROR operation "x" not found
        juju-sim show-secret none
          1  ERROR secret "none" not found
        juju-sim show-secret token --revision 9
          1  ERROR secret revision i0ha7odv7rsjvhqglcug/9 not found
        juju-sim show-secret token --reveal --revisions
          2  ERROR the argument '--reveal' cannot be used with '--revisions'

          Usage: juju-sim show-secret --reveal <SECRET>

          For more information, try '--help'.
        juju-sim show-status-log none/0
          1  ERROR unit "none/0" not found
        juju-sim show-status-log hello/0 --type application
          2  ERROR invalid value 'application' for '--type <TYPE>'
            [possible values: unit, workload, juju-unit]

          For more information, try '--help'.
        juju-sim show-storage data/9
          1  ERROR storage "data/9" not found
        juju-sim show-task 99
          1  ERROR task "99" not found
        juju-sim show-unit hello/9
          1  ERROR unit "hello/9" not found
        juju-sim show-unit ''
          1  ERROR unit "" not found
        juju-sim ssh hello/9 true
          1  ERROR unit "hello/9" not found
        juju-sim ssh none/leader true
          1  ERROR could not determine leader for "none"
        juju-sim ssh
          2  ERROR the following required arguments were not provided:
            <UNIT [COMMAND]>...

          Usage: juju-sim ssh <UNIT [COMMAND]>...

          For more information, try '--help'.
        juju-sim status -m none
          1  ERROR model juju-sim:admin/none not found
        juju-sim status -m ctrl:web
          1  ERROR controller ctrl not found
        juju-sim status -m bob/web
          1  ERROR user "bob" not found
        juju-sim status -m ''
          1  ERROR "" is not a valid name: model names may only contain lowercase letters, digits and hyphens
        juju-sim status --watch soon
          2  ERROR invalid duration "soon"
        juju-sim status --format xml
          2  ERROR invalid value 'xml' for '--format <FORM>'
            [possible values: tabular, json, yaml, line, oneline, short, summary]

            tip: a similar value exists: 'yaml'

          For more information, try '--help'.
        juju-sim step hello/9
          1  ERROR unit "hello/9" not found
        juju-sim step -n x
          2  ERROR invalid value 'x' for '-n <NUMBER>': invalid digit found in string

          For more information, try '--help'.
        juju-sim switch none
          1  ERROR cannot determine if "none" is a valid model or controller: juju-sim:admin/none not found
        juju-sim switch ctrl:web
          1  ERROR controller ctrl not found
        juju-sim tick soon
          2  ERROR invalid duration "soon"
        juju-sim tick 100000h
          1  ERROR that is 1200000 times update-status, and 10000 is the most
        juju-sim tick -1s
          2  ERROR unexpected argument '-1' found

            tip: to pass '-1' as a value, use '-- -1'

          Usage: juju-sim tick [OPTIONS] [TIME]

          For more information, try '--help'.
        juju-sim transcript --last x
          2  ERROR invalid value 'x' for '--last <NUMBER>': invalid digit found in string

          For more information, try '--help'.
        juju-sim trust none
          1  ERROR application "none" not found
        juju-sim update-secret none key=v
          1  ERROR secret "none" not found
        juju-sim update-secret token
          1  ERROR missing secret value, name, description or --auto-prune
        juju-sim update-secret token --auto-prune=maybe
          2  ERROR invalid value 'maybe' for '--auto-prune[=<true|false>]'
            [possible values: true, false]

          For more information, try '--help'.
        juju-sim wait-for unit
          2  ERROR the unit must be named
        juju-sim wait-for app hello
          2  ERROR invalid value 'app' for '<KIND>'
            [possible values: application, unit, machine, model]

            tip: a similar value exists: 'application'

          For more information, try '--help'.
        juju-sim wait-for application none --timeout 0
          1  ERROR timed out waiting for application "none": it is not there
        juju-sim wait-for application hello --query status== --timeout 0
          2  ERROR query "status==": it breaks off
        juju-sim wait-for unit hello/0 --query 'workload-status=="blocked"' --timeout 0
          1  ERROR timed out waiting for unit "hello/0": it is "active"
        juju-sim wait-for model --timeout soon
          2  ERROR invalid duration "soon"
        juju-sim whoami extra
          2  ERROR unexpected argument 'extra' found

          Usage: juju-sim whoami [OPTIONS]

          For more information, try '--help'.
        juju-sim bootstrap
          2  ERROR juju bootstrap: not supported by juju-sim
        juju-sim upgrade-model --dry-run
          2  ERROR juju upgrade-model: not supported by juju-sim
        juju-sim nothing
          2  ERROR "nothing" is not a juju-sim command. See "juju-sim --help".
        juju-sim --nothing
          2  ERROR unexpected argument '--nothing' found

          Usage: juju-sim <COMMAND>

          For more information, try '--help'.
    "#]].assert_eq(&refusals(&bench, &lines));
}

#[test]
fn where_no_model_is_there_is_nothing_to_ask_and_nothing_is_made() {
    let bench = Bench::new();
    bench.write("empty/metadata.yaml", "name: empty\nsummary: s\ndescription: d\n");
    let lines = [
        "status",
        "config hello",
        "add-unit hello",
        "show-model",
        "deploy ./empty",
        "deploy ./hello --to 4",
        "add-space alpha 10.8.0.0/24",
    ];
    expect![[r#"
        juju-sim status
          1  ERROR no model is there yet: make one with "juju-sim add-model NAME"
        juju-sim config hello
          1  ERROR no model is there yet: make one with "juju-sim add-model NAME"
        juju-sim add-unit hello
          1  ERROR no model is there yet: make one with "juju-sim add-model NAME"
        juju-sim show-model
          1  ERROR no model is there yet: make one with "juju-sim add-model NAME"
        juju-sim deploy ./empty
          1  Added "default" model, as there was none
          ERROR invalid charm "empty": has no hooks nor dispatch file
        juju-sim deploy ./hello --to 4
          1  Added "default" model, as there was none
          ERROR machine 4 not found
        juju-sim add-space alpha 10.8.0.0/24
          1  Added "default" model, as there was none
          ERROR space "alpha" already exists
    "#]]
    .assert_eq(&refusals(&bench, &lines));
    bench.ok("add-model web --no-switch");
    expect![[r#"
        juju-sim status
          1  ERROR no model is chosen: choose one with "juju-sim switch NAME"
        juju-sim deploy ./hello
          1  ERROR no model is chosen: choose one with "juju-sim switch NAME"
    "#]]
    .assert_eq(&refusals(&bench, &["status", "deploy ./hello"]));
}
