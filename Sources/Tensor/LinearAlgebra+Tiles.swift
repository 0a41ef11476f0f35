import CKernels
import Runtime

/// Products on the register tiles of our own kernels, beside BLAS.
///
/// OpenBLAS reaches about 75 % of the multiply-add peak on square products, and under half with few
/// columns; the tiles reach 85–95 % where packing B, once for all threads, is a small part of the
/// work.
enum TileProduct {
  /// Whether a product of this shape is faster on tiles: with many rows to one packed B.
  static func suits(m: Int, n: Int, k: Int, alpha: Float, beta: Float) -> Bool {
    (kk_isa() == KK_ISA_AVX512 || kk_isa() == KK_ISA_AVX2) && m >= 192 && n >= 4 && k >= 16
      && alpha == 1 && (beta == 0 || beta == 1)
  }

  /// C (= or, with `accumulate`, +=) op(A)·op(B); operands as of `gemm`.
  static func run(
    transposeA: Bool, transposeB: Bool, m: Int, n: Int, k: Int, _ a: UnsafePointer<Float>,
    lda: Int, _ b: UnsafePointer<Float>, ldb: Int, accumulate: Bool,
    into c: UnsafeMutablePointer<Float>, ldc: Int
  ) {
    let packed = PooledMemory(count: kk_packed_floats(min(k, sliceDepth), n))
    for first in stride(from: 0, to: k, by: sliceDepth) {
      addSlice(
        transposeA: transposeA, transposeB: transposeB, m: m, n: n, k: min(sliceDepth, k - first),
        a + first * (transposeA ? lda : 1), lda: lda, b + first * (transposeB ? 1 : ldb), ldb: ldb,
        packed: packed.floats, accumulate: accumulate || first > 0, into: c, ldc: ldc)
    }
    withExtendedLifetime(packed) {}
  }

  private static func addSlice(
    transposeA: Bool, transposeB: Bool, m: Int, n: Int, k: Int, _ a: UnsafePointer<Float>,
    lda: Int, _ b: UnsafePointer<Float>, ldb: Int, packed: UnsafeMutablePointer<Float>,
    accumulate: Bool, into c: UnsafeMutablePointer<Float>, ldc: Int
  ) {
    parallelChunks(k, of: packedRows) { part in
      kk_gemm_pack_part(
        packed, b + part.lowerBound * (transposeB ? 1 : ldb), ldb, part.count, n,
        transposeB ? 1 : 0, part.lowerBound, k)
    }
    parallelChunks(m, of: kk_pointwise_chunk_rows(m, k, n)) { rows in
      let target = c + rows.lowerBound * ldc
      var source = a + rows.lowerBound * (transposeA ? 1 : lda)
      var stride = lda
      if transposeA {
        let turned = threadScratch(floats: rows.count * k)
        kk_transpose(turned, source, k, rows.count, k, lda)
        source = UnsafePointer(turned)
        stride = k
      }
      var output = kk_output()
      output.after = accumulate ? UnsafePointer(target) : nil
      output.after_stride = ldc
      kk_pointwise_forward(
        target, nil, nil, source, packed, rows.count, k, n, ldc, stride, nil, &output, nil)
    }
  }

  /// Rows of B that one thread packs at a time.
  private static let packedRows = 128

  /// The reduction between two visits of C; a longer one would push the panels of B out of the
  /// second-level cache.
  private static let sliceDepth = 1024
}

/// Products of a few rows with a transposed B, beside BLAS, which packs a B that is used but once.
enum DotProducts {
  /// Rows up to which `kk_gemm` reads B as it lies, and so needs no scratch.
  static let mostRows = 3

  /// C (= or, with `accumulate`, +=) alpha·A·Bᵀ; operands as of `gemm`.
  static func run(
    m: Int, n: Int, k: Int, alpha: Float, _ a: UnsafePointer<Float>, lda: Int,
    _ b: UnsafePointer<Float>, ldb: Int, accumulate: Bool, into c: UnsafeMutablePointer<Float>,
    ldc: Int
  ) {
    // Some 20 µs of one core.
    parallelChunks(n, of: max(16, (1 << 17) / max(m * k, 1))) { columns in
      kk_gemm(
        c + columns.lowerBound, a, b + columns.lowerBound * ldb, m, columns.count, k, ldc, lda, ldb,
        0, 1, alpha, accumulate ? 1 : 0, nil)
    }
  }
}
