//! Reductions: what becomes of the elements along some axes, taken together as a row, for any axes of any view.
//!
//! An array is one of two things to a reduction. Either the elements of a row lie side by side, in one or more
//! stretches, and are summed (or compared) in vectors; or the elements of neighbouring rows do, and these rows are
//! *columns*: vectors are added to vectors. Anything else (a step of two, a turned view of many axes) is copied first.
//!
//! Short stretches are joined two by two, so that a sum's error grows with the logarithm of their number. The parts
//! that threads take depend on nothing but the shape.

use smallvec::{SmallVec, smallvec};

use crate::array::{Array, ArrayElement, Shape, Strides};
use crate::copy::{Axes, joined};
use crate::environment;
use crate::error::{Error, Result};
use crate::few::{Few, reduce_few};
use crate::interrupt::{LONG, Patience};
use crate::memory::filled;
use crate::parts;
use crate::simd::{Kernel, Simd, dispatch};
use crate::threads;

/// Elements that are taken plainly, before anything is joined.
pub const STRETCH: usize = 4096;

/// Columns of a block: what is known of them stays in the first cache beside four of their rows.
const WIDTH: usize = 512;

/// Rows of a block that are taken plainly, before blocks are joined.
const DEEP: usize = 512;

/// Elements that are worth another thread: some ten microseconds.
const PART: usize = 1 << 17;

/// Rows of a block that are taken at once.
pub const ABREAST: usize = 4;

/// A reduction of rows to a number each.
pub trait Fold: Copy + Send + Sync {
    /// The results' element type.
    type Out: ArrayElement;
    /// What is known of a row, or of some of it.
    type State: Copy + Send + Sync;
    /// The same of the columns of a block, side by side.
    type Block: Clone + Send + Sync;
    /// What settles many columns at once, or this type again, where nothing does.
    type Again: Fold<Out = Self::Out>;
    /// Whether the elements of narrow columns may be taken several rows at a time: not where their places count.
    const WRAPS: bool = true;

    /// See [`Fold::Again`].
    fn again(self) -> Option<Self::Again> {
        None
    }

    /// The reduction of rows that begin like this. (A variance is taken around a number near the mean.)
    #[inline(always)]
    fn aimed(self, first: &[f32]) -> Self {
        let _ = first;
        self
    }

    /// Of neighbouring elements, at most [`STRETCH`] and at least one; the first has this place in its row.
    fn stretch<S: Simd>(self, s: S, elements: &[f32], place: usize) -> Self::State;

    /// Of what `first` and `second` are of, which comes later in the row.
    fn join(self, first: Self::State, second: Self::State) -> Self::State;

    /// The result, where this is known of all `n` elements of a row; `None` leaves it to [`Fold::settle`].
    fn result(self, state: Self::State, n: usize) -> Option<Self::Out>;

    /// The result of a row, all of whose elements are here.
    fn settle(self, row: &[f32]) -> Self::Out;

    /// Nothing yet of `width` columns, whose first elements are those of `rows`. Those columns that differ by `period`
    /// will be joined.
    fn block(self, rows: &[&[f32]], width: usize, period: usize) -> Self::Block;

    /// Another row, or several, of every column; the first has this place in its column.
    fn rows<S: Simd, const N: usize>(self, s: S, rows: [&[f32]; N], place: usize, block: &mut Self::Block);

    /// As [`Fold::join`], column by column.
    fn join_blocks(self, first: Self::Block, second: Self::Block) -> Self::Block;

    /// What is known of a column.
    fn column(self, block: &Self::Block, column: usize) -> Self::State;

    /// The results of all columns of `n` elements; the places of those that are undecided go to `open`.
    #[inline(always)]
    fn results(self, block: &Self::Block, n: usize, out: &mut [Self::Out], open: &mut Vec<usize>) {
        for (i, to) in out.iter_mut().enumerate() {
            match self.result(self.column(block, i), n) {
                Some(result) => *to = result,
                None => open.push(i),
            }
        }
    }
}

