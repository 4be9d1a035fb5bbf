//! Whole dispatches through the process door.
