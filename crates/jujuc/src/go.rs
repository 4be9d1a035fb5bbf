//! How Go words what goes wrong, and with it Juju and its hook commands.

use std::io;

/// An error of the system in Go's words, which Juju and its hook commands print, such as `no such file or directory`.
///
/// ```
/// let error = std::fs::read("/nowhere").unwrap_err();
/// assert_eq!(jujuc::words(&error), "no such file or directory");
/// ```
pub fn words(error: &io::Error) -> String {
    let text = error.to_string();
    let Some((text, _)) = text.split_once(" (os error ") else { return text };
    let mut chars = text.chars();
    chars.next().into_iter().flat_map(char::to_lowercase).chain(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_system_have_no_capital_and_no_number() {
        for (number, text) in [
            (2, "no such file or directory"),
            (8, "exec format error"),
            (13, "permission denied"),
            (111, "connection refused"),
        ] {
            assert_eq!(words(&io::Error::from_raw_os_error(number)), text);
        }
        assert_eq!(words(&io::Error::other("Odd")), "Odd");
    }
}