/// The shape of the result.
pub fn reduced_shape(shape: &[usize], axes: &[usize], keepdims: bool) -> Shape {
    let kept = shape.iter().enumerate().filter(|(i, _)| keepdims || !axes.contains(i));
    kept.map(|(i, &n)| if axes.contains(&i) { 1 } else { n }).collect()
}

/// The reduction of `x` along `axes`, which are sorted. Rows are not empty, unless there are none.
pub fn reduce<F: Fold>(fold: F, x: &Array, axes: &[usize], keepdims: bool) -> Result<Array> {
    let shape = reduced_shape(x.of::<f32>()?.shape(), axes, keepdims);
    if x.size() == 0 {
        return Array::build(&shape, |_: &mut [F::Out]| {});
    }
    let (x, layout) = Layout::find(x, axes)?;
    let elements = x.raw::<f32>();
    Array::try_build(&shape, |out: &mut [F::Out]| {
        environment::with_default(|| {
            if layout.columns { columns(fold, elements, &layout, out) } else { stretches(fold, elements, &layout, out) }
        })
    })
}

/// [`reduce`], or where the rows are short and lie apart [`reduce_few`].
pub fn reduce_any<F: Fold + Few<Out = <F as Fold>::Out>>(
    fold: F,
    x: &Array,
    axes: &[usize],
    keepdims: bool,
) -> Result<Array> {
    match reduce_few(fold, x, axes, keepdims)? {
        Some(found) => Ok(found),
        None => reduce(fold, x, axes, keepdims),
    }
}

/// How the rows of an array lie in memory.
#[derive(Debug)]
pub struct Layout {
    /// The axes of the result, but for that of the columns; the last one first.
    outer: Axes,
    /// Where the first element lies.
    start: isize,
    /// Where the stretches of one row begin, or the rows of one block: at each of these, and from there again and again
    /// as `inner` says.
    begins: SmallVec<[isize; 4]>,
    /// The length of an axis, and how far apart neighbours are.
    inner: (usize, isize),
    /// How many elements lie side by side.
    pub width: usize,
    /// Whether those belong to different rows.
    pub columns: bool,
}

impl Layout {
    /// The layout of the rows along `axes` of `x`, which is not empty, or of a copy of it. Elements of a row keep their order.
    pub fn find(x: &Array, axes: &[usize]) -> Result<(Array, Layout)> {
        match Layout::of(x, axes)? {
            Some(layout) => Ok((x.clone(), layout)),
            None => {
                let copy = x.contiguous()?;
                let layout = Layout::of(&copy, axes)?.expect("the last axis of a copy has stride one");
                Ok((copy, layout))
            }
        }
    }

    fn of(x: &Array, axes: &[usize]) -> Result<Option<Layout>> {
        let some = |reduced: bool| {
            let chosen = (0..x.shape().len()).filter(|i| axes.contains(i) == reduced);
            let (shape, strides): (Shape, Strides) = chosen.map(|i| (x.shape()[i], x.strides()[i])).unzip();
            joined(&shape, &strides)
        };
        let (mut outer, mut rows) = (some(false), some(true));
        let side_by_side = |axes: &Axes| axes.first().is_some_and(|axis| axis.1 == 1);
        let (width, columns) = if rows.is_empty() && outer.is_empty() {
            (1, false)
        } else if side_by_side(&rows) {
            (rows.remove(0).0, false)
        } else if side_by_side(&outer) {
            (outer.remove(0).0, true)
        } else {
            return Ok(None);
        };
        let inner = if rows.is_empty() { (1, 0) } else { rows.remove(0) };
        let mut begins: SmallVec<[isize; 4]> = smallvec![0];
        for (n, stride) in rows.into_iter().rev() {
            let outside = std::mem::take(&mut begins);
            let count = outside.len().saturating_mul(n);
            begins
                .try_reserve_exact(count)
                .map_err(|_| Error::Memory { bytes: count.checked_mul(size_of::<isize>()) })?;
            begins.extend(outside.iter().flat_map(|begin| (0..n as isize).map(move |i| begin + i * stride)));
        }
        Ok(Some(Layout { outer, start: x.offset() as isize, begins, inner, width, columns }))
    }

