//! Which hook ran because of which.

use std::collections::HashMap;

use crate::content::Content;
use crate::run::HookRun;

/// How many hooks are named as causes of one.
const MOST_CAUSES: usize = 6;

/// From a hook that changed something to one that tells of it; by their places among the hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Arrow {
    pub(super) from: usize,
    pub(super) to: usize,
    /// Whether the unit sees it for the first time: the hook would have run without it too.
    pub(super) first: bool,
}

/// Why a hook tells of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cause<'a> {
    /// It is seen for the first time, as the hook at a place has left it; none where no hook has changed it.
    First(&'a Content, Option<usize>),
    /// These hooks have changed it, the oldest first.
    Changed(&'a Content, Vec<usize>),
    /// It has changed, and none of the hooks that are known has done it.
    Elsewhere(&'a Content),
    /// It has not changed: the hook follows another.
    Unchanged(&'a Content),
}

#[derive(Debug)]
pub(super) struct Causes<'a> {
    /// By the hook's place.
    causes: Vec<Option<Cause<'a>>>,
    effects: Vec<Vec<usize>>,
    /// Whether there are hooks before the first.
    pub(super) has_more: bool,
}

impl<'a> Causes<'a> {
    pub(super) fn of(runs: &'a [HookRun], has_more: bool) -> Causes<'a> {
        let mut versions: HashMap<&Content, Vec<(u64, usize)>> = HashMap::new();
        let mut causes = Vec::with_capacity(runs.len());
        let mut effects = vec![Vec::new(); runs.len()];
        for (index, run) in runs.iter().enumerate() {
            let cause = run.told.as_ref().map(|told| {
                let of = &told.of;
                let known = versions.get(of).map(Vec::as_slice).unwrap_or_default();
                let mut makers: Vec<usize> =
                    known.iter().filter(|(version, _)| told.has(*version)).map(|(_, maker)| *maker).collect();
                if told.since.is_none() {
                    return Cause::First(of, makers.last().copied());
                }
                makers.drain(..makers.len().saturating_sub(MOST_CAUSES));
                match told.since {
                    _ if !makers.is_empty() => Cause::Changed(of, makers),
                    Some(since) if since == told.version => Cause::Unchanged(of),
                    _ => Cause::Elsewhere(of),
                }
            });
            for maker in cause.iter().flat_map(Cause::makers) {
                effects[maker].push(index);
            }
            causes.push(cause);
            for publication in &run.published {
                versions.entry(&publication.of).or_default().push((publication.version, index));
            }
        }
        Causes { causes, effects, has_more }
    }

    pub(super) fn cause(&self, index: usize) -> Option<&Cause<'a>> {
        self.causes.get(index)?.as_ref()
    }

    /// The hooks that tell of what one has changed.
    pub(super) fn effects(&self, index: usize) -> &[usize] {
        self.effects.get(index).map(Vec::as_slice).unwrap_or_default()
    }

    /// All of them, those of changes first.
    pub(super) fn arrows(&self) -> Vec<Arrow> {
        let arrows = |(to, cause): (usize, &Option<Cause<'_>>)| {
            let first = matches!(cause, Some(Cause::First(..)));
            let makers: Vec<usize> = cause.iter().flat_map(Cause::makers).collect();
            makers.into_iter().map(move |from| Arrow { from, to, first }).collect::<Vec<_>>()
        };
        let mut arrows: Vec<Arrow> = self.causes.iter().enumerate().flat_map(arrows).collect();
        arrows.sort_by_key(|arrow| arrow.first);
        arrows
    }
}

impl Cause<'_> {
    /// The hooks that it comes from.
    fn makers(&self) -> impl Iterator<Item = usize> {
        let makers = match self {
            Cause::First(_, maker) => maker.as_slice(),
            Cause::Changed(_, makers) => makers.as_slice(),
            Cause::Elsewhere(_) | Cause::Unchanged(_) => &[],
        };
        makers.iter().copied()
    }
}
