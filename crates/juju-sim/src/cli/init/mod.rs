//! `juju-sim init`: a new charm.

mod crates;
mod name;
mod template;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::failure::Failure;
use crate::SimError;
use name::Name;

/// What `juju-sim init` is told.
#[derive(Debug, clap::Args)]
pub(super) struct InitArguments {
    /// The name of the charm: lower-case letters and digits, in parts joined by dashes.
    name: Name,
    /// What to make.
    #[arg(long, value_enum, default_value_t = Kind::Charm)]
    kind: Kind,
    /// Where to make it; without it, in a directory of that name here.
    ///
    /// The directory may be there and have other files, but none that is to be written.
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
    /// Take the crates from here and not from crates.io.
    ///
    /// Either a checkout of their repository, or a directory with their packages unpacked in it (juju-ops-0.1.0 and
    /// so on). charmcraft packs what is within the charm's own directory: to pack elsewhere than on this machine,
    /// have them there first, as with "git submodule add".
    #[arg(long, value_name = "DIR")]
    crates: Option<PathBuf>,
}

/// What is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// A charm with an option, an action and a status.
    Charm,
    /// A charm whose units know each other by a peer relation.
    Peer,
    /// An object for one interface, which charms include.
    Library,
}

/// Writes the files and tells what to do next.
///
/// # Errors
/// A file is there already, and nothing was written; or one cannot be written.
pub(super) fn run(arguments: &InitArguments) -> Result<(), Failure> {
    let InitArguments { name, kind, path, crates } = arguments;
    let dir = path.clone().unwrap_or_else(|| name.to_string().into());
    let files = files(name, *kind, &dir, crates.as_deref())?;
    for (path, _) in &files {
        if path.symlink_metadata().is_ok() {
            let why = format!("{} is there already; nothing was written", path.display());
            return Err(SimError::Init { what: format!("make {name}"), why }.into());
        }
    }
    for (path, text) in &files {
        write(path, text)?;
    }
    // A reader that is gone has seen enough.
    let _ = tell(arguments, &dir, &files);
    Ok(())
}

fn files(name: &Name, kind: Kind, dir: &Path, crates: Option<&Path>) -> Result<Vec<(PathBuf, String)>, SimError> {
    let patch = crates.map(|crates| crates::patch(crates, &absolute(dir)?)).transpose()?;
    let files = template::all(kind).into_iter().map(|template| {
        let mut text = template.text(name);
        if template.path == "Cargo.toml" {
            text.push_str(patch.as_deref().unwrap_or_default());
        }
        (dir.join(template.path), text)
    });
    Ok(files.collect())
}

/// The path of a directory that need not be there.
fn absolute(dir: &Path) -> Result<PathBuf, SimError> {
    let absolute = std::path::absolute(dir).map_err(SimError::file("find", dir))?;
    Ok(absolute.canonicalize().unwrap_or(absolute))
}

fn write(path: &Path, text: &str) -> Result<(), SimError> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(SimError::file("create", parent))?;
    }
    let mut file = File::create_new(path).map_err(SimError::file("create", path))?;
    file.write_all(text.as_bytes()).map_err(SimError::file("write", path))
}

fn tell(arguments: &InitArguments, dir: &Path, files: &[(PathBuf, String)]) -> std::io::Result<()> {
    let InitArguments { name, kind, crates, .. } = arguments;
    let mut out = anstream::stdout();
    for (path, _) in files {
        writeln!(out, "{}", path.display())?;
    }
    writeln!(out, "\nNext:\n")?;
    writeln!(out, "  cd {}", dir.display())?;
    writeln!(out, "  cargo test         # in the simulator of Juju: no Juju, no cloud")?;
    if *kind == Kind::Library {
        return writeln!(out, "\nThen write what the interface says into src/requirer.rs.");
    }
    writeln!(out, "  charmcraft pack    # makes {name}_amd64.charm, or that of your machine")?;
    writeln!(out, "  juju-sim check {name}_amd64.charm")?;
    writeln!(out, "  juju deploy ./{name}_amd64.charm")?;
    writeln!(out, "\nThe charm is in src/lib.rs, what Juju knows of it in charmcraft.yaml.")?;
    let outside = crates.as_ref().filter(|crates| !absolute(dir).is_ok_and(|dir| crates::is_within(crates, &dir)));
    if let Some(crates) = outside {
        let crates = crates.display();
        writeln!(out, "It is built with the crates in {crates}, which charmcraft does not see from its container.")?;
    }
    Ok(())
}
