//! The threads that share out long work: a pool made on first use, of `RCMLRS_NUM_THREADS` (1 means none).
//!
//! The results do not depend on their number. A process that forks gets a new pool in the child on its first long
//! kernel: threads do not survive a fork. A panic on one of them ends the work and goes on in the thread that asked for
//! it; the pool lives on.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::environment;

/// The environment variable that says how many threads work.
pub const VARIABLE: &str = "RCMLRS_NUM_THREADS";

static COUNT: AtomicUsize = AtomicUsize::new(0);
static POOL: Mutex<Option<Pool>> = Mutex::new(None);

struct Pool {
    process: u32,
    count: usize,
    threads: Arc<ThreadPool>,
}

/// How many threads work on a long kernel, the calling one not counted apart.
pub fn count() -> usize {
    match COUNT.load(Ordering::Relaxed) {
        0 => {
            let all = || std::thread::available_parallelism().map_or(1, |n| n.get());
            let count = chosen().ok().flatten().unwrap_or_else(all);
            COUNT.store(count, Ordering::Relaxed);
            count
        }
        count => count,
    }
}

/// More threads than this are of no use to anyone, and a system may not have them.
pub const MOST: usize = 1024;

/// What the environment variable chooses, or why it chooses nothing: then there are as many as the machine has.
pub fn chosen() -> Result<Option<usize>, String> {
    let Ok(text) = std::env::var(VARIABLE) else { return Ok(None) };
    match text.trim() {
        "" => Ok(None),
        number => match number.parse() {
            Ok(count @ 1..=MOST) => Ok(Some(count)),
            _ => Err(format!("{VARIABLE}={text} is no number from 1 to {MOST}")),
        },
    }
}

/// Set how many threads work from now on; at least one, and at most [`MOST`].
pub fn set_count(count: usize) {
    COUNT.store(count.clamp(1, MOST), Ordering::Relaxed);
}

fn pool() -> Option<Arc<ThreadPool>> {
    let count = count();
    if count == 1 {
        return None;
    }
    let process = std::process::id();
    // A lock that another thread held during a fork is never given back in the child: then there is no pool.
    let mut kept = POOL.try_lock().ok()?;
    if let Some(pool) = kept.as_ref()
        && pool.process == process
        && pool.count == count
    {
        return Some(pool.threads.clone());
    }
    let threads = ThreadPoolBuilder::new().num_threads(count).thread_name(|i| format!("rcmlrs-{i}")).build();
    let Ok(threads) = threads else {
        set_count(1); // no threads to be had: the calling one does it all, and does not ask again
        return None;
    };
    let threads = Arc::new(threads);
    if let Some(old) = kept.replace(Pool { process, count, threads: threads.clone() })
        && old.process != process
    {
        std::mem::forget(old); // its threads are the parent's: there is nobody here to be stopped
    }
    Some(threads)
}

/// Run `work(start, chunk)` on every chunk of `step` elements of `out`, on all threads where there is more than one.
pub fn for_each_chunk<T: Send>(out: &mut [T], step: usize, work: impl Fn(usize, &mut [T]) + Sync) {
    let step = step.max(1);
    if out.len() > step
        && let Some(pool) = pool()
    {
        pool.install(|| {
            out.par_chunks_mut(step)
                .enumerate()
                .with_max_len(1)
                .for_each(|(i, chunk)| environment::with_default(|| work(i * step, chunk)));
        });
    } else {
        out.chunks_mut(step).enumerate().for_each(|(i, chunk)| work(i * step, chunk));
    }
}

/// Run `work`, which shares out several things one after the other, on one of the threads: handing over to them and being
/// woken again then happens once.
pub fn within<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    match pool() {
        Some(pool) => pool.install(|| environment::with_default(work)),
        None => work(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::AtomicUsize;

    use super::*;
    use crate::{Error, caught};

    #[test]
    fn every_part_is_worked_on_once() {
        for (length, step) in [(0, 3), (1, 3), (3, 3), (10, 3), (1000, 1), (5, 0), (5, usize::MAX)] {
            let mut out = vec![0usize; length];
            for_each_chunk(&mut out, step, |start, chunk| {
                assert!(chunk.len() <= step.max(1));
                chunk.iter_mut().enumerate().for_each(|(i, to)| *to += start + i + 1);
            });
            assert!(out.into_iter().eq(1..=length), "{length} in steps of {step}");
        }
    }

    #[test]
    fn a_panic_comes_back_and_the_pool_works_on() {
        let worked = AtomicUsize::new(0);
        let mut out = [0u8; 64];
        for _ in 0..3 {
            let failed = catch_unwind(AssertUnwindSafe(|| {
                for_each_chunk(&mut out, 1, |start, _| {
                    assert!(start != 17, "a defect at {start}");
                    worked.fetch_add(1, Ordering::Relaxed);
                });
            }));
            let words = failed.unwrap_err();
            assert_eq!(words.downcast_ref::<String>().unwrap(), "a defect at 17");
            let made = caught(|| {
                for_each_chunk(&mut [0u8; 64], 1, |start, _| assert!(start != 63, "the last"));
                Ok(())
            });
            assert_eq!(made, Err(Error::Defect("the last".to_owned())));
            for_each_chunk(&mut out, 1, |start, chunk| chunk[0] = start as u8);
            assert!(out.into_iter().eq(0..64));
        }
    }

    #[test]
    fn many_callers_at_once_and_work_within_work() {
        std::thread::scope(|scope| {
            for caller in 0..4usize {
                scope.spawn(move || {
                    for _ in 0..20 {
                        let mut out = vec![0usize; 100];
                        for_each_chunk(&mut out, 10, |start, chunk| {
                            for_each_chunk(chunk, 3, |i, inner| inner.fill(caller + start + i));
                        });
                        assert!(out.iter().enumerate().all(|(i, &x)| x == caller + i / 10 * 10 + i % 10 / 3 * 3));
                    }
                });
            }
        });
    }

    #[test]
    fn the_threads_are_as_many_as_was_said() {
        let names = Mutex::new(HashSet::new());
        set_count(3);
        for_each_chunk(&mut [0u8; 300], 1, |_, _| {
            names.lock().unwrap().insert(std::thread::current().name().map(str::to_owned));
            std::thread::sleep(std::time::Duration::from_micros(100));
        });
        let names = names.into_inner().unwrap();
        assert!(names.len() <= 3 && names.iter().flatten().all(|name| name.starts_with("rcmlrs-")), "{names:?}");
        set_count(1);
        for_each_chunk(&mut [0u8; 3], 1, |_, _| {
            assert!(!std::thread::current().name().unwrap_or("").starts_with("rcmlrs-"))
        });
        set_count(2);
    }
}