    /// That of `count` rows of `n` elements side by side.
    fn of_rows(n: usize, count: usize) -> Layout {
        let outer = smallvec![(count, n as isize)];
        Layout { outer, start: 0, begins: smallvec![0], inner: (1, 0), width: n, columns: false }
    }

    /// How many stretches a row has, or rows a block.
    #[inline]
    fn depth(&self) -> usize {
        self.begins.len() * self.inner.0
    }

    /// How many elements a row has.
    #[inline]
    pub fn length(&self) -> usize {
        if self.columns { self.depth() } else { self.depth() * self.width }
    }

    /// Where stretch, or row, `i` begins, counted from `start`.
    #[inline(always)]
    fn begin(&self, start: isize, i: usize) -> usize {
        let inside = if self.begins.len() == 1 { i } else { i % self.inner.0 };
        let begin = if self.begins.len() == 1 { self.begins[0] } else { self.begins[i / self.inner.0] };
        (start + begin + inside as isize * self.inner.1) as usize
    }

    /// Where the elements of the `i`-th result begin, or the `i`-th set of columns.
    #[inline]
    fn start(&self, mut i: usize) -> isize {
        let mut start = self.start;
        for &(n, stride) in &self.outer {
            start += (i % n) as isize * stride;
            i /= n;
        }
        start
    }

    /// The elements of the rows from `first` on, each in its order, one after the other: as many rows as make up `to`.
    pub fn gather(&self, elements: &[f32], first: usize, to: &mut [f32]) {
        let n = self.length();
        if !self.columns {
            for (row, to) in to.chunks_exact_mut(n).enumerate() {
                let start = self.start(first + row);
                for (i, to) in to.chunks_exact_mut(self.width).enumerate() {
                    to.copy_from_slice(&elements[self.begin(start, i)..][..self.width]);
                }
            }
            return;
        }
        let mut row = 0;
        while row * n < to.len() {
            let (set, column) = ((first + row) / self.width, (first + row) % self.width);
            let count = (self.width - column).min(to.len() / n - row);
            let start = self.start(set) + column as isize;
            let to = &mut to[row * n..(row + count) * n];
            for i in 0..n {
                let from = &elements[self.begin(start, i)..][..count];
                to[i..].iter_mut().step_by(n).zip(from).for_each(|(to, &x)| *to = x);
            }
            row += count;
        }
    }

    /// One row's elements side by side: where they lie, or copied.
    fn row<'a>(&self, elements: &'a [f32], i: usize, room: &'a mut Vec<f32>) -> Result<&'a [f32]> {
        if !self.columns && self.depth() == 1 {
            return Ok(&elements[self.begin(self.start(i), 0)..][..self.width]);
        }
        if room.is_empty() {
            *room = filled(0.0, self.length())?;
        }
        self.gather(elements, i, room);
        Ok(room)
    }
}

/// `y` added to `x`, element by element: sums of columns, to be joined.
pub fn add_to(x: &mut [f64], y: &[f64]) {
    x.iter_mut().zip(y).for_each(|(x, y)| *x += y);
}

/// What is joined two by two, as they come: those of equally many parts at a time.
struct Cascade<T> {
    waiting: SmallVec<[(u32, T); 4]>,
}

impl<T> Cascade<T> {
    #[inline(always)]
    fn new() -> Cascade<T> {
        Cascade { waiting: SmallVec::new() }
    }

    #[inline(always)]
    fn push(&mut self, part: T, join: impl Fn(T, T) -> T) {
        let (mut level, mut part) = (0, part);
        while self.waiting.last().is_some_and(|last| last.0 == level) {
            part = join(self.waiting.pop().expect("there is a last one").1, part);
            level += 1;
        }
        self.waiting.push((level, part));
    }

    #[inline(always)]
    fn finish(mut self, join: impl Fn(T, T) -> T) -> T {
        let mut part = self.waiting.pop().expect("at least one part").1;
        while let Some((_, before)) = self.waiting.pop() {
            part = join(before, part);
        }
        part
    }
}

/// Parts that are worked on at a time: what is known of so many takes little memory.
const PARTS: usize = 256;

