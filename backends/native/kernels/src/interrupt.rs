//! Whether a kernel that runs for long is to end before it is done: the thread that has called it asks now and then.
//!
//! A broadcast view takes no memory and has as many elements as an address can count: to sum those takes hours.

use std::sync::OnceLock;

use crate::error::{Error, Result};

/// Elements after which one asks: some hundredths of a second.
pub const LONG: usize = 1 << 28;

static ASK: OnceLock<fn() -> bool> = OnceLock::new();

/// From now on `ask` says whether a kernel is to end. The thread that has called the kernel asks. What was set first stays.
pub fn set(ask: fn() -> bool) {
    let _ = ASK.set(ask);
}

/// The error that the kernel was interrupted, if it is to end.
fn check() -> Result<()> {
    if ASK.get().is_some_and(|ask| ask()) { Err(Error::Interrupted) } else { Ok(()) }
}

/// What has been done since one has asked.
#[derive(Default)]
pub struct Patience {
    elements: usize,
}

impl Patience {
    /// So many elements more are done: asks, after [`LONG`] of them.
    pub fn after(&mut self, elements: usize) -> Result<()> {
        self.elements = self.elements.saturating_add(elements);
        if self.elements < LONG {
            return Ok(());
        }
        self.elements = 0;
        check()
    }
}
