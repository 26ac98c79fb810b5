//! The kernels for x86-64: up to six or twelve positions by one or two vectors of columns, sums in registers.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{Job, ROWS};
use crate::operand::Operand;
use crate::operand::sealed::Sealed;

/// Tiles of AVX2.
pub(super) fn avx2<T: Operand>(rows: usize, vectors: usize, job: &Job<T>, out: &mut [i32]) {
    check(rows, vectors * 8, job, out);
    // SAFETY: only paths with AVX2 come here, and the ranges were checked.
    unsafe { T::avx2(rows, vectors, job, out) }
}

/// Tiles of AVX-512BW.
pub(super) fn avx512<T: Operand>(rows: usize, vectors: usize, job: &Job<T>, out: &mut [i32]) {
    check(rows, vectors * 16, job, out);
    // SAFETY: only paths with AVX-512BW come here, and the ranges were checked.
    unsafe { T::avx512(rows, vectors, job, out) }
}

/// Tiles of AVX-512 VNNI.
pub(super) fn vnni<T: Operand>(rows: usize, vectors: usize, job: &Job<T>, out: &mut [i32]) {
    check(rows, vectors * 16, job, out);
    // SAFETY: only paths with VNNI come here, and the ranges were checked.
    unsafe { T::vnni(rows, vectors, job, out) }
}

/// Panics unless everything a kernel reads and writes is there. Operands are checked by `Patches::check`,
/// once for all tiles; in builds with debug assertions, here again.
fn check<T: Operand>(rows: usize, width: usize, job: &Job<T>, out: &[i32]) {
    let groups = |length: usize| length.div_ceil(T::GROUP);
    let all: usize = job.runs.iter().map(|run| groups(run.length)).sum();
    assert!(rows <= ROWS && out.len() == rows * width);
    assert!(job.weights.len() == all * width * T::GROUP);
    debug_assert!(job.runs.iter().all(|run| {
        let ends = |&start: &usize| start + run.offset + groups(run.length) * T::GROUP;
        job.starts[..rows].iter().map(ends).max() <= Some(job.values.len())
    }));
}

/// Defines the kernel of one kind of operand for one set of instructions, and what calls it by its size.
macro_rules! kernel {
    (
        $name:ident, $kernel:ident, $features:literal, $operand:ty, rows: [$($rows:literal)*],
        $vector:ty, $lanes:literal, $zero:ident, $load:ident, $splat:ident, $store:ident, $step:ident
    ) => {
        #[target_feature(enable = $features)]
        unsafe fn $kernel<const N: usize, const V: usize>(job: &Job<$operand>, out: &mut [i32]) {
            const GROUP: usize = <$operand as Operand>::GROUP;
            let mut sums = [[$zero(); V]; N];
            let mut weights = job.weights.as_ptr();
            for run in job.runs {
                let mut rows = [job.values.as_ptr(); N];
                for (row, start) in rows.iter_mut().zip(job.starts) {
                    // SAFETY: the operands of this run of this position are there.
                    *row = unsafe { row.add(start + run.offset) };
                }
                for group in 0..run.length.div_ceil(GROUP) {
                    let mut columns = [$zero(); V];
                    for (v, column) in columns.iter_mut().enumerate() {
                        // SAFETY: there are weights for every group of every run.
                        *column = unsafe { $load(weights.add(v * $lanes * GROUP).cast()) };
                    }
                    // SAFETY: at most one past the last weight.
                    weights = unsafe { weights.add(V * $lanes * GROUP) };
                    for (row, sums) in rows.iter().zip(&mut sums) {
                        // SAFETY: within the run, filled up to whole groups.
                        let operands = unsafe { row.add(group * GROUP).cast::<i32>().read_unaligned() };
                        let operands = $splat(operands);
                        for (sum, &column) in sums.iter_mut().zip(&columns) {
                            *sum = $step(*sum, operands, column);
                        }
                    }
                }
            }
            for (i, row) in sums.iter().enumerate() {
                for (v, &sum) in row.iter().enumerate() {
                    let place = &mut out[(i * V + v) * $lanes..][..$lanes];
                    // SAFETY: a vector of room.
                    unsafe { $store(place.as_mut_ptr().cast(), sum) };
                }
            }
        }

        /// # Safety
        /// The CPU has the instructions, and the ranges of the job are there.
        #[target_feature(enable = $features)]
        unsafe fn $name(rows: usize, vectors: usize, job: &Job<$operand>, out: &mut [i32]) {
            match (rows, vectors) {
                $(
                    // SAFETY: as promised to this function.
                    ($rows, 1) => unsafe { $kernel::<$rows, 1>(job, out) },
                    // SAFETY: likewise.
                    ($rows, 2) => unsafe { $kernel::<$rows, 2>(job, out) },
                )*
                _ => unreachable!("no tile has {rows} rows and {vectors} vectors"),
            }
        }
    };
}