/// What is known of `count` parts of PART elements, each found on one of the threads, joined two by two.
fn shared<T: Send>(count: usize, part: impl Fn(usize) -> T + Sync, join: impl Fn(T, T) -> T) -> Result<T> {
    let (mut cascade, mut patience) = (Cascade::new(), Patience::default());
    let mut some: Vec<Option<T>> = (0..count.min(PARTS)).map(|_| None).collect();
    for first in (0..count).step_by(PARTS) {
        let some = &mut some[..PARTS.min(count - first)];
        threads::for_each_chunk(some, 1, |i, to| to[0] = Some(environment::with_default(|| part(first + i))));
        some.iter_mut().flat_map(Option::take).for_each(|found| cascade.push(found, &join));
        patience.after(some.len() * PART)?;
    }
    Ok(cascade.finish(join))
}

// ---------------------------------------------------------------------------------------------- rows side by side

/// What is known of pieces `first..last` of a row, a stretch being cut into pieces of STRETCH elements.
struct Pieces<'a, F> {
    fold: F,
    elements: &'a [f32],
    layout: &'a Layout,
    start: isize,
    first: usize,
    last: usize,
}

impl<F: Fold> Kernel for Pieces<'_, F> {
    type Output = F::State;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> F::State {
        let Pieces { fold, elements, layout, start, first, last } = self;
        let width = layout.width;
        if width <= STRETCH && last - first == 1 {
            return fold.stretch(s, &elements[layout.begin(start, first)..][..width], first * width);
        }
        let per_stretch = width.div_ceil(STRETCH);
        let mut cascade = Cascade::new();
        for i in first..last {
            let (stretch, piece) = (i / per_stretch, i % per_stretch);
            let piece = piece * STRETCH..width.min((piece + 1) * STRETCH);
            let place = stretch * width + piece.start;
            let stretch = &elements[layout.begin(start, stretch)..][..width];
            cascade.push(fold.stretch(s, &stretch[piece], place), |a, b| fold.join(a, b));
        }
        cascade.finish(|a, b| fold.join(a, b))
    }
}

/// The results of the rows from `first` on; the places in `out` of those that are undecided.
struct Rows<'a, F: Fold> {
    fold: F,
    elements: &'a [f32],
    layout: &'a Layout,
    first: usize,
    out: &'a mut [F::Out],
    open: &'a mut Vec<usize>,
}

impl<F: Fold> Kernel for Rows<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Rows { fold, elements, layout, first, out, open } = self;
        let (n, pieces) = (layout.length(), layout.depth() * layout.width.div_ceil(STRETCH));
        for (i, to) in out.iter_mut().enumerate() {
            let start = layout.start(first + i);
            let fold = aimed(fold, elements, layout, start);
            let state = Pieces { fold, elements, layout, start, first: 0, last: pieces }.run(s);
            match fold.result(state, n) {
                Some(result) => *to = result,
                None => open.push(i),
            }
        }
    }
}

/// As many elements of a row are looked at to aim.
const SAMPLE: usize = 64;

#[inline(always)]
fn aimed<F: Fold>(fold: F, elements: &[f32], layout: &Layout, start: isize) -> F {
    fold.aimed(&elements[layout.begin(start, 0)..][..layout.width.min(SAMPLE)])
}

fn stretches<F: Fold>(fold: F, elements: &[f32], layout: &Layout, out: &mut [F::Out]) -> Result<()> {
    let n = layout.length();
    let pieces = layout.depth() * layout.width.div_ceil(STRETCH);
    if n >= 2 * PART && (out.len() < 8 || n >= LONG) {
        // A few long rows: threads share each of them.
        let per_part = pieces.div_ceil(n / PART);
        for (i, to) in out.iter_mut().enumerate() {
            let start = layout.start(i);
            let fold = aimed(fold, elements, layout, start);
            let part = |part: usize| {
                let (first, last) = (part * per_part, pieces.min((part + 1) * per_part));
                dispatch(Pieces { fold, elements, layout, start, first, last })
            };
            let state = shared(pieces.div_ceil(per_part), part, |a, b| fold.join(a, b))?;
            *to = match fold.result(state, n) {
                Some(result) => result,
                None => fold.settle(layout.row(elements, i, &mut Vec::new())?),
            };
        }
        return Ok(());
    }
    let rows = if out.len() * n < 2 * PART { out.len() } else { PART.div_ceil(n) };
    parts::patiently(out, rows, n, |first, out| {
        let mut open = Vec::new();
        dispatch(Rows { fold, elements, layout, first, out, open: &mut open });
        let mut room = Vec::new();
        for i in open {
            out[i] = fold.settle(layout.row(elements, first + i, &mut room)?);
        }
        Ok(())
    })
}

