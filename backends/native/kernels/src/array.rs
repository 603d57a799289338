//! An n-dimensional view of shared memory: what every operation takes and returns. Its elements never change.

use std::fmt;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::copy::copy_to;
use crate::error::{Error, Result};
use crate::memory::Memory;

pub use crate::walk::for_each_row;

/// The lengths of the axes.
pub type Shape = SmallVec<[usize; 6]>;

/// How far apart neighbours on each axis are, in elements; 0 repeats one, a negative number runs backwards.
pub type Strides = SmallVec<[isize; 6]>;

/// The element types (contract N1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DType {
    /// IEEE 754 binary32.
    F32,
    /// Indices and labels.
    I32,
    /// Masks, a byte 0 or 1 each.
    Bool,
}

impl DType {
    /// Its name in the framework.
    pub fn name(self) -> &'static str {
        match self {
            DType::F32 => "float32",
            DType::I32 => "int32",
            DType::Bool => "bool",
        }
    }

    /// Bytes of an element.
    pub fn size(self) -> usize {
        match self {
            DType::F32 | DType::I32 => 4,
            DType::Bool => 1,
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for i32 {}
    impl Sealed for u8 {}
    impl Sealed for f64 {}
}

/// A type that memory may hold: every bit pattern is a value.
pub trait Element: Copy + Default + Send + Sync + sealed::Sealed + 'static {}
impl Element for f32 {}
impl Element for i32 {}
impl Element for u8 {}
impl Element for f64 {} // a workspace's; no array is of binary64

/// An element type of arrays.
pub trait ArrayElement: Element {
    /// Its name at run time.
    const DTYPE: DType;
}
impl ArrayElement for f32 {
    const DTYPE: DType = DType::F32;
}
impl ArrayElement for i32 {
    const DTYPE: DType = DType::I32;
}
impl ArrayElement for u8 {
    const DTYPE: DType = DType::Bool;
}

/// What every NaN is where elements leave an array.
pub const CANONICAL_NAN: u32 = 0x7fc0_0000;

/// An n-dimensional view of memory that arrays share.
#[derive(Clone, Debug)]
pub struct Array {
    memory: Arc<Memory>,
    dtype: DType,
    offset: usize,
    shape: Shape,
    strides: Strides,
}

/// The most elements of an array, a view too: an address counts their bytes, in either direction.
const MOST: usize = isize::MAX as usize / 4;

/// The product of the lengths, or the error that an array of so many elements cannot be.
pub fn size_of_shape(shape: &[usize]) -> Result<usize> {
    if shape.contains(&0) {
        return Ok(0);
    }
    let size = shape.iter().try_fold(1usize, |size, &n| size.checked_mul(n).filter(|&size| size <= MOST));
    size.ok_or(Error::Memory { bytes: None })
}

/// The strides of row-major order.
pub fn row_major(shape: &[usize]) -> Strides {
    let mut strides: Strides = SmallVec::from_elem(1, shape.len());
    for i in (1..shape.len()).rev() {
        strides[i - 1] = strides[i] * shape[i].max(1) as isize;
    }
    strides
}

/// The places of the first and of the last element in memory; `None` where an address cannot count them.
fn ends(offset: usize, shape: &[usize], strides: &[isize]) -> Option<(isize, isize)> {
    let offset = isize::try_from(offset).ok()?;
    let mut axes = shape.iter().zip(strides);
    axes.try_fold((offset, offset), |(low, high), (&n, &stride)| {
        let reach = stride.checked_mul(isize::try_from(n).ok()? - 1)?;
        if reach < 0 { Some((low.checked_add(reach)?, high)) } else { Some((low, high.checked_add(reach)?)) }
    })
}

impl Array {
    /// A new array in row-major order whose elements `fill` writes. It is given all of them, with values of no account.
    pub fn build<T: ArrayElement>(shape: &[usize], fill: impl FnOnce(&mut [T])) -> Result<Array> {
        let mut memory = Memory::new::<T>(size_of_shape(shape)?)?;
        fill(memory.slice_mut());
        Ok(Array::around(memory, T::DTYPE, shape))
    }

    /// As [`Array::build`], where `fill` may fail.
    pub fn try_build<T: ArrayElement>(shape: &[usize], fill: impl FnOnce(&mut [T]) -> Result<()>) -> Result<Array> {
        let mut memory = Memory::new::<T>(size_of_shape(shape)?)?;
        fill(memory.slice_mut())?;
        Ok(Array::around(memory, T::DTYPE, shape))
    }

    /// A row-major array of all of `memory`.
    pub fn around(memory: Memory, dtype: DType, shape: &[usize]) -> Array {
        debug_assert_eq!(memory.len(), shape.iter().product::<usize>() * dtype.size());
        Array { memory: Arc::new(memory), dtype, offset: 0, shape: Shape::from_slice(shape), strides: row_major(shape) }
    }

    /// A copy of some elements, in row-major order: as many as the shape says.
    pub fn from_slice<T: ArrayElement>(elements: &[T], shape: &[usize]) -> Result<Array> {
        let size = size_of_shape(shape)?;
        if elements.len() != size {
            return Err(Error::Count { elements: elements.len(), size });
        }
        Array::build(shape, |out: &mut [T]| out.copy_from_slice(elements))
    }

    /// The same memory seen otherwise. Every element of the view must be one of this array's.
    pub fn view(&self, offset: usize, shape: Shape, strides: Strides) -> Array {
        assert_eq!(shape.len(), strides.len(), "a stride for every axis");
        if !shape.contains(&0) {
            let length = self.memory.len() / self.dtype.size();
            let ends = ends(offset, &shape, &strides);
            assert!(ends.is_some_and(|(low, high)| low >= 0 && (high as usize) < length), "a view stays in its memory");
            assert!(size_of_shape(&shape).is_ok_and(|size| size <= isize::MAX as usize), "elements can be counted");
        }
        Array { memory: self.memory.clone(), dtype: self.dtype, offset, shape, strides }
    }

    /// The lengths of the axes.
    #[inline]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// How far apart neighbours on each axis are, in elements.
    #[inline]
    pub fn strides(&self) -> &[isize] {
        &self.strides
    }

    /// Where in its memory the first element lies, in elements.
    #[inline]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The element type.
    #[inline]
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The array itself, where its elements are of this type.
    #[inline]
    pub fn of<T: ArrayElement>(&self) -> Result<&Array> {
        if self.dtype == T::DTYPE { Ok(self) } else { Err(self.of_another(T::DTYPE)) }
    }

    #[cold]
    fn of_another(&self, wanted: DType) -> Error {
        Error::DType(format!("the kernel takes an array of {wanted}, got one of {}", self.dtype))
    }

    /// The number of elements.
    #[inline]
    pub fn size(&self) -> usize {
        // It was counted when the array was made; with a length of 0 the others may be of any size.
        self.shape.iter().fold(1, |size, &n| size.wrapping_mul(n))
    }

    /// The memory, and with it all elements that any array which shares it can see.
    pub fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    /// Whether the elements lie side by side in row-major order.
    #[inline]
    pub fn is_contiguous(&self) -> bool {
        let mut expected = 1;
        for (&n, &stride) in self.shape.iter().zip(&self.strides).rev() {
            if n != 1 {
                if n == 0 {
                    return true;
                }
                if stride != expected {
                    return false;
                }
                expected *= n as isize;
            }
        }
        true
    }

    /// The elements, where they lie side by side in row-major order.
    ///
    /// # Panics
    /// If they are of another type: [`Array::of`] asks.
    #[inline]
    pub fn as_slice<T: ArrayElement>(&self) -> Option<&[T]> {
        assert_eq!(self.dtype, T::DTYPE, "an array of another element type");
        if !self.is_contiguous() {
            return None;
        }
        let size = self.size();
        if size == 0 { Some(&[]) } else { Some(&self.memory.slice()[self.offset..self.offset + size]) }
    }

    /// All elements of the memory, from which `offset` and `strides` pick those of the array.
    ///
    /// # Panics
    /// If they are of another type: [`Array::of`] asks.
    #[inline]
    pub fn raw<T: ArrayElement>(&self) -> &[T] {
        assert_eq!(self.dtype, T::DTYPE, "an array of another element type");
        self.memory.slice()
    }

    /// The same elements side by side in row-major order: the array itself where they are so already, else a copy.
    pub fn contiguous(&self) -> Result<Array> {
        if self.is_contiguous() {
            return Ok(self.clone());
        }
        match self.dtype {
            DType::F32 => self.copy::<f32>(),
            DType::I32 => self.copy::<i32>(),
            DType::Bool => self.copy::<u8>(),
        }
    }

    /// The same elements, every NaN as 0x7fc00000 (contract N1.2): the array itself where that is so already, else a copy.
    pub fn canonical(&self) -> Result<Array> {
        let strange = |x: f32| x.is_nan() & (x.to_bits() != CANONICAL_NAN);
        let found = self.dtype == DType::F32
            && match self.as_slice::<f32>() {
                // By pieces, within which it is not left early: so the compiler makes vectors of it.
                Some(elements) => {
                    elements.chunks(1 << 12).any(|piece| piece.iter().fold(false, |found, &x| found | strange(x)))
                }
                None => {
                    let (raw, mut found) = (self.raw::<f32>(), false);
                    // What is repeated is looked at once.
                    let lengths = self
                        .shape
                        .iter()
                        .zip(&self.strides)
                        .map(|(&n, &stride)| if stride == 0 { n.min(1) } else { n });
                    for_each_row(&lengths.collect::<Shape>(), &self.strides, |start, n, stride| {
                        let first = self.offset as isize + start;
                        found |= (0..n as isize).any(|i| strange(raw[(first + i * stride) as usize]));
                    });
                    found
                }
            };
        if !found {
            return Ok(self.clone());
        }
        let array = self.contiguous()?;
        Array::build(&self.shape, |out: &mut [f32]| {
            for (to, &x) in out.iter_mut().zip(array.as_slice::<f32>().expect("made contiguous")) {
                *to = if x.is_nan() { f32::from_bits(CANONICAL_NAN) } else { x };
            }
        })
    }

    fn copy<T: ArrayElement>(&self) -> Result<Array> {
        Array::build(&self.shape, |out: &mut [T]| copy_to(self, out))
    }

    /// The elements in row-major order, as a vector: for tests and for few of them.
    ///
    /// # Panics
    /// If they are of another type, or there is no memory for a copy.
    pub fn to_vec<T: ArrayElement>(&self) -> Vec<T> {
        match self.as_slice::<T>() {
            Some(elements) => elements.to_vec(),
            None => self.copy::<T>().expect("memory for a copy").as_slice::<T>().expect("a copy is row-major").to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smallvec::smallvec;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    #[test]
    fn a_view_is_read_in_its_own_order() {
        let x = Array::from_slice(&[1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0], &[2, 3]).unwrap();
        let turned = x.view(0, smallvec![3, 2], smallvec![1, 3]);
        assert!(!turned.is_contiguous());
        assert_eq!(turned.to_vec::<f32>(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        let backwards = x.view(5, smallvec![6], smallvec![-1]);
        assert_eq!(backwards.contiguous().unwrap().as_slice::<f32>().unwrap(), [6.0, 5.0, 4.0, 3.0, 2.0, 1.0]);
        let number = x.view(4, smallvec![], smallvec![]);
        assert_eq!(number.to_vec::<f32>(), [5.0]);
    }

    #[test]
    fn as_many_elements_as_the_shape_says_and_of_the_type_that_is_asked_for() {
        let made = Array::from_slice(&[1.0f32, 2.0], &[3]);
        assert_eq!(made.unwrap_err(), Error::Count { elements: 2, size: 3 });
        assert_eq!(Array::from_slice(&[1.0f32], &[1 << 62, 4]).unwrap_err(), Error::Memory { bytes: None });
        let x = Array::from_slice(&[1i32, 2], &[2]).unwrap();
        assert!(x.of::<i32>().is_ok());
        let words = "the kernel takes an array of float32, got one of int32";
        assert_eq!(x.of::<f32>().unwrap_err(), Error::DType(words.to_owned()));
    }

    #[test]
    #[should_panic(expected = "stays in its memory")]
    fn a_view_beyond_the_memory_is_refused() {
        let x = Array::from_slice(&[1.0f32, 2.0], &[2]).unwrap();
        x.view(0, smallvec![2], smallvec![2]);
    }

    #[test]
    fn a_view_whose_places_overflow_is_refused() {
        let x = Array::from_slice(&[1.0f32, 2.0], &[2]).unwrap();
        let shapes: [(&[usize], &[isize]); 4] =
            [(&[3], &[isize::MIN]), (&[5, 5], &[isize::MAX; 2]), (&[usize::MAX], &[0]), (&[1 << 40, 1 << 40], &[0, 0])];
        for (shape, strides) in shapes {
            let made = catch_unwind(AssertUnwindSafe(|| x.view(0, shape.into(), strides.into())));
            assert!(made.is_err(), "{shape:?} {strides:?}");
        }
    }

    #[test]
    fn a_nan_leaves_as_the_one_nan() {
        let x = Array::from_slice(&[1.0f32, f32::NAN, f32::INFINITY, -0.0], &[4]).unwrap();
        assert!(std::sync::Arc::ptr_eq(x.canonical().unwrap().memory(), x.memory()));
        let strange = Array::from_slice(&[1.0f32, -f32::NAN, 2.0, f32::from_bits(0x7f80_0001)], &[2, 2]).unwrap();
        for (array, wanted) in [
            (strange.clone(), [0x3f80_0000, CANONICAL_NAN, 0x4000_0000, CANONICAL_NAN]),
            (
                strange.view(3, smallvec![2, 2], smallvec![-1, -2]),
                [CANONICAL_NAN, CANONICAL_NAN, 0x4000_0000, 0x3f80_0000],
            ),
        ] {
            let bits: Vec<u32> = array.canonical().unwrap().to_vec::<f32>().into_iter().map(f32::to_bits).collect();
            assert_eq!(bits, wanted);
        }
        let whole = strange.view(0, smallvec![2], smallvec![2]); // sees no NaN
        assert!(std::sync::Arc::ptr_eq(whole.canonical().unwrap().memory(), strange.memory()));
    }

    #[test]
    fn no_elements_are_no_rows() {
        let x = Array::from_slice::<f32>(&[], &[3, 0, 2]).unwrap();
        assert_eq!(x.to_vec::<f32>(), []);
        assert_eq!(x.as_slice::<f32>(), Some(&[][..]));
    }
}
