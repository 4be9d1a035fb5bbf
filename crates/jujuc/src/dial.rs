use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::{Component, Path, PathBuf};

/// Connects to an agent's socket, as `JUJU_AGENT_SOCKET_ADDRESS` has it where `JUJU_AGENT_SOCKET_NETWORK` is `unix`: an
/// address that begins with `@` is a name in the abstract namespace, and not a file.
///
/// ```
/// let error = jujuc::connect("/nowhere/agent.socket".as_ref()).unwrap_err();
/// assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
/// ```
///
/// # Errors
/// Nobody listens there, or it is no address.
pub fn connect(address: &OsStr) -> io::Result<UnixStream> {
    match address.as_bytes().strip_prefix(b"@") {
        Some(name) => UnixStream::connect_addr(&SocketAddr::from_abstract_name(name)?),
        None => UnixStream::connect(address),
    }
}

/// The current directory, by the name that the shell has for it (`PWD`), as Go gives it: what a request has as its
/// directory.
///
/// ```
/// assert!(jujuc::current_dir()?.is_absolute());
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// It is gone, or cannot be looked at.
pub fn current_dir() -> io::Result<PathBuf> {
    let named = env::var_os("PWD").map(PathBuf::from).filter(|path| path.is_absolute());
    let place = |path: &Path| fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()));
    let is_here = |path: &Path| place(path).is_some_and(|named| place(Path::new(".")) == Some(named));
    match named.filter(|path| path.components().all(|part| part != Component::ParentDir) && is_here(path)) {
        Some(path) => Ok(path.components().collect()),
        None => env::current_dir(),
    }
}
