#!/usr/bin/env python3
"""Writes golden.safetensors with the reference library (pip install safetensors numpy) and prints
it as base64 for SafetensorsTests.swift. With a file name, reads that file and prints its contents:
the other direction of the check."""

import base64
import sys

import numpy
from safetensors import safe_open
from safetensors.numpy import save

if len(sys.argv) > 1:
    with safe_open(sys.argv[1], framework="numpy") as file:
        for name in sorted(file.keys()):
            tensor = file.get_tensor(name)
            print(name, tensor.dtype, list(tensor.shape), tensor.ravel().tolist())
else:
    data = save(
        {
            "weight": numpy.array([[1.5, -2.25, 3e-8], [0.0, -0.0, 65504.0]], numpy.float32),
            "codes": numpy.array([0, 7, 255], numpy.uint8),
            "counter": numpy.array([2**63 + 5], numpy.uint64),
            "shift": numpy.array([-1, 2**40], numpy.int64),
            "labels": numpy.array([-3, 2**31 - 1], numpy.int32),
            "scalar": numpy.array(0.125, numpy.float32),
            "empty": numpy.zeros((0, 4), numpy.float32),
        },
        metadata={"origin": "reference"},
    )
    print(base64.b64encode(data).decode())
