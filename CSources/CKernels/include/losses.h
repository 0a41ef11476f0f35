// Losses over logits [rows, classes], one sample a row (any row strides).
//
// Each writes loss[rows], one value a sample, not weighted, for the caller to add up; and, unless
// NULL, the gradient of weight·loss with respect to the logits (weight is 1 / batch for a mean).
// The gradient may be written over the logits.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Cross-entropy with the target (1 - smoothing)·onehot(label) + smoothing / classes
// (C. Szegedy et al., "Rethinking the Inception architecture", CVPR 2016). 0 ≤ label < classes.
void kk_cross_entropy(float *loss, float *dlogits, const float *logits, const int32_t *labels,
                      size_t rows, size_t classes, ptrdiff_t dlogits_stride,
                      ptrdiff_t logits_stride, float smoothing, float weight);

// -Σ target·log softmax(logits), target[rows, classes] probabilities (mixup, distillation).
void kk_soft_cross_entropy(float *loss, float *dlogits, const float *logits, const float *target,
                           size_t rows, size_t classes, ptrdiff_t dlogits_stride,
                           ptrdiff_t logits_stride, ptrdiff_t target_stride, float weight);

// KL(p ‖ q), q = softmax(logits), p = softmax(teacher); teacher[rows, classes] are logits, through
// which no gradient flows.
void kk_kl_divergence(float *loss, float *dlogits, const float *logits, const float *teacher,
                      size_t rows, size_t classes, ptrdiff_t dlogits_stride,
                      ptrdiff_t logits_stride, ptrdiff_t teacher_stride, float weight);

typedef struct {
  float alpha_min;   // -1
  float alpha_max;   // +1
  float ratio_clip;  // 5: bound of (p/q)^α
  float clip;        // bound of each element of the logit gradient before weight; 0: none
  float weight;
} kk_alpha_divergence_options;

// Adaptive alpha-divergence (D. Wang et al., "AlphaNet: improved training of supernets with
// alpha-divergence", ICML 2021): with q = softmax(logits), p = softmax(teacher logits),
// D_α = 1/(α(α-1))·Σ q·[w - 1], w = min((p/q)^α, ratio_clip), evaluated at alpha_min and alpha_max;
// the larger value of each sample is its loss. The gradient goes through log q only:
// -Σ q·ρ·∂log q with ρ = w/α + 1/(α(α-1)) held constant. α = 1 is KL(p ‖ q) with gradient q - p,
// and α = 0 is KL(q ‖ p) with ρ = log(p/q) - 1, both without the clip of the ratio.
void kk_alpha_divergence(float *loss, float *dlogits, const float *logits, const float *teacher,
                         size_t rows, size_t classes, ptrdiff_t dlogits_stride,
                         ptrdiff_t logits_stride, ptrdiff_t teacher_stride,
                         const kk_alpha_divergence_options *options);

// rank[rows]: how many classes beat the label: larger logits, or equal ones of a smaller class.
// Top-1 is right where rank = 0, top-5 where rank < 5. A NaN beats everything; a NaN at the label
// loses to every class.
void kk_label_rank(int32_t *rank, const float *logits, const int32_t *labels, size_t rows,
                   size_t classes, ptrdiff_t logits_stride);

// index[rows]: the first class of the largest logit (0 where all are NaN).
void kk_argmax(int32_t *index, const float *logits, size_t rows, size_t classes,
               ptrdiff_t logits_stride);

#ifdef __cplusplus
}
#endif