#[inline]
#[target_feature(enable = "avx2")]
fn words_avx2(sum: __m256i, operands: __m256i, weights: __m256i) -> __m256i {
    _mm256_add_epi32(sum, _mm256_madd_epi16(operands, weights))
}

#[inline]
#[target_feature(enable = "avx2")]
fn bytes_avx2(sum: __m256i, operands: __m256i, weights: __m256i) -> __m256i {
    let pairs = _mm256_maddubs_epi16(operands, weights);
    _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn words_avx512(sum: __m512i, operands: __m512i, weights: __m512i) -> __m512i {
    _mm512_add_epi32(sum, _mm512_madd_epi16(operands, weights))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn bytes_avx512(sum: __m512i, operands: __m512i, weights: __m512i) -> __m512i {
    let pairs = _mm512_maddubs_epi16(operands, weights);
    _mm512_add_epi32(sum, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)))
}

#[rustfmt::skip] // A table.
mod table {
    use super::*;

    macro_rules! narrow {
        ($name:ident, $kernel:ident, $operand:ty, $step:ident) => {
            kernel!($name, $kernel, "avx2", $operand, rows: [1 2 3 4 5 6],
                __m256i, 8, _mm256_setzero_si256, _mm256_loadu_si256, _mm256_set1_epi32, _mm256_storeu_si256, $step);
        };
    }
    macro_rules! wide {
        ($name:ident, $kernel:ident, $features:literal, $operand:ty, $step:ident) => {
            kernel!($name, $kernel, $features, $operand, rows: [1 2 3 4 5 6 7 8 9 10 11 12],
                __m512i, 16, _mm512_setzero_si512, _mm512_loadu_si512, _mm512_set1_epi32, _mm512_storeu_si512, $step);
        };
    }
    narrow!(avx2_words, avx2_words_kernel, i16, words_avx2);
    narrow!(avx2_bytes, avx2_bytes_kernel, u8, bytes_avx2);
    wide!(avx512_words, avx512_words_kernel, "avx512f,avx512bw", i16, words_avx512);
    wide!(avx512_bytes, avx512_bytes_kernel, "avx512f,avx512bw", u8, bytes_avx512);
    wide!(vnni_words, vnni_words_kernel, "avx512f,avx512bw,avx512vnni", i16, _mm512_dpwssd_epi32);
    wide!(vnni_bytes, vnni_bytes_kernel, "avx512f,avx512bw,avx512vnni", u8, _mm512_dpbusd_epi32);

    macro_rules! kernels {
        ($operand:ty, $avx2:ident, $avx512:ident, $vnni:ident) => {
            impl Sealed for $operand {
                unsafe fn avx2(rows: usize, vectors: usize, job: &Job<Self>, out: &mut [i32]) {
                    // SAFETY: as promised to this function.
                    unsafe { $avx2(rows, vectors, job, out) }
                }
                unsafe fn avx512(rows: usize, vectors: usize, job: &Job<Self>, out: &mut [i32]) {
                    // SAFETY: as promised to this function.
                    unsafe { $avx512(rows, vectors, job, out) }
                }
                unsafe fn vnni(rows: usize, vectors: usize, job: &Job<Self>, out: &mut [i32]) {
                    // SAFETY: as promised to this function.
                    unsafe { $vnni(rows, vectors, job, out) }
                }
            }
        };
    }
    kernels!(i16, avx2_words, avx512_words, vnni_words);
    kernels!(u8, avx2_bytes, avx512_bytes, vnni_bytes);
}
