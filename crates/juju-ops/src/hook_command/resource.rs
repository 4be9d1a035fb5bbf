use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::{Command, argument};
use crate::error::{CommandError, Misfit};
use crate::transport::Call;

/// Where the file of a resource is. Juju fetches it first, if it has not or there is a newer one, which can take long.
/// `resource-get`.
///
/// Read the file at once: two resources whose metadata name the same file, and all images, take each other's place.
/// A resource that was never attached is an error.
pub fn resource_get(name: &str) -> Command<PathBuf> {
    Command::new(Call::new("resource-get", ["--", &argument(name)]), name, |stdout| {
        let path = PathBuf::from(OsStr::from_bytes(stdout.trim_ascii_end()));
        let good = path.is_absolute() && !stdout.trim_ascii_end().iter().any(u8::is_ascii_control);
        if good { Ok(path) } else { Err(CommandError::Output(Misfit::no_answer("an absolute path"))) }
    })
}
