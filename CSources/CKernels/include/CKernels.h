// All kernels, one header a family.
#pragma once

#include "isa.h"
#include "memory_pool.h"
#include "thread_pool.h"
#include "transforms.h"
#include "random.h"
#include "optimizers.h"
#include "reductions.h"
#include "depthwise.h"
#include "elementwise.h"
#include "layernorm.h"
#include "losses.h"
#include "softmax.h"
#include "gemm.h"
#include "pointwise.h"
#include "batchnorm.h"
