use juju_sim::{Charm, HookRun, Invocation, ProgramEnd, Revision, World};

pub(crate) const METADATA: &str = "
name: magpie
summary: a charm of the tests
description: a charm of the tests
peers:
  magpie: {interface: magpie}
";

pub(crate) fn charm() -> Charm {
    let config = "options: {mtu: {type: int, default: 1500}, cidr: {type: string}}";
    let actions = "
ping:
  params: {host: {type: string}, count: {type: integer, default: 4}}
  required: [host]
fail: {}
";
    Charm::parse(METADATA, Some(config), Some(actions)).unwrap()
}

/// A world whose charm does what `program` does with its hook commands, and exits with 0.
pub(crate) fn world(program: impl Fn(&Hook) + 'static) -> World {
    world_with(1, move |hook| {
        program(hook);
        ProgramEnd::Exit(0)
    })
}

pub(crate) fn world_with(seed: u64, program: impl Fn(&Hook) -> ProgramEnd + 'static) -> World {
    World::of_one(Revision::in_process(charm(), move |invocation| program(&Hook(invocation))), seed).unwrap()
}

/// The hook that runs, as the charm sees it.
pub(crate) struct Hook(pub(crate) Invocation);

impl Hook {
    pub(crate) fn var(&self, name: &str) -> Option<&str> {
        self.0.var(name)
    }

    pub(crate) fn name(&self) -> &str {
        self.var("JUJU_DISPATCH_PATH").unwrap_or_default().split_once('/').map_or("", |(_, name)| name)
    }

    pub(crate) fn unit(&self) -> &str {
        self.var("JUJU_UNIT_NAME").unwrap_or_default()
    }

    /// Runs a hook command given as one line of words; its standard output.
    pub(crate) fn call(&self, line: &str) -> String {
        let output = self.try_call(line);
        assert_eq!(output.code, 0, "{line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    pub(crate) fn try_call(&self, line: &str) -> juju_sim::ToolOutput {
        let argv: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        self.0.tools.call(&argv, None)
    }
}

/// The hooks of a unit since the last call of `clear_transcript`, without the unit's name.
pub(crate) fn hooks(world: &World, unit: &str) -> Vec<String> {
    let transcript = world.transcript();
    let titles = transcript.lines().filter(|line| !line.starts_with(' '));
    titles.filter_map(|title| title.strip_prefix(unit)?.strip_prefix(' ')).map(str::to_owned).collect()
}

/// `count` units, settled.
pub(crate) fn deploy(world: &mut World, count: usize) {
    for _ in 0..count {
        world.add_unit("magpie").unwrap();
    }
    world.settle().unwrap();
    world.clear_transcript();
}

/// Runs a unit's hooks up to and including the one of this name.
pub(crate) fn run_to<'w>(world: &'w mut World, unit: &str, hook: &str) -> &'w HookRun {
    for _ in 0..50 {
        let ran = world.step_unit(unit).map(|run| run.hook.clone());
        match ran {
            Some(name) if name == hook => return world.runs().last().unwrap(),
            Some(_) => {}
            None => break,
        }
    }
    panic!("{unit} has no {hook} to run:\n{}", world.transcript());
}

/// A revision of a charm that does what `program` does with its hook commands, and exits with 0.
pub(crate) fn revision(metadata: &str, program: impl Fn(&Hook) + 'static) -> Revision {
    Revision::in_process(Charm::parse(metadata, None, None).unwrap(), move |invocation| {
        program(&Hook(invocation));
        ProgramEnd::Exit(0)
    })
}