// ------------------------------------------------------------------------------------------------------- columns

/// Columns that are reduced together: some of a set, or, where the rows of a narrow set follow one another, all of them
/// several times over.
struct Columns<'a> {
    elements: &'a [f32],
    layout: &'a Layout,
    /// Where the first column's first element lies.
    start: isize,
    /// How many columns there are,
    width: usize,
    /// and how many of their rows lie side by side and are taken for one.
    wrap: usize,
}

impl<'a> Columns<'a> {
    /// How many rows of `wrap` rows there are; fewer than `wrap` rows may be left.
    fn depth(&self) -> usize {
        self.layout.depth() / self.wrap
    }

    #[inline(always)]
    fn row(&self, i: usize) -> &'a [f32] {
        &self.elements[self.layout.begin(self.start, i * self.wrap)..][..self.width * self.wrap]
    }

    /// The elements of the columns from `first` on, each in its order, one after the other.
    fn gather(&self, first: usize, to: &mut [f32]) {
        let n = self.layout.depth();
        let count = to.len() / n;
        for i in 0..n {
            let from = &self.elements[self.layout.begin(self.start, i) + first..][..count];
            to[i..].iter_mut().step_by(n).zip(from).for_each(|(to, &x)| *to = x);
        }
    }

    /// The results, where `block` is known of all whole rows; the places of those that are undecided.
    fn results<F: Fold>(&self, fold: F, empty: &F::Block, block: F::Block, out: &mut [F::Out]) -> Vec<usize> {
        let n = self.layout.depth();
        let mut open = Vec::new();
        if self.wrap == 1 {
            dispatch(Results { fold, block: &block, n, out, open: &mut open });
            return open;
        }
        let left = self.depth() * self.wrap;
        let narrow = Columns { wrap: 1, ..*self };
        let rest = (left < n).then(|| dispatch(Deep { fold, columns: &narrow, empty, first: left, last: n }));
        for (i, to) in out.iter_mut().enumerate() {
            let mut state = fold.column(&block, i);
            for wrapped in 1..self.wrap {
                state = fold.join(state, fold.column(&block, wrapped * self.width + i));
            }
            if let Some(rest) = &rest {
                state = fold.join(state, fold.column(rest, i));
            }
            match fold.result(state, n) {
                Some(result) => *to = result,
                None => open.push(i),
            }
        }
        open
    }

    /// The results of the columns at these places, from all their elements. Neighbours are gathered together.
    fn settle<F: Fold>(&self, fold: F, places: &[usize], out: &mut [F::Out]) -> Result<()> {
        if places.is_empty() {
            return Ok(());
        }
        let n = self.layout.depth();
        let mut room = filled(0.0, n.saturating_mul(TOGETHER))?;
        for group in places.chunk_by(|a, b| a / TOGETHER == b / TOGETHER) {
            let first = group[0];
            let count = group[group.len() - 1] - first + 1;
            self.gather(first, &mut room[..n * count]);
            group.iter().for_each(|&i| out[i] = fold.settle(&room[(i - first) * n..][..n]));
        }
        Ok(())
    }

    /// Nothing yet.
    fn block<F: Fold>(&self, fold: F) -> F::Block {
        let sample: SmallVec<[&[f32]; 8]> = (0..self.depth().min(8)).map(|i| self.row(i)).collect();
        fold.block(&sample, self.width * self.wrap, self.width)
    }
}

/// What is known of the columns from rows `first..last`.
struct Deep<'a, F: Fold> {
    fold: F,
    columns: &'a Columns<'a>,
    empty: &'a F::Block,
    first: usize,
    last: usize,
}

