// What bf16 is for, on cards from Ampere on: products and attention on tensor cores. resources/cuda/bf16.ptx.
#include "half-attention.h"
#include "half-product.h"
