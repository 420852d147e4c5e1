// All kernels of the engine in fp32, for every card from Turing on: resources/cuda/fp32.ptx.
#include "attention.h"
#include "elementwise.h"
#include "layer-norm.h"
#include "learning.h"
#include "product.h"
