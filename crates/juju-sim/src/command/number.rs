//! Floats as Go prints them, in JSON and in YAML.

/// `encoding/json`: plain digits, with an exponent for the very small and the very large alone.
pub(super) fn json(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        return exponent(number, 1);
    }
    format!("{number}")
}

/// yaml.v2: an exponent, of two digits at least, from a million on.
pub(super) fn yaml(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-4..1e6).contains(&size) {
        return exponent(number, 2);
    }
    format!("{number}")
}

/// The shortest digits with a signed exponent of some length at least.
fn exponent(number: f64, digits: usize) -> String {
    let text = format!("{number:e}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
    format!("{mantissa}e{sign}{exponent:0>digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_as_go() {
        for (number, in_json, in_yaml) in [
            (0.0, "0", "0"),
            (45.0, "45", "45"),
            (-1.5, "-1.5", "-1.5"),
            (999_999.0, "999999", "999999"),
            (1e6, "1000000", "1e+06"),
            (9_007_199_254_740_992.0, "9007199254740992", "9.007199254740992e+15"),
            (0.0001, "0.0001", "0.0001"),
            (0.00001, "0.00001", "1e-05"),
            (1e-7, "1e-7", "1e-07"),
            (1.5e-10, "1.5e-10", "1.5e-10"),
            (1e21, "1e+21", "1e+21"),
            (-2.5e300, "-2.5e+300", "-2.5e+300"),
        ] {
            assert_eq!((json(number).as_str(), yaml(number).as_str()), (in_json, in_yaml));
        }
    }
}