impl<F: Fold> Kernel for Deep<'_, F> {
    type Output = F::Block;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> F::Block {
        let Deep { fold, columns, empty, first, last } = self;
        let mut cascade = Cascade::new();
        for start in (first..last).step_by(DEEP) {
            let end = last.min(start + DEEP);
            let mut block = empty.clone();
            let mut row = start;
            while row + ABREAST <= end {
                let rows: [&[f32]; ABREAST] = std::array::from_fn(|i| columns.row(row + i));
                fold.rows(s, rows, row, &mut block);
                row += ABREAST;
            }
            while row < end {
                fold.rows(s, [columns.row(row)], row, &mut block);
                row += 1;
            }
            cascade.push(block, |a, b| fold.join_blocks(a, b));
        }
        cascade.finish(|a, b| fold.join_blocks(a, b))
    }
}

/// The results of a block; the places of those that are undecided.
struct Results<'a, F: Fold> {
    fold: F,
    block: &'a F::Block,
    n: usize,
    out: &'a mut [F::Out],
    open: &'a mut Vec<usize>,
}

impl<F: Fold> Kernel for Results<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        self.fold.results(self.block, self.n, self.out, self.open);
    }
}

/// One block of columns, and where its results go.
struct Task<'a, F: Fold> {
    columns: Columns<'a>,
    out: &'a mut [F::Out],
}

impl<F: Fold> Task<'_, F> {
    /// The results, where this is known of all whole rows.
    fn finish(&mut self, fold: F, empty: &F::Block, block: F::Block) -> Result<()> {
        let (columns, out) = (&self.columns, &mut *self.out);
        let mut open = columns.results(fold, empty, block, out);
        if open.len() >= MANY.max(out.len() / MANY)
            && let Some(again) = fold.again()
        {
            let empty = columns.block(again);
            let last = columns.depth();
            let block = dispatch(Deep { fold: again, columns, empty: &empty, first: 0, last });
            let mut results = vec![F::Out::default(); out.len()];
            let left = columns.results(again, &empty, block, &mut results);
            open.iter().for_each(|&i| out[i] = results[i]);
            open.retain(|i| left.binary_search(i).is_ok());
            columns.settle(again, &open, out)
        } else {
            columns.settle(fold, &open, out)
        }
    }
}

/// So many undecided columns are worth another pass over all, if they are as large a part of them.
const MANY: usize = 16;

/// Where there are many sets of columns of so few elements, they are gathered and taken as rows.
const SMALL: usize = 256;

fn gathered<F: Fold>(fold: F, elements: &[f32], layout: &Layout, out: &mut [F::Out]) -> Result<()> {
    let (n, width) = (layout.depth(), layout.width);
    let sets = if out.len() * n < 2 * PART { out.len() / width } else { PART / (n * width) };
    parts::patiently(out, sets * width, n, |first, out| {
        let mut room = vec![0.0; n * width];
        for (set, out) in out.chunks_mut(width).enumerate() {
            layout.gather(elements, first + set * width, &mut room);
            let rows = Layout::of_rows(n, width);
            let mut open = Vec::new();
            dispatch(Rows { fold, elements: &room, layout: &rows, first: 0, out, open: &mut open });
            open.into_iter().for_each(|i| out[i] = fold.settle(&room[i * n..][..n]));
        }
        Ok(())
    })
}

/// Columns that are gathered together: a line of the cache.
const TOGETHER: usize = 16;

/// Narrower columns are taken several rows at a time, where there are many.
const WRAPPED: usize = 128;

/// Blocks of columns that are worked on at a time.
const TASKS: usize = 1 << 14;

