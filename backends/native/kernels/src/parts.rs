//! Long work in parts that may fail, and that may be long enough for somebody to lose patience.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::Result;
use crate::interrupt::{LONG, Patience};
use crate::threads;

/// As [`threads::for_each_chunk`], where `work` may fail: then what has not begun is left, and one error comes back.
pub fn try_for_each_chunk<T: Send>(
    out: &mut [T],
    step: usize,
    work: impl Fn(usize, &mut [T]) -> Result<()> + Sync,
) -> Result<()> {
    let (failed, error) = (AtomicBool::new(false), Mutex::new(Ok(())));
    threads::for_each_chunk(out, step, |start, chunk| {
        if !failed.load(Ordering::Relaxed)
            && let Err(found) = work(start, chunk)
        {
            failed.store(true, Ordering::Relaxed);
            *error.lock().expect("no panic while it is held") = Err(found);
        }
    });
    error.into_inner().expect("no panic while it is held")
}

/// The same, with a look now and then whether it is to end. To make one of `out` takes `each` elements.
pub fn patiently<T: Send>(
    out: &mut [T],
    step: usize,
    each: usize,
    work: impl Fn(usize, &mut [T]) -> Result<()> + Sync,
) -> Result<()> {
    let step = step.max(1);
    let span = (LONG / step.saturating_mul(each).max(1)).max(1).saturating_mul(step);
    let mut patience = Patience::default();
    for (i, out) in out.chunks_mut(span).enumerate() {
        try_for_each_chunk(out, step, |start, chunk| work(i * span + start, chunk))?;
        patience.after(out.len().saturating_mul(each))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn an_error_comes_back_and_the_rest_is_left() {
        for step in [1, 7, 1000] {
            let mut out = [0u32; 1000];
            let refused = |start: usize, chunk: &mut [u32]| {
                chunk.fill(1);
                if start + chunk.len() > 500 { Err(Error::Operands(format!("{}", start / 500))) } else { Ok(()) }
            };
            assert!(matches!(try_for_each_chunk(&mut out, step, refused), Err(Error::Operands(_))), "{step}");
            assert_eq!(try_for_each_chunk(&mut out[..500], step, refused), Ok(()));
        }
    }

    #[test]
    fn spans_are_worked_on_once_each_and_know_where_they_are() {
        for each in [0, 1, LONG / 100, LONG, usize::MAX] {
            let mut out = [0usize; 1000];
            let work = |start: usize, chunk: &mut [usize]| {
                chunk.iter_mut().enumerate().for_each(|(i, to)| *to += start + i + 1);
                Ok(())
            };
            patiently(&mut out, 3, each, work).unwrap();
            assert!(out.into_iter().eq(1..=1000), "{each}");
        }
    }
}
