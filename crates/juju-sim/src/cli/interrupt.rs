use std::io;
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use crate::SimError;
use crate::process::belongings;

/// From now on a signal that ends this process, such as that of Ctrl-C, leaves nothing behind: neither the hook that
/// runs, which as a process group of its own does not get the signal, nor the temporary directories.
pub(super) fn clean_up_at_signals() -> Result<(), SimError> {
    let failed =
        |source: io::Error| SimError::Process { act: "watch for signals in", program: "juju-sim".into(), source };
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM]).map_err(failed)?;
    let wait = move || {
        for signal in signals.forever() {
            let _removed = belongings::remove_all();
            // The one who waits for this process sees that it was a signal.
            if emulate_default_handler(signal).is_err() {
                std::process::exit(128 + signal);
            }
        }
    };
    thread::Builder::new().spawn(wait).map(drop).map_err(failed)
}
