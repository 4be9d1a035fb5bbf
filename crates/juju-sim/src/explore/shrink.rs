use super::step::Step;

/// How many runs are spent on making a failing case small.
const MOST: usize = 3_000;

/// A list of steps that still fails, from which no step can be left out: first long stretches are tried, then shorter
/// ones, then single steps, then smaller numbers in them.
pub(super) fn smallest(mut steps: Vec<Step>, fails: impl Fn(&[Step]) -> bool) -> Vec<Step> {
    let mut left = MOST;
    let mut try_ = |candidate: &[Step]| {
        if left == 0 {
            return false;
        }
        left -= 1;
        fails(candidate)
    };
    // Single hooks read badly: where running all that are due does as well, that stands in their place.
    loop {
        let before = steps.len();
        for shorter in [without as fn(&[Step], usize, usize) -> Vec<Step>, settled] {
            let mut length = steps.len().div_ceil(2).max(1);
            loop {
                let mut at = 0;
                while at < steps.len() {
                    let candidate = shorter(&steps, at, length);
                    if candidate.len() < steps.len() && try_(&candidate) {
                        steps = candidate;
                    } else {
                        at += length.div_ceil(2);
                    }
                }
                if length == 1 {
                    break;
                }
                length = length.div_ceil(2);
            }
        }
        if steps.len() == before {
            break;
        }
    }
    for index in 0..steps.len() {
        for change in [|step: &mut Step| step.who = 0, |step: &mut Step| step.how = 0] as [fn(&mut Step); 2] {
            let mut candidate = steps.clone();
            change(&mut candidate[index]);
            if candidate != steps && try_(&candidate) {
                steps = candidate;
            }
        }
    }
    steps
}

fn without(steps: &[Step], at: usize, length: usize) -> Vec<Step> {
    let mut steps = steps.to_vec();
    steps.drain(at..(at + length).min(steps.len()));
    steps
}

fn settled(steps: &[Step], at: usize, length: usize) -> Vec<Step> {
    let mut steps = steps.to_vec();
    steps.splice(at..(at + length).min(steps.len()), [Step::settle()]);
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_is_needed_and_nothing_else() {
        let step = |what| Step { what, who: 9, how: 9 };
        let steps: Vec<Step> = (0..100).map(step).collect();
        let needs = |steps: &[Step]| [17, 18, 80].iter().all(|what| steps.iter().any(|step| step.what == *what));
        let small = smallest(steps, needs);
        assert_eq!(small, [17, 18, 80].map(|what| Step { what, who: 0, how: 0 }));
        assert!(smallest(vec![step(1)], |_| true).is_empty());
    }
}