fn columns<F: Fold>(fold: F, elements: &[f32], layout: &Layout, out: &mut [F::Out]) -> Result<()> {
    let (n, width) = (layout.depth(), layout.width);
    if n * width <= SMALL && out.len() > width {
        return gathered(fold, elements, layout, out);
    }
    let adjacent = layout.begins.len() == 1 && layout.inner.1 == width as isize;
    let wrap = if F::WRAPS && adjacent { (WRAPPED / width).min(n / WRAPPED).max(1) } else { 1 };
    let (count, size) = (out.len() / width * width.div_ceil(WIDTH), n * width.min(WIDTH));
    let mut tasks = out.chunks_mut(width).enumerate().flat_map(|(set, out)| {
        let starts = (layout.start(set)..).step_by(WIDTH);
        out.chunks_mut(WIDTH).zip(starts).map(move |(out, start)| {
            let columns = Columns { elements, layout, start, width: out.len(), wrap };
            Task { columns, out }
        })
    });
    if (count < 8 || size >= LONG) && size >= 2 * PART {
        // A few long ones: threads share each of them.
        for mut task in tasks {
            let empty = task.columns.block(fold);
            let depth = task.columns.depth();
            let step = depth.div_ceil(size / PART).next_multiple_of(ABREAST);
            let part = |part: usize| {
                let (first, last) = (part * step, depth.min((part + 1) * step));
                dispatch(Deep { fold, columns: &task.columns, empty: &empty, first, last })
            };
            let block = shared(depth.div_ceil(step), part, |a, b| fold.join_blocks(a, b))?;
            task.finish(fold, &empty, block)?;
        }
        return Ok(());
    }
    let per_part = if count * size < 2 * PART { count } else { PART.div_ceil(size) };
    let (mut patience, at_a_time) = (Patience::default(), TASKS.min(LONG / size).min(count));
    let mut some: Vec<Task<F>> = Vec::with_capacity(at_a_time);
    for _ in (0..count).step_by(at_a_time) {
        some.clear();
        some.extend(tasks.by_ref().take(at_a_time));
        parts::try_for_each_chunk(&mut some, per_part, |_, tasks| {
            tasks.iter_mut().try_for_each(|task| {
                let empty = task.columns.block(fold);
                let last = task.columns.depth();
                let block = dispatch(Deep { fold, columns: &task.columns, empty: &empty, first: 0, last });
                task.finish(fold, &empty, block)
            })
        })?;
        patience.after(some.len() * size)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::{argmax::argmax, argsort::argsort, max::max, mean::mean, median::median, sum::sum, var::var};

    /// The elements of the rows along `axes`, one row after the other, one by one.
    fn rows_of(x: &Array, axes: &[usize]) -> Vec<Vec<f32>> {
        let all = x.to_vec::<f32>();
        let kept: usize = (0..x.shape().len()).filter(|i| !axes.contains(i)).map(|i| x.shape()[i]).product();
        let mut rows = vec![Vec::new(); kept];
        for (place, &element) in all.iter().enumerate() {
            let (mut rest, mut row, mut scale) = (place, 0, 1);
            for i in (0..x.shape().len()).rev() {
                if !axes.contains(&i) {
                    row += rest % x.shape()[i] * scale;
                    scale *= x.shape()[i];
                }
                rest /= x.shape()[i];
            }
            rows[row].push(element);
        }
        rows
    }

    /// Views of every kind: whole, turned, with steps, backwards, repeated, in the middle of memory.
    fn views() -> Vec<Array> {
        // Integers: every sum is exact, in whatever way it is computed here.
        let elements: Vec<f32> =
            (0..60_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 12) as f32 - 500_000.0).collect();
        let x = Array::from_slice(&elements, &[elements.len()]).unwrap();
        vec![
            x.view(0, smallvec![60_000], smallvec![1]),
            x.view(59_999, smallvec![60_000], smallvec![-1]),
            x.view(1, smallvec![20_000], smallvec![3]),
            x.view(0, smallvec![20, 3000], smallvec![3000, 1]),
            x.view(0, smallvec![3000, 20], smallvec![1, 3000]),
            x.view(0, smallvec![15_000, 4], smallvec![4, 1]),
            x.view(0, smallvec![4, 15_000], smallvec![1, 4]),
            x.view(7, smallvec![600, 40], smallvec![80, 1]),
            x.view(7, smallvec![40, 600], smallvec![2, 80]),
            x.view(5, smallvec![29, 40, 50], smallvec![2000, 50, 1]),
            x.view(5, smallvec![50, 29, 40], smallvec![1, 2000, 50]),
            x.view(5, smallvec![29, 50, 40], smallvec![2000, 1, 50]),
            x.view(3, smallvec![7, 6, 5, 4], smallvec![4000, 1, 30, 200]),
            x.view(50_003, smallvec![7, 6, 5, 4], smallvec![-4000, 20, 4, 1]),
            x.view(9, smallvec![5, 700, 3], smallvec![0, 3, 1]),
            x.view(9, smallvec![5, 700, 3], smallvec![7, 0, 1]),
            x.view(9, smallvec![5, 7, 300], smallvec![7, 1, 0]),
            x.view(9, smallvec![1, 1], smallvec![1, 1]),
            x.view(9, smallvec![], smallvec![]),
        ]
    }

    #[test]
    fn rows_along_any_axes_of_any_view() {
        for x in views() {
            let axes = x.shape().len();
            for chosen in 0..1usize << axes {
                let axes: Vec<usize> = (0..axes).filter(|i| chosen >> i & 1 == 1).collect();
                let rows = rows_of(&x, &axes);
                let every = |f: &dyn Fn(&Vec<f32>) -> f64| rows.iter().map(f).collect::<Vec<f64>>();
                let got = |array: Array| array.to_vec::<f32>().iter().map(|&x| f64::from(x)).collect::<Vec<f64>>();
                let total = |row: &Vec<f32>| row.iter().map(|&x| f64::from(x)).sum::<f64>();
                let what = format!("{:?} {:?} along {axes:?}", x.shape(), x.strides());
                assert_eq!(got(sum(&x, &axes, false).unwrap()), every(&|r| f64::from(total(r) as f32)), "{what}");
                let means = every(&|r| f64::from((total(r) / r.len() as f64) as f32));
                assert_eq!(got(mean(&x, &axes, true).unwrap()), means, "{what}");
                let largest = |r: &Vec<f32>| f64::from(r.iter().copied().fold(f32::MIN, f32::max));
                assert_eq!(got(max(&x, &axes, false).unwrap()), every(&largest), "{what}");
                let middle = |r: &Vec<f32>| {
                    let mut sorted = r.clone();
                    sorted.sort_by(f32::total_cmp);
                    f64::from((f64::from(sorted[(r.len() - 1) / 2]) + f64::from(sorted[r.len() / 2])) as f32 / 2.0)
                };
                assert_eq!(got(median(&x, &axes, false).unwrap()), every(&middle), "{what}");
                let squares = |r: &Vec<f32>| {
                    let sum = i128::from(r.iter().map(|&x| x as i64).sum::<i64>());
                    let squares = i128::from(r.iter().map(|&x| (x as i64).pow(2)).sum::<i64>());
                    let n = r.len() as i128;
                    f64::from(((n * squares - sum * sum) as f64 / (n * n) as f64) as f32)
                };
                assert_eq!(got(var(&x, &axes, false, 0.0).unwrap()), every(&squares), "{what}");
                if axes.len() == 1 || axes.len() == x.shape().len() {
                    let first = |r: &Vec<f32>| r.iter().position(|&x| f64::from(x) == largest(r)).unwrap() as f64;
                    let places = argmax(&x, &axes, false).unwrap().to_vec::<i32>();
                    assert_eq!(places.iter().map(|&i| f64::from(i)).collect::<Vec<f64>>(), every(&first), "{what}");
                    let order = argsort(&x, &axes, false).unwrap();
                    assert_eq!(order.shape(), x.shape());
                }
            }
        }
    }

    #[test]
    fn long_rows_are_shared_by_threads() {
        let elements: Vec<f32> = (0..900_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 8) as f32).collect();
        for shape in [&[900_000][..], &[2, 450_000], &[450_000, 2], &[300, 3000], &[3, 300_000]] {
            let x = Array::from_slice(&elements, shape).unwrap();
            for axis in 0..shape.len() {
                let wanted: Vec<f32> = rows_of(&x, &[axis])
                    .iter()
                    .map(|row| row.iter().map(|&x| f64::from(x)).sum::<f64>() as f32)
                    .collect();
                assert_eq!(sum(&x, &[axis], false).unwrap().to_vec::<f32>(), wanted, "{shape:?} along {axis}");
            }
        }
    }
}
