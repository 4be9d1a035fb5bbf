use super::Request;

/// Reads the arguments of `systemctl`; none where it is not to look at timers or to stop some.
pub(super) fn read(args: &[String]) -> Option<Request> {
    let (mut quiet, mut options, mut words) = (false, true, Vec::new());
    for arg in args {
        match arg.as_str() {
            "--" if options => options = false,
            "-q" | "--quiet" if options => quiet = true,
            "--no-block" | "--no-ask-password" | "--no-pager" | "--system" if options => {}
            option if options && option.starts_with('-') => return None,
            word => words.push(word),
        }
    }
    let (verb, names) = words.split_first()?;
    let timers: Option<Vec<String>> = names.iter().map(|name| name.strip_suffix(".timer").map(str::to_owned)).collect();
    let timers = timers.filter(|timers| !timers.is_empty())?;
    match *verb {
        "is-active" => Some(Request::IsActive { quiet, timers }),
        "stop" => Some(Request::Stop { timers }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<Request> {
        super::read(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn only_what_is_about_timers_is_read() {
        let is_active = |quiet| Some(Request::IsActive { quiet, timers: vec!["a".to_owned()] });
        assert_eq!(read("is-active a.timer"), is_active(false));
        assert_eq!(read("--quiet is-active a.timer"), is_active(true));
        assert_eq!(read("is-active -q -- a.timer"), is_active(true));
        let stop = Request::Stop { timers: vec!["a".to_owned(), "b".to_owned()] };
        assert_eq!(read("stop a.timer b.timer"), Some(stop));
        for other in
            ["", "stop", "stop a", "stop a.service", "stop a.timer b.service", "start a.timer", "--user stop a.timer"]
        {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
