//! What there is, as tables and as YAML.

use expect_test::expect;

use super::Bench;
use super::rich::rich;

#[test]
fn a_status_is_tables_of_applications_units_and_machines() {
    let bench = rich();
    expect![[r#"
        Model  Controller  Cloud/Region      Version  SLA          Timestamp
        web    juju-sim    juju-sim/default  3.6.28   unsupported  00:00:48Z

        App    Version  Status   Scale  Charm  Channel  Rev  Exposed  Message
        db              unknown      1  pg                0  no
        hello  1.2      active       2  hello             0  yes      hi
        logs            unknown      2  logs              0  no

        Unit       Workload  Agent  Machine  Public address  Ports   Message
        db/0*      unknown   idle   2        10.0.0.3
        hello/0*   active    idle   0        10.0.0.1        80/tcp  hi
          logs/0*  unknown   idle            10.0.0.1
        hello/1    active    idle   1        10.0.0.2        80/tcp  hi
          logs/1   unknown   idle            10.0.0.2

        Machine  State    Address   Inst id        Base          AZ  Message
        0        started  10.0.0.1  juju-f5ade7-0  ubuntu@24.04      Running
        1        started  10.0.0.2  juju-f5ade7-1  ubuntu@24.04      Running
        2        started  10.0.0.3  juju-f5ade7-2  ubuntu@22.04      Running
        3        started  10.0.0.4  juju-f5ade7-3  ubuntu@24.04      Running
    "#]]
    .assert_eq(&bench.ok("status"));
    expect![[r#"
        Model  Controller  Cloud/Region      Version  SLA          Timestamp
        web    juju-sim    juju-sim/default  3.6.28   unsupported  00:00:48Z

        App    Version  Status   Scale  Charm  Channel  Rev  Exposed  Message
        hello  1.2      active       2  hello             0  yes      hi
        logs            unknown      2  logs              0  no

        Unit      Workload  Agent  Machine  Public address  Ports   Message
        hello/1   active    idle   1        10.0.0.2        80/tcp  hi
          logs/1  unknown   idle            10.0.0.2

        Machine  State    Address   Inst id        Base          AZ  Message
        1        started  10.0.0.2  juju-f5ade7-1  ubuntu@24.04      Running

        Integration provider  Requirer    Interface  Type         Message
        db:database           hello:db    pg         regular
        hello:juju-info       logs:host   juju-info  subordinate
        hello:ring            hello:ring  ring       peer

        Storage Unit  Storage ID  Type        Mountpoint   Status    Message
        hello/0       data/0      filesystem  /srv/data/0  attached
        hello/1       data/1      filesystem  /srv/data/1  attached
    "#]]
    .assert_eq(&bench.ok("status hello/1 --relations --storage"));
    expect![[r#"
        Model  Controller  Cloud/Region      Version  SLA          Timestamp
        web    juju-sim    juju-sim/default  3.6.28   unsupported  00:00:48Z
    "#]]
    .assert_eq(&bench.ok("status blocked"));
}

#[test]
fn a_status_has_short_forms() {
    let bench = rich();
    expect![[r#"
        - db/0: 10.0.0.3 (agent:idle, workload:unknown)
        - hello/0: 10.0.0.1 (agent:idle, workload:active) 80/tcp
        - logs/0: 10.0.0.1 (agent:idle, workload:unknown)
        - hello/1: 10.0.0.2 (agent:idle, workload:active) 80/tcp
        - logs/1: 10.0.0.2 (agent:idle, workload:unknown)
    "#]]
    .assert_eq(&bench.ok("status --format line"));
    expect![[r#"
        3 machines, 5 units
        db: local:pg-0 0/1
        hello: local:hello-0 2/2
        logs: local:logs-0 0/2
    "#]]
    .assert_eq(&bench.ok("status --format summary logs db"));
}

#[test]
fn a_status_in_yaml_has_all_that_juju_tells() {
    let bench = rich();
    expect![[r#"
        model:
          name: web
          type: iaas
          controller: juju-sim
          cloud: juju-sim
          region: default
          version: 3.6.28
          model-status:
            current: available
            since: 01 Jan 2026 00:00:00Z
          sla: unsupported
        machines:
          '0':
            juju-status:
              current: started
              since: 01 Jan 2026 00:00:00Z
              version: 3.6.28
            hostname: juju-f5ade7-0
            dns-name: 10.0.0.1
            ip-addresses:
            - 10.0.0.1
            instance-id: juju-f5ade7-0
            machine-status:
              current: running
              message: Running
              since: 01 Jan 2026 00:00:00Z
            modification-status:
              current: applied
              since: 01 Jan 2026 00:00:00Z
            base:
              name: ubuntu
              channel: '24.04'
            network-interfaces:
              eth0:
                ip-addresses:
                - 10.0.0.1
                mac-address: 52:54:00:00:00:00
                is-up: true
                space: alpha
            hardware: arch=amd64
        applications:
          hello:
            charm: local:hello-0
            base:
              name: ubuntu
              channel: '24.04'
            charm-origin: local
            charm-name: hello
            charm-rev: 0
            exposed: true
            application-status:
              current: active
              message: hi
              since: 01 Jan 2026 00:00:13Z
            relations:
              db:
              - related-application: db
                interface: pg
                scope: global
              juju-info:
              - related-application: logs
                interface: juju-info
                scope: container
              ring:
              - related-application: hello
                interface: ring
                scope: global
            units:
              hello/0:
                workload-status:
                  current: active
                  message: hi
                  since: 01 Jan 2026 00:00:09Z
                juju-status:
                  current: idle
                  since: 01 Jan 2026 00:00:09Z
                  version: 3.6.28
                leader: true
                machine: '0'
                open-ports:
                - 80/tcp
                public-address: 10.0.0.1
                subordinates:
                  logs/0:
                    workload-status:
                      current: unknown
                      since: 01 Jan 2026 00:00:41Z
                    juju-status:
                      current: idle
                      since: 01 Jan 2026 00:00:41Z
                      version: 3.6.28
                    leader: true
                    public-address: 10.0.0.1
            version: '1.2'
            endpoint-bindings:
              '': alpha
              db: fast
              ring: alpha
              web: alpha
          logs:
            charm: local:logs-0
            base:
              name: ubuntu
              channel: '24.04'
            charm-origin: local
            charm-name: logs
            charm-rev: 0
            exposed: false
            application-status:
              current: unknown
              since: 01 Jan 2026 00:00:42Z
            relations:
              host:
              - related-application: hello
                interface: juju-info
                scope: container
            subordinate-to:
            - hello
            endpoint-bindings:
              '': alpha
              host: alpha
        storage:
          storage:
            data/0:
              kind: filesystem
              life: alive
              status:
                current: attached
                since: 01 Jan 2026 00:00:00Z
              persistent: false
              attachments:
                units:
                  hello/0:
                    life: alive
                    location: /srv/data/0
                    machine: '0'
            data/1:
              kind: filesystem
              life: alive
              status:
                current: attached
                since: 01 Jan 2026 00:00:00Z
              persistent: false
              attachments:
                units:
                  hello/1:
                    life: alive
                    location: /srv/data/1
                    machine: '1'
        controller:
          timestamp: 00:00:48Z
    "#]]
    .assert_eq(&bench.ok("status --format yaml hello/0"));
}

#[test]
fn a_unit_is_shown_with_its_databags() {
    let bench = rich();
    expect![[r#"
        hello/0:
          workload-version: '1.2'
          machine: '0'
          opened-ports:
          - 80/tcp
          public-address: 10.0.0.1
          charm: local:hello-0
          leader: true
          life: alive
          relation-info:
          - relation-id: 0
            endpoint: ring
            related-endpoint: ring
            application-data: {}
            local-unit:
              in-scope: true
              data:
                a: '1'
                egress-subnets: 10.0.0.1/32
                ingress-address: 10.0.0.1
                private-address: 10.0.0.1
            related-units:
              hello/1:
                in-scope: true
                data:
                  a: '1'
                  egress-subnets: 10.0.0.2/32
                  ingress-address: 10.0.0.2
                  private-address: 10.0.0.2
          - relation-id: 1
            endpoint: db
            related-endpoint: database
            application-data: {}
            related-units:
              db/0:
                in-scope: true
                data:
                  egress-subnets: 10.0.0.3/32
                  ingress-address: 10.0.0.3
                  private-address: 10.0.0.3
          - relation-id: 2
            endpoint: juju-info
            related-endpoint: host
            application-data: {}
            related-units:
              logs/0:
                in-scope: true
                data:
                  egress-subnets: 10.0.0.1/32
                  ingress-address: 10.0.0.1
                  private-address: 10.0.0.1
              logs/1:
                in-scope: true
                data:
                  egress-subnets: 10.0.0.2/32
                  ingress-address: 10.0.0.2
                  private-address: 10.0.0.2
          address: 10.0.0.1
    "#]]
    .assert_eq(&bench.ok("show-unit hello/0"));
    expect![[r#"
        hello/0:
          workload-version: '1.2'
          machine: '0'
          opened-ports:
          - 80/tcp
          public-address: 10.0.0.1
          charm: local:hello-0
          leader: true
          life: alive
          relation-info:
          - relation-id: 1
            endpoint: db
            related-endpoint: database
            application-data: {}
          address: 10.0.0.1
    "#]]
    .assert_eq(&bench.ok("show-unit hello/0 --endpoint db --app"));
    expect![[r#"
        hello/0:
          workload-version: '1.2'
          machine: '0'
          opened-ports:
          - 80/tcp
          public-address: 10.0.0.1
          charm: local:hello-0
          leader: true
          life: alive
          relation-info:
          - relation-id: 0
            endpoint: ring
            related-endpoint: ring
            application-data: {}
            local-unit:
              in-scope: true
              data:
                a: '1'
                egress-subnets: 10.0.0.1/32
                ingress-address: 10.0.0.1
                private-address: 10.0.0.1
            related-units:
              hello/1:
                in-scope: true
                data:
                  a: '1'
                  egress-subnets: 10.0.0.2/32
                  ingress-address: 10.0.0.2
                  private-address: 10.0.0.2
          address: 10.0.0.1
    "#]]
    .assert_eq(&bench.ok("show-unit hello/0 --endpoint ring --related-unit hello/1"));
}

#[test]
fn applications_and_machines_are_shown() {
    let bench = rich();
    expect![[r#"
        db:
          charm: pg
          base: ubuntu@22.04
          channel: ''
          principal: true
          exposed: false
          remote: false
          life: alive
          endpoint-bindings:
            '': alpha
            database: alpha
        hello:
          charm: hello
          base: ubuntu@24.04
          channel: ''
          constraints:
            cores: 2
            mem: 4096
          principal: true
          exposed: true
          remote: false
          life: alive
          endpoint-bindings:
            '': alpha
            db: fast
            ring: alpha
            web: alpha
    "#]]
    .assert_eq(&bench.ok("show-application hello db"));
    expect![[r#"
        Machine  State    Address   Inst id        Base          AZ  Message
        0        started  10.0.0.1  juju-f5ade7-0  ubuntu@24.04      Running
        1        started  10.0.0.2  juju-f5ade7-1  ubuntu@24.04      Running
        2        started  10.0.0.3  juju-f5ade7-2  ubuntu@22.04      Running
        3        started  10.0.0.4  juju-f5ade7-3  ubuntu@24.04      Running
    "#]]
    .assert_eq(&bench.ok("machines"));
    expect![[r#"
        model: web
        machines:
          '0':
            juju-status:
              current: started
              since: 01 Jan 2026 00:00:00Z
              version: 3.6.28
            hostname: juju-f5ade7-0
            dns-name: 10.0.0.1
            ip-addresses:
            - 10.0.0.1
            instance-id: juju-f5ade7-0
            machine-status:
              current: running
              message: Running
              since: 01 Jan 2026 00:00:00Z
            modification-status:
              current: applied
              since: 01 Jan 2026 00:00:00Z
            base:
              name: ubuntu
              channel: '24.04'
            network-interfaces:
              eth0:
                ip-addresses:
                - 10.0.0.1
                mac-address: 52:54:00:00:00:00
                is-up: true
                space: alpha
            hardware: arch=amd64
          '1':
            juju-status:
              current: started
              since: 01 Jan 2026 00:00:00Z
              version: 3.6.28
            hostname: juju-f5ade7-1
            dns-name: 10.0.0.2
            ip-addresses:
            - 10.0.0.2
            instance-id: juju-f5ade7-1
            machine-status:
              current: running
              message: Running
              since: 01 Jan 2026 00:00:00Z
            modification-status:
              current: applied
              since: 01 Jan 2026 00:00:00Z
            base:
              name: ubuntu
              channel: '24.04'
            network-interfaces:
              eth0:
                ip-addresses:
                - 10.0.0.2
                mac-address: 52:54:00:00:00:01
                is-up: true
                space: alpha
            hardware: arch=amd64
          '2':
            juju-status:
              current: started
              since: 01 Jan 2026 00:00:00Z
              version: 3.6.28
            hostname: juju-f5ade7-2
            dns-name: 10.0.0.3
            ip-addresses:
            - 10.0.0.3
            instance-id: juju-f5ade7-2
            machine-status:
              current: running
              message: Running
              since: 01 Jan 2026 00:00:00Z
            modification-status:
              current: applied
              since: 01 Jan 2026 00:00:00Z
            base:
              name: ubuntu
              channel: '22.04'
            network-interfaces:
              eth0:
                ip-addresses:
                - 10.0.0.3
                mac-address: 52:54:00:00:00:02
                is-up: true
                space: alpha
            hardware: arch=amd64
          '3':
            juju-status:
              current: started
              since: 01 Jan 2026 00:00:00Z
              version: 3.6.28
            hostname: juju-f5ade7-3
            dns-name: 10.0.0.4
            ip-addresses:
            - 10.0.0.4
            instance-id: juju-f5ade7-3
            machine-status:
              current: running
              message: Running
              since: 01 Jan 2026 00:00:00Z
            modification-status:
              current: applied
              since: 01 Jan 2026 00:00:00Z
            base:
              name: ubuntu
              channel: '24.04'
            network-interfaces:
              eth0:
                ip-addresses:
                - 10.0.0.4
                mac-address: 52:54:00:00:00:03
                is-up: true
                space: alpha
            hardware: arch=amd64
    "#]]
    .assert_eq(&bench.ok("machines --format yaml -m web"));
    expect![[r#"
        Action  Description
        fail    It fails.
        greet   It greets.
    "#]]
    .assert_eq(&bench.ok("actions hello"));
    expect![[r#"
        fail:
          type: object
        greet:
          properties:
            name:
              default: you
              type: string
          type: object
    "#]]
    .assert_eq(&bench.ok("actions hello --schema --format yaml"));
    expect![[r#"
        It greets.

        Arguments
        name:
          default: you
          type: string
    "#]]
    .assert_eq(&bench.ok("show-action hello greet"));
    expect![[r#"
        cores=2 mem=4096M
    "#]]
    .assert_eq(&bench.ok("constraints hello"));
    expect![[""]].assert_eq(&bench.ok("model-constraints"));
    expect![[r#"
        Resource  Supplied by
        tool      admin
    "#]]
    .assert_eq(&bench.ok("resources hello"));
    expect![[r#"
        Resource  Supplied by  Type  Path      Size
        tool      admin        file  tool.txt     6
    "#]]
    .assert_eq(&bench.ok("resources hello/0 --details"));
    expect![[r#"
        resources:
        - name: tool
          type: file
          path: tool.txt
          description: ''
          size: 6
          origin: upload
          used: true
    "#]]
    .assert_eq(&bench.ok("resources hello --format yaml"));
    expect![[r#"
        Name   Subnets
        alpha
        fast   10.9.0.0/24
    "#]]
    .assert_eq(&bench.ok("spaces"));
}

#[test]
fn models_are_listed_and_shown() {
    let bench = rich();
    expect![[r#"
        Controller: juju-sim

        Model  Cloud/Region      Type      Status     Machines  Units  Access  Last connection
        web*   juju-sim/default  juju-sim  available         4      5  admin   just now
    "#]]
    .assert_eq(&bench.ok("models"));
    expect![[r#"
        models:
        - name: admin/web
          short-name: web
          model-uuid: 0d08a889-e871-4c06-9a16-ea55e3f5ade7
          model-type: iaas
          controller-uuid: a9b1a3f0-6a75-4a75-8d69-6a756a75736d
          controller-name: juju-sim
          is-controller: false
          owner: admin
          cloud: juju-sim
          region: default
          type: juju-sim
          life: alive
          status:
            current: available
            since: 01 Jan 2026 00:00:00Z
          users:
            admin:
              display-name: admin
              access: admin
              last-connection: 01 Jan 2026 00:00:48Z
          machines:
            '0':
              cores: 0
            '1':
              cores: 0
            '2':
              cores: 0
            '3':
              cores: 0
          agent-version: 3.6.28
          credential:
            name: admin
            owner: admin
            cloud: juju-sim
            validity-check: valid
        current-model: web
    "#]]
    .assert_eq(&bench.ok("models --format yaml"));
    expect![[r#"
        web:
          name: admin/web
          short-name: web
          model-uuid: 0d08a889-e871-4c06-9a16-ea55e3f5ade7
          model-type: iaas
          controller-uuid: a9b1a3f0-6a75-4a75-8d69-6a756a75736d
          controller-name: juju-sim
          is-controller: false
          owner: admin
          cloud: juju-sim
          region: default
          type: juju-sim
          life: alive
          status:
            current: available
            since: 01 Jan 2026 00:00:00Z
          users:
            admin:
              display-name: admin
              access: admin
              last-connection: 01 Jan 2026 00:00:48Z
          machines:
            '0':
              cores: 0
            '1':
              cores: 0
            '2':
              cores: 0
            '3':
              cores: 0
          agent-version: 3.6.28
          credential:
            name: admin
            owner: admin
            cloud: juju-sim
            validity-check: valid
    "#]]
    .assert_eq(&bench.ok("show-model"));
    expect![[r#"
        Controller  Model  User   Access     Cloud/Region      Models  Version
        juju-sim*   web    admin  superuser  juju-sim/default       1  3.6.28
    "#]]
    .assert_eq(&bench.ok("controllers"));
    expect![[r#"
        Controller:  juju-sim
        Model:       web
        User:        admin
    "#]]
    .assert_eq(&bench.ok("whoami"));
    expect![[r#"
        juju-sim:admin/web
    "#]]
    .assert_eq(&bench.ok("switch"));
}

#[test]
fn options_are_shown() {
    let bench = rich();
    expect![[r#"
        application: hello
        application-config:
          trust:
            default: false
            description: Does this application have access to trusted credentials
            source: default
            type: bool
            value: false
        charm: hello
        settings:
          greeting:
            default: hi
            description: What it says.
            source: default
            type: string
            value: hi
          mtu:
            description: ''
            source: unset
            type: int
    "#]]
    .assert_eq(&bench.ok("config hello"));
    expect![[r#"
        hi
    "#]]
    .assert_eq(&bench.ok("config hello greeting"));
    expect![[r#"
        application: db
        application-config:
          trust:
            default: false
            description: Does this application have access to trusted credentials
            source: default
            type: bool
            value: false
        charm: pg
        settings: {}
    "#]]
    .assert_eq(&bench.ok("config db"));
    expect![[r#"
        Attribute                    From     Value
        agent-version                model    3.6.28
        automatically-retry-hooks    default  true
        default-base                 default  ""
        default-space                default  ""
        development                  default  false
        hook-time-limit              default  10m
        image-stream                 default  released
        juju-ftp-proxy               default  ""
        juju-http-proxy              default  ""
        juju-https-proxy             default  ""
        juju-no-proxy                default  127.0.0.1,localhost,::1
        logging-config               default  <root>=INFO
        max-action-results-age       default  336h
        max-status-history-age       default  336h
        name                         model    web
        provisioner-harvest-mode     default  destroyed
        test-mode                    default  false
        type                         model    juju-sim
        update-status-hook-interval  default  5m
        uuid                         model    0d08a889-e871-4c06-9a16-ea55e3f5ade7
    "#]]
    .assert_eq(&bench.ok("model-config"));
    expect![[r#"
        5m
    "#]]
    .assert_eq(&bench.ok("model-config update-status-hook-interval"));
}

#[test]
fn storage_is_listed_and_shown() {
    let bench = rich();
    expect![[r#"
        Unit     Storage ID  Type        Mountpoint   Status    Message
        hello/0  data/0      filesystem  /srv/data/0  attached
        hello/1  data/1      filesystem  /srv/data/1  attached
    "#]]
    .assert_eq(&bench.ok("storage"));
    expect![[r#"
        storage:
          data/0:
            kind: filesystem
            life: alive
            status:
              current: attached
              since: 01 Jan 2026 00:00:00Z
            persistent: false
            attachments:
              units:
                hello/0:
                  life: alive
                  location: /srv/data/0
                  machine: '0'
          data/1:
            kind: filesystem
            life: alive
            status:
              current: attached
              since: 01 Jan 2026 00:00:00Z
            persistent: false
            attachments:
              units:
                hello/1:
                  life: alive
                  location: /srv/data/1
                  machine: '1'
    "#]]
    .assert_eq(&bench.ok("storage --format yaml"));
    expect![[r#"
        Unit  Storage ID  Type  Mountpoint  Status  Message
    "#]]
    .assert_eq(&bench.ok("storage --volume"));
    expect![[r#"
        data/0:
          kind: filesystem
          life: alive
          status:
            current: attached
            since: 01 Jan 2026 00:00:00Z
          persistent: false
          attachments:
            units:
              hello/0:
                life: alive
                location: /srv/data/0
                machine: '0'
    "#]]
    .assert_eq(&bench.ok("show-storage data/0"));
}

#[test]
fn secrets_are_listed_and_shown_without_their_values() {
    let bench = rich();
    expect![[r#"
        ID                    Name   Owner    Rotation  Revision  Last updated
        i0ha7odv7rsjvhqglcug  token  <model>  never            2  2026-01-01T00:00:46Z
    "#]]
    .assert_eq(&bench.ok("secrets"));
    expect![[r#"
        i0ha7odv7rsjvhqglcug:
          revision: 2
          owner: <model>
          description: A token.
          name: token
          created: 2026-01-01T00:00:46Z
          updated: 2026-01-01T00:00:46Z
    "#]]
    .assert_eq(&bench.ok("secrets --format yaml"));
    expect![[r#"
        ID  Name  Owner  Rotation  Revision  Last updated
    "#]]
    .assert_eq(&bench.ok("secrets --owner hello"));
    expect![[r#"
        i0ha7odv7rsjvhqglcug:
          revision: 2
          owner: <model>
          description: A token.
          name: token
          created: 2026-01-01T00:00:46Z
          updated: 2026-01-01T00:00:46Z
          access:
          - target: hello
            scope: model-0d08a889-e871-4c06-9a16-ea55e3f5ade7
            role: view
    "#]]
    .assert_eq(&bench.ok("show-secret token"));
    expect![[r#"
        i0ha7odv7rsjvhqglcug:
          revision: 2
          owner: <model>
          description: A token.
          name: token
          created: 2026-01-01T00:00:46Z
          updated: 2026-01-01T00:00:46Z
          content:
            key: other
          access:
          - target: hello
            scope: model-0d08a889-e871-4c06-9a16-ea55e3f5ade7
            role: view
    "#]]
    .assert_eq(&bench.ok("show-secret token --reveal"));
    expect![[r#"
        i0ha7odv7rsjvhqglcug:
          revision: 1
          owner: <model>
          description: A token.
          name: token
          created: 2026-01-01T00:00:46Z
          updated: 2026-01-01T00:00:46Z
          content:
            key: value
          access:
          - target: hello
            scope: model-0d08a889-e871-4c06-9a16-ea55e3f5ade7
            role: view
    "#]]
    .assert_eq(&bench.ok("show-secret token --reveal --revision 1"));
    expect![[r#"
        i0ha7odv7rsjvhqglcug:
          revision: 2
          owner: <model>
          description: A token.
          name: token
          created: 2026-01-01T00:00:46Z
          updated: 2026-01-01T00:00:46Z
          revisions:
          - revision: 1
            backend: internal
            created: 2026-01-01T00:00:46Z
            updated: 2026-01-01T00:00:46Z
          - revision: 2
            backend: internal
            created: 2026-01-01T00:00:46Z
            updated: 2026-01-01T00:00:46Z
          access:
          - target: hello
            scope: model-0d08a889-e871-4c06-9a16-ea55e3f5ade7
            role: view
    "#]]
    .assert_eq(&bench.ok("show-secret token --revisions"));
}

#[test]
fn operations_are_listed_and_shown() {
    let bench = rich();
    expect![[r#"
        ID  Status     Started              Finished             Task IDs  Summary
         1  completed  2026-01-01 00:00:46  2026-01-01 00:00:47  2         run greet on hello/0
         3  completed  2026-01-01 00:00:47  2026-01-01 00:00:48  4         run commands on hello/1
    "#]]
    .assert_eq(&bench.ok("operations"));
    expect![[r#"
        '1':
          summary: run greet on hello/0
          status: completed
          action:
            name: greet
            parameters:
              name: all
          timing:
            enqueued: 2026-01-01 00:00:46 +0000 UTC
            started: 2026-01-01 00:00:46 +0000 UTC
            completed: 2026-01-01 00:00:47 +0000 UTC
          tasks:
            '2':
              host: hello/0
              status: completed
              timing:
                enqueued: 2026-01-01 00:00:46 +0000 UTC
                started: 2026-01-01 00:00:46 +0000 UTC
                completed: 2026-01-01 00:00:47 +0000 UTC
              log:
              - 2026-01-01 00:00:47 +0000 UTC greeting
              results:
                return-code: 0
                text: hello all
        '3':
          summary: run commands on hello/1
          status: completed
          timing:
            enqueued: 2026-01-01 00:00:47 +0000 UTC
            started: 2026-01-01 00:00:47 +0000 UTC
            completed: 2026-01-01 00:00:48 +0000 UTC
          tasks:
            '4':
              host: hello/1
              status: completed
              timing:
                enqueued: 2026-01-01 00:00:47 +0000 UTC
                started: 2026-01-01 00:00:47 +0000 UTC
                completed: 2026-01-01 00:00:48 +0000 UTC
              results:
                return-code: 0
                stdout: |
                  said
    "#]]
    .assert_eq(&bench.ok("operations --format yaml"));
    expect![[r#"
        ID  Status     Started              Finished             Task IDs  Summary
         1  completed  2026-01-01 00:00:46  2026-01-01 00:00:47  2         run greet on hello/0
    "#]]
    .assert_eq(&bench.ok("operations --actions greet"));
    expect![[r#"
        ID  Status     Started              Finished             Task IDs  Summary
         3  completed  2026-01-01 00:00:47  2026-01-01 00:00:48  4         run commands on hello/1
    "#]]
    .assert_eq(&bench.ok("operations --units hello/1 --limit 1"));
    expect![[r#"
        summary: run greet on hello/0
        status: completed
        action:
          name: greet
          parameters:
            name: all
        timing:
          enqueued: 2026-01-01 00:00:46 +0000 UTC
          started: 2026-01-01 00:00:46 +0000 UTC
          completed: 2026-01-01 00:00:47 +0000 UTC
        tasks:
          '2':
            host: hello/0
            status: completed
            timing:
              enqueued: 2026-01-01 00:00:46 +0000 UTC
              started: 2026-01-01 00:00:46 +0000 UTC
              completed: 2026-01-01 00:00:47 +0000 UTC
            log:
            - 2026-01-01 00:00:47 +0000 UTC greeting
            results:
              return-code: 0
              text: hello all
    "#]]
    .assert_eq(&bench.ok("show-operation 1"));
    expect![[r#"
        text: hello all
    "#]]
    .assert_eq(&bench.ok("show-task 2"));
}

#[test]
fn what_happened_is_shown() {
    let bench = rich();
    expect![[r#"
        unit-hello-0: 2026-01-01 00:00:10 INFO unit.hello/0.juju-log it starts
        unit-hello-1: 2026-01-01 00:00:14 INFO unit.hello/1.juju-log it starts
        unit-hello-1: 2026-01-01 00:00:48 DEBUG unit.hello/1.juju-exec said
    "#]]
    .assert_eq(&bench.ok("debug-log --replay --date"));
    expect![[r#"
        unit-hello-1: 00:00:48 DEBUG unit.hello/1.juju-exec said
    "#]]
    .assert_eq(&bench.ok("debug-log -n 1 --include hello/1"));
    expect![[r#"
        Time                   Type       Status     Message
        01 Jan 2026 00:00:07Z  juju-unit  idle
        01 Jan 2026 00:00:09Z  juju-unit  executing  running config-changed hook
        01 Jan 2026 00:00:09Z  workload   active     hi
        01 Jan 2026 00:00:09Z  juju-unit  idle
        01 Jan 2026 00:00:10Z  juju-unit  executing  running start hook
        01 Jan 2026 00:00:10Z  juju-unit  idle
        01 Jan 2026 00:00:11Z  juju-unit  executing  running ring-relation-joined hook
        01 Jan 2026 00:00:11Z  juju-unit  idle
        01 Jan 2026 00:00:12Z  juju-unit  executing  running ring-relation-changed hook
        01 Jan 2026 00:00:12Z  juju-unit  idle
        01 Jan 2026 00:00:16Z  juju-unit  executing  running ring-relation-changed hook
        01 Jan 2026 00:00:16Z  juju-unit  idle
        01 Jan 2026 00:00:23Z  juju-unit  executing  running db-relation-created hook
        01 Jan 2026 00:00:23Z  juju-unit  idle
        01 Jan 2026 00:00:26Z  juju-unit  executing  running db-relation-joined hook
        01 Jan 2026 00:00:26Z  juju-unit  idle
        01 Jan 2026 00:00:28Z  juju-unit  executing  running db-relation-changed hook
        01 Jan 2026 00:00:28Z  juju-unit  idle
        01 Jan 2026 00:00:47Z  juju-unit  executing  running action greet
        01 Jan 2026 00:00:47Z  juju-unit  idle
    "#]]
    .assert_eq(&bench.ok("show-status-log hello/0"));
    expect![[r#"
        - status: maintenance
          message: installing charm software
          since: 01 Jan 2026 00:00:05Z
          type: workload
        - status: active
          message: hi
          since: 01 Jan 2026 00:00:09Z
          type: workload
    "#]]
    .assert_eq(&bench.ok("show-status-log hello/0 --type workload --format yaml"));
    expect![[r#"
        hello/0 start
          > application-version-set 1.2
          > open-port 80/tcp
          > juju-log 'it starts'
          | INFO it starts
    "#]]
    .assert_eq(&bench.ok("transcript hello/0 --hook start"));
    expect![[r#"
        hello/1 juju-exec
          | DEBUG said
    "#]]
    .assert_eq(&bench.ok("transcript -n 1"));
}

#[test]
fn tables_are_80_columns_wide_where_what_they_tell_allows_it_and_have_no_colours() {
    let bench = rich();
    for line in [
        "status",
        "status --relations --storage",
        "machines",
        "storage",
        "secrets",
        "resources hello --details",
        "actions hello",
        "debug-log",
        "show-status-log hello/0",
        "spaces",
        "controllers",
        "model-config",
        "--help",
        "deploy --help",
        "fault --help",
    ] {
        let text = bench.ok(line);
        let wide: Vec<&str> = text.lines().filter(|line| line.chars().count() > 80).collect();
        assert!(wide.is_empty(), "{line}: {wide:#?}");
        assert!(!text.contains('\u{1b}'), "{line}");
    }
}

#[test]
fn every_verb_that_shows_something_gives_json_and_yaml_of_the_same() {
    let bench = rich();
    for line in [
        "status",
        "machines",
        "models",
        "storage",
        "secrets",
        "resources hello",
        "operations",
        "actions hello",
        "show-status-log hello/0",
        "spaces",
        "controllers",
        "model-config",
        "config hello",
        "show-unit hello/0",
        "show-application hello",
        "show-model",
        "show-storage data/0",
        "show-secret token",
        "show-operation 1",
        "show-task 2",
        "constraints hello",
        "model-constraints",
        "whoami",
        "version",
        "transcript",
        "actions db",
    ] {
        let json = bench.json(&format!("{line} --format json"));
        let yaml: serde_json::Value = serde_yaml::from_str(&bench.ok(&format!("{line} --format yaml"))).unwrap();
        if !line.starts_with("model-config") {
            assert_eq!(json, yaml, "{line}");
        }
        bench.ok(&format!("{line} --format json --output out.json"));
        let written: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(bench.path("out.json")).unwrap()).unwrap();
        assert_eq!(written, json, "{line}");
    }
}

#[test]
fn what_a_charm_says_cannot_write_elsewhere_on_the_terminal() {
    let bench = Bench::new();
    let dispatch = "#!/bin/bash\nstatus-set active $'a\\e[2Jb\\tc\\nd\\e]0;title\\a'\njuju-log $'x\\e[2Jy'\n";
    bench.charm("evil", &[("metadata.yaml", "name: evil\nsummary: s\ndescription: d\n"), ("dispatch", dispatch)]);
    bench.ok("deploy ./evil");
    for line in ["status", "debug-log", "show-status-log evil/0", "transcript", "status --color"] {
        let text = bench.ok(line);
        assert!(!text.contains("\u{1b}[2J") && !text.contains("\u{1b}]"), "{line}: {text}");
    }
    let message = &bench.json("status --format json")["applications"]["evil"]["units"]["evil/0"]["workload-status"];
    assert!(message["message"].as_str().is_some_and(|text| text.contains("\u{1b}[2J")), "{message}");
}

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    let mut bench = rich();
    let green = "\u{1b}[32mactive\u{1b}[0m";
    assert!(!bench.ok("status").contains('\u{1b}'));
    assert!(bench.ok("status --color").contains(green));
    assert!(bench.ok("debug-log --color").contains("INFO"));
    bench.colour = true;
    let coloured = bench.ok("status");
    assert!(coloured.contains(green), "{coloured}");
    assert!(!bench.ok("status --no-color").contains('\u{1b}'));
    assert!(!bench.ok("status --format yaml").contains('\u{1b}'));
    let plain = anstream::adapter::strip_str(&coloured).to_string();
    assert_eq!(plain, bench.ok("status --no-color"));
    let headings = coloured.lines().filter(|line| line.starts_with("Unit ") || line.starts_with("App "));
    assert!(headings.into_iter().all(|line| !line.contains('\u{1b}')), "{coloured}");
}
