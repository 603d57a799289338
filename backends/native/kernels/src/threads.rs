//! The threads that share out long work: a pool made on first use, of `RCMLRS_NUM_THREADS` (1 means none), the calling
//! thread counted among them.
//!
//! The results do not depend on their number. Who calls works with the others, and takes up all that they have not come
//! to; they look out for more work for some tens of microseconds, so that what follows at once finds them awake, and then
//! sleep. One caller has the pool at a time: another one, and work within work, does all itself. A process that forks gets
//! a new pool in the child on its first long kernel: threads do not survive a fork. A panic on one of them goes on in the
//! thread that asked for the work, once all have ended; the pool lives on.

use std::any::Any;
use std::hint;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Builder, JoinHandle};
use std::time::{Duration, Instant};

use crate::{environment, placement};

/// The environment variable that says how many threads work.
pub const VARIABLE: &str = "RCMLRS_NUM_THREADS";

/// How long a thread that waits keeps its core. To wake one that sleeps takes as long, where the machine is a virtual one.
const PATIENCE: Duration = Duration::from_micros(50);

static COUNT: AtomicUsize = AtomicUsize::new(0);
static POOL: Mutex<Option<Pool>> = Mutex::new(None);

/// How many threads work on a long kernel, the calling one included.
pub fn count() -> usize {
    match COUNT.load(Ordering::Relaxed) {
        0 => {
            let all = || thread::available_parallelism().map_or(1, |n| n.get());
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

/// Run `work(start, chunk)` on every chunk of `step` elements of `out`, on all threads where there is more than one.
pub fn for_each_chunk<T: Send>(out: &mut [T], step: usize, work: impl Fn(usize, &mut [T]) + Sync) {
    for_each_part(out, |_| step, work);
}

/// As [`for_each_chunk`] for work that may fail, on all threads if `shared`; of several errors it returns one.
pub fn try_for_each_chunk<T: Send, E: Send>(
    out: &mut [T],
    step: usize,
    shared: bool,
    work: impl Fn(usize, &mut [T]) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let step = step.max(1);
    if !shared {
        return out.chunks_mut(step).enumerate().try_for_each(|(i, chunk)| work(i * step, chunk));
    }
    let failed = Mutex::new(None);
    for_each_chunk(out, step, |start, chunk| {
        if let Err(error) = work(start, chunk) {
            *locked(&failed) = Some(error);
        }
    });
    failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}

/// Run `work(start, part)` on every part of `out`, on all threads where there is more than one. Where so many elements are
/// left, the next part has `size(left)` of them.
pub fn for_each_part<T: Send>(
    out: &mut [T],
    size: impl Fn(usize) -> usize + Send,
    work: impl Fn(usize, &mut [T]) + Sync,
) {
    let all = out.len();
    let parts = all.div_ceil(size(all).max(1));
    let rest = Mutex::new((out, size));
    let take = || {
        let (rest, size) = &mut *locked(&rest);
        let left = rest.len();
        let part = rest.split_off_mut(..size(left).clamp(1, left.max(1)))?;
        Some((all - left, part))
    };
    let each = || {
        while let Some((start, part)) = take() {
            work(start, part);
        }
    };
    match if parts > 1 { crew() } else { None } {
        Some(crew) => crew.share(parts - 1, &each),
        None => each(),
    }
}

/// Nobody panics while one of these locks is held.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The threads of a process, which end with it.
struct Pool {
    process: u32,
    count: usize,
    crew: Arc<Crew>,
}

impl Pool {
    /// One thread less than `count`, or as many as are to be had; none where there are none.
    fn new(count: usize) -> Option<Pool> {
        let crew = Arc::new(Crew { caller: placement::UNKNOWN.into(), ..Crew::default() });
        let helpers = (1..count).map_while(|i| {
            let crew = crew.clone();
            Builder::new().name(format!("rcmlrs-{i}")).spawn(move || crew.help()).ok()
        });
        let helpers: Vec<_> = helpers.collect();
        let any = !helpers.is_empty();
        *locked(&crew.helpers) = helpers;
        any.then(|| Pool { process: std::process::id(), count, crew })
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        locked(&self.crew.board).closed = true;
        self.crew.called.notify_all();
    }
}

/// The threads that are there to help, if nobody else has them.
fn crew() -> Option<Taken> {
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
        return Taken::new(&pool.crew);
    }
    let Some(pool) = Pool::new(count) else {
        set_count(1); // no threads to be had: the calling one does it all, and does not ask again
        return None;
    };
    let taken = Taken::new(&pool.crew);
    if let Some(old) = kept.replace(pool)
        && old.process != process
    {
        std::mem::forget(old); // its threads are the parent's: there is nobody here to be stopped
    }
    taken
}

/// What the threads of a pool share.
#[derive(Default)]
struct Crew {
    taken: AtomicBool,
    board: Mutex<Board>,
    /// How many works there have been: what a thread looks at that waits for one.
    calls: AtomicUsize,
    /// How many work on it besides who called: what the caller looks at when it waits for them.
    helping: AtomicUsize,
    called: Condvar,
    ended: Condvar,
    helpers: Mutex<Vec<JoinHandle<()>>>,
    /// The processor that the caller was on when it called last.
    caller: AtomicI32,
    /// Whether a helper has found itself there.
    crowded: AtomicBool,
}

/// What there is to do; all changes of a `Crew` are made under its lock.
#[derive(Default)]
struct Board {
    work: Option<Work>,
    /// How many more may take part in it.
    wanted: usize,
    asleep: usize,
    panic: Option<Box<dyn Any + Send>>,
    closed: bool,
}

/// To be called by each thread that takes part; who comes first has most of it.
type Work = &'static (dyn Fn() + Sync);

impl Crew {
    /// Run `work` here and on as many others as come in time, up to `helpers`.
    fn share(&self, helpers: usize, work: &(dyn Fn() + Sync)) {
        // SAFETY: only the lifetime changes. A thread gets at `work` through the board alone, and is counted as helping
        // from then on until it has returned from it; below, the work is taken off the board, and this function does
        // not return, nor unwind, before nobody is helping.
        let work = unsafe { std::mem::transmute::<&(dyn Fn() + Sync), Work>(work) };
        let here = placement::here();
        let moved = self.caller.swap(here, Ordering::Relaxed) != here;
        let mut board = locked(&self.board);
        if self.crowded.swap(false, Ordering::Relaxed) || moved {
            placement::keep_off(&locked(&self.helpers), here);
        }
        (board.work, board.wanted) = (Some(work), helpers);
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.wake(board);
        let own = catch_unwind(AssertUnwindSafe(|| environment::with_default(work)));
        let mut board = locked(&self.board);
        board.work = None;
        if self.helping.load(Ordering::Relaxed) > 0 {
            drop(board);
            patiently(|| self.helping.load(Ordering::Relaxed) == 0);
            board = locked(&self.board);
            while self.helping.load(Ordering::Relaxed) > 0 {
                board = self.ended.wait(board).unwrap_or_else(PoisonError::into_inner);
            }
        }
        let theirs = board.panic.take();
        drop(board);
        if let Some(panic) = own.err().or(theirs) {
            resume_unwind(panic);
        }
    }

    /// Wake two that sleep, if that many are wanted: they wake others in turn.
    fn wake(&self, board: MutexGuard<'_, Board>) {
        let few = board.wanted.min(board.asleep).min(2);
        drop(board);
        (0..few).for_each(|_| self.called.notify_one());
    }

    /// What each of the threads does until the pool is dropped.
    fn help(&self) {
        let mut board = locked(&self.board);
        while !board.closed {
            let seen = self.calls.load(Ordering::Relaxed);
            let here = placement::here();
            if here != placement::UNKNOWN && here == self.caller.load(Ordering::Relaxed) {
                self.crowded.store(true, Ordering::Relaxed); // the next call sees to it
            }
            if let Some(work) = board.work
                && board.wanted > 0
            {
                board.wanted -= 1;
                self.helping.fetch_add(1, Ordering::Relaxed);
                self.wake(board);
                let end = catch_unwind(AssertUnwindSafe(|| environment::with_default(work)));
                board = locked(&self.board);
                board.wanted = 0; // who comes now has nothing to do
                if let Err(panic) = end {
                    board.panic.get_or_insert(panic);
                }
                if self.helping.fetch_sub(1, Ordering::Relaxed) == 1 && board.work.is_none() {
                    self.ended.notify_one();
                }
            }
            drop(board);
            let called = patiently(|| self.calls.load(Ordering::Relaxed) != seen);
            board = locked(&self.board);
            if !called && !board.closed && self.calls.load(Ordering::Relaxed) == seen {
                board.asleep += 1;
                board = self.called.wait(board).unwrap_or_else(PoisonError::into_inner);
                board.asleep -= 1;
            }
        }
    }
}

/// Wait for what is to come soon; whether it did. Others who want the core get it.
fn patiently(come: impl Fn() -> bool) -> bool {
    let began = Instant::now();
    loop {
        for _ in 0..64 {
            if come() {
                return true;
            }
            hint::spin_loop();
        }
        if began.elapsed() >= PATIENCE {
            return false;
        }
        thread::yield_now();
    }
}

/// A crew that works for one caller.
struct Taken(Arc<Crew>);

impl Taken {
    fn new(crew: &Arc<Crew>) -> Option<Taken> {
        (!crew.taken.swap(true, Ordering::Acquire)).then(|| Taken(crew.clone()))
    }

    fn share(&self, helpers: usize, work: &(dyn Fn() + Sync)) {
        self.0.share(helpers, work);
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.taken.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

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
    fn parts_are_as_large_as_was_said() {
        let (mut out, sizes) = (vec![0usize; 100], Mutex::new(Vec::new()));
        let size = |left: usize| left.div_ceil(3);
        for_each_part(&mut out, size, |start, part| {
            assert_eq!(part.len(), size(100 - start));
            locked(&sizes).push(part.len());
            part.iter_mut().enumerate().for_each(|(i, to)| *to += start + i + 1);
        });
        assert!(out.into_iter().eq(1..=100));
        assert!(sizes.into_inner().unwrap().len() > 9);
        for_each_part(&mut [0u8; 0], |_| 7, |_, _| panic!("there is nothing"));
    }

    #[test]
    fn an_error_comes_back() {
        for shared in [false, true] {
            let work = |start: usize, chunk: &mut [usize]| {
                chunk.fill(start);
                if start == 40 { Err("forty") } else { Ok(()) }
            };
            let mut out = vec![7; 100];
            assert_eq!(try_for_each_chunk(&mut out[..40], 10, shared, work), Ok(()));
            assert_eq!(try_for_each_chunk(&mut out, 10, shared, work), Err("forty"));
            assert!((0..50).all(|i| out[i] == i / 10 * 10));
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
    fn who_calls_works_with_as_many_as_was_said() {
        let caller = thread::current().id();
        for count in 2..5 {
            let pool = Pool::new(count).unwrap();
            let seen = Mutex::new(HashSet::new());
            let limit = Instant::now() + Duration::from_secs(20);
            while locked(&seen).len() < count {
                assert!(Instant::now() < limit, "{count} threads: {seen:?}");
                pool.crew.share(count - 1, &|| {
                    let name = thread::current().name().map(str::to_owned);
                    assert!(thread::current().id() == caller || name.is_some_and(|name| name.starts_with("rcmlrs-")));
                    locked(&seen).insert(thread::current().id());
                    thread::sleep(Duration::from_millis(1));
                });
            }
            for _ in 0..20 {
                let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
                pool.crew.share(1, &|| {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    thread::sleep(Duration::from_micros(200));
                    now.fetch_sub(1, Ordering::SeqCst);
                });
                assert!(most.into_inner() <= 2, "one helper was wanted");
                assert_eq!(now.into_inner(), 0);
            }
            assert!(seen.into_inner().unwrap().contains(&caller));
        }
    }

    #[test]
    fn a_panic_of_who_calls_waits_for_the_others() {
        let (caller, pool) = (thread::current().id(), Pool::new(3).unwrap());
        for _ in 0..20 {
            let (begun, ended) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let failed = catch_unwind(AssertUnwindSafe(|| {
                pool.crew.share(2, &|| {
                    begun.fetch_add(1, Ordering::SeqCst);
                    thread::sleep(Duration::from_millis(1));
                    assert!(thread::current().id() != caller, "here");
                    thread::sleep(Duration::from_millis(1));
                    ended.fetch_add(1, Ordering::SeqCst);
                });
            }));
            assert_eq!(*failed.unwrap_err().downcast_ref::<&str>().unwrap(), "here");
            assert_eq!(begun.into_inner(), ended.into_inner() + 1);
        }
    }

    #[test]
    fn who_waits_sleeps_soon_and_wakes_again() {
        let pool = Pool::new(3).unwrap();
        let limit = Instant::now() + Duration::from_secs(20);
        for _ in 0..50 {
            let helped = AtomicBool::new(false);
            let caller = thread::current().id();
            while !helped.load(Ordering::SeqCst) {
                assert!(Instant::now() < limit, "they do not wake");
                pool.crew.share(2, &|| {
                    helped.fetch_or(thread::current().id() != caller, Ordering::SeqCst);
                    thread::sleep(Duration::from_micros(100));
                });
            }
            while locked(&pool.crew.board).asleep < 2 {
                assert!(Instant::now() < limit, "they do not sleep");
                thread::yield_now();
            }
        }
        let crew = pool.crew.clone();
        drop(pool);
        while Arc::strong_count(&crew) > 1 {
            assert!(Instant::now() < limit, "they do not end");
            thread::yield_now();
        }
    }

    #[test]
    fn one_caller_has_the_pool_at_a_time() {
        let pool = Pool::new(2).unwrap();
        let taken = Taken::new(&pool.crew);
        assert!(taken.is_some() && Taken::new(&pool.crew).is_none());
        drop(taken);
        assert!(Taken::new(&pool.crew).is_some());
    }
}
