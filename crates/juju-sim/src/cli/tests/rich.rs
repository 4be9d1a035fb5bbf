use super::Bench;

/// A model with something of everything.
pub(super) fn rich() -> Bench {
    let bench = Bench::new();
    bench.write("tool.txt", "a tool");
    bench.quiet("pg", "provides: {database: {interface: pg}}");
    bench.quiet("logs", "subordinate: true\nrequires: {host: {interface: juju-info, scope: container}}");
    for line in [
        "add-model web",
        "add-space fast 10.9.0.0/24",
        "deploy ./hello -n 2 --storage data=1 --resource tool=tool.txt --constraints 'mem=4G cores=2' --bind db=fast",
        "deploy ./pg db --base ubuntu@22.04",
        "deploy ./logs",
        "integrate hello:db db",
        "integrate logs hello",
        "expose hello",
        "add-secret token key=value --info 'A token.'",
        "grant-secret token hello",
        "update-secret token key=other",
        "run hello/leader greet name=all",
        "exec --unit hello/1 -- echo said",
        "add-machine",
    ] {
        bench.ok(line);
    }
    bench
}
