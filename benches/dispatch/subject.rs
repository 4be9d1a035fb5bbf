//! The charms that are compared, each in a directory as a unit has it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::charm_dir::{CharmDir, quoted};
use crate::python::Python;

pub(crate) const SOCKET: &str = "juju-ops, socket";
pub(crate) const EXEC: &str = "juju-ops, executables";
pub(crate) const OPS: &str = "ops";
pub(crate) const REACTIVE: &str = "charms.reactive";
pub(crate) const GOOPS: &str = "goops";

/// One charm, on one framework.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) dir: CharmDir,
    /// The same framework with a charm that observes next to nothing.
    pub(crate) bare: Option<CharmDir>,
    pub(crate) variables: Vec<(String, String)>,
    /// Whether it shows how many peers there are as the others do, and has the action.
    pub(crate) is_like_the_others: bool,
}

/// Where things are.
pub(crate) struct Places<'a> {
    pub(crate) project: &'a Path,
    pub(crate) base: &'a Path,
    pub(crate) weigh: &'a Path,
}

impl Places<'_> {
    fn finish(&self, dir: CharmDir) -> Result<CharmDir> {
        let path = dir.path();
        if !path.join("metadata.yaml").exists() {
            fs::copy(self.project.join("metadata.yaml"), path.join("metadata.yaml"))?;
        }
        // As charmcraft packs it: ops takes the names of actions from there.
        let charmcraft = fs::read_to_string(self.project.join("charmcraft.yaml"))?;
        let (_, actions) = charmcraft.split_once("\nactions:\n").ok_or("charmcraft.yaml has no actions")?;
        let actions: Vec<&str> =
            actions.lines().map_while(|line| line.strip_prefix("  ").or(line.is_empty().then_some(""))).collect();
        fs::write(path.join("actions.yaml"), actions.join("\n"))?;
        dir.weighed_by(self.weigh, "")
    }

    fn executable(&self, name: &str, program: &Path) -> Result<CharmDir> {
        self.finish(CharmDir::create(&self.base.join(name), program)?)
    }

    pub(crate) fn rust(&self, name: &'static str, via: &str, charm: &Path, bare: &Path) -> Result<Subject> {
        Ok(Subject {
            name,
            dir: self.executable(&format!("rust-{via}"), charm)?,
            bare: Some(self.executable(&format!("rust-{via}-bare"), bare)?),
            variables: vec![("JUJU_OPS_TRANSPORT".to_owned(), via.to_owned())],
            is_like_the_others: true,
        })
    }

    pub(crate) fn ops(&self, python: &Python) -> Result<Subject> {
        let make = |name: &str, source: &str| {
            let dir = CharmDir::create_script(&self.base.join(name), &python.dispatch())?;
            fs::create_dir(dir.path().join("src"))?;
            fs::copy(self.project.join(source), dir.path().join("src/charm.py"))?;
            symlink(python.packages(), dir.path().join("venv"))?;
            self.finish(dir)
        };
        Ok(Subject {
            name: OPS,
            dir: make("ops", "benches/python_peer/src/charm.py")?,
            bare: Some(make("ops-bare", "benches/calls/bare/charm.py")?),
            variables: Vec::new(),
            is_like_the_others: true,
        })
    }

    /// The charm of the tests that has the original interface.
    pub(crate) fn reactive(&self, python: &Python) -> Result<Subject> {
        let source = self.project.join("tests/charms/magpie-reactive");
        let script = format!("#!/bin/sh\nexec {} ./hook.template\n", quoted(&python.interpreter()));
        let dir = CharmDir::create_script(&self.base.join("reactive"), &script)?;
        copy_all(&source, &dir.path())?;
        symlink(python.reactive(), dir.path().join("venv"))?;
        Ok(Subject {
            name: REACTIVE,
            dir: self.finish(dir)?,
            bare: None,
            variables: Vec::new(),
            is_like_the_others: false,
        })
    }

    /// Built against the checkout that `GOOPS_DIR` names.
    pub(crate) fn goops(&self, goops: &Path) -> Result<Subject> {
        let module = self.base.join("go");
        if module.exists() {
            fs::remove_dir_all(&module)?;
        }
        fs::create_dir_all(module.join("out"))?;
        copy_all(&self.project.join("benches/go_peer"), &module)?;
        let goops = goops.canonicalize()?;
        let text = format!(
            "module peer\n\ngo 1.24\n\nrequire github.com/gruyaume/goops v0.0.0\n\nreplace github.com/gruyaume/goops => {}\n",
            goops.display()
        );
        fs::write(module.join("go.mod"), text)?;
        let go = |args: &[&str]| -> Result<()> {
            let mut command = Command::new("go");
            command.args(args).current_dir(&module).env("CGO_ENABLED", "0").stdout(std::io::stderr());
            let status = command.status().map_err(|error| format!("go: {error}"))?;
            if status.success() { Ok(()) } else { Err(format!("go {}: {status}", args.join(" ")).into()) }
        };
        go(&["mod", "tidy"])?;
        go(&["build", "-trimpath", "-ldflags=-s -w", "-o", "out/", "./..."])?;
        Ok(Subject {
            name: GOOPS,
            dir: self.executable("goops", &module.join("out/peer"))?,
            bare: Some(self.executable("goops-bare", &module.join("out/bare"))?),
            variables: Vec::new(),
            is_like_the_others: true,
        })
    }

    /// What no charm is faster than; `text` says what it does.
    pub(crate) fn floor(&self, program: &Path, text: &str) -> Result<CharmDir> {
        let name = format!("floor-{}", text.split(' ').next().unwrap_or_default());
        let dir = self.executable(&name, program)?;
        if !text.is_empty() {
            fs::write(dir.path().join("floor"), text)?;
        }
        Ok(dir)
    }
}

fn copy_all(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to: PathBuf = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&to)?;
            copy_all(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), &to)?;
        }
    }
    Ok(())
}
