"""fp32 tensors in the safetensors format, one at a time: the length of a header, the header in JSON, the numbers."""

import ctypes
import json
import math
import os

import torch

from .faults import Fault

LARGEST_HEADER = 100_000_000
_types = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "F64": torch.float64}


def header(tensors):
    """The bytes in front of flat fp32 tensors, [(name, count)]."""
    entries, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, count in tensors:
        entries[name] = {"dtype": "F32", "shape": [count], "data_offsets": [offset, offset + 4 * count]}
        offset += 4 * count
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # so that the numbers begin on a multiple of 8
    return len(text).to_bytes(8, "little") + text


def bytes_of(tensor):
    """A view of a contiguous CPU tensor's bytes; without numpy there is no other."""
    array = (ctypes.c_char * tensor.nbytes).from_address(tensor.data_ptr())
    array.owner = tensor  # the numbers live as long as their view
    return memoryview(array).cast("B")


class Reader:
    """Tensors of a file by name, as fp32."""

    def __init__(self, path):
        self.path = path
        size = os.path.getsize(path)
        self.file = open(path, "rb")
        length = int.from_bytes(self.file.read(8), "little")
        if length > min(LARGEST_HEADER, size - 8):
            raise self._damaged("its header is longer than the file")
        try:
            self.entries = json.loads(self.file.read(length))
        except ValueError:
            raise self._damaged("its header is no JSON") from None
        self.entries.pop("__metadata__", None)
        self.begin, self.size = 8 + length, size

    def names(self):
        return list(self.entries)

    def read(self, name):
        if name not in self.entries:
            raise self._damaged(f"it has no {name}")
        entry = self.entries[name]
        if entry["dtype"] not in _types:
            raise Fault("unavailable", f"{self.path}: {name} is {entry['dtype']}; F32, F16, BF16 and F64 can be read.")
        start, end = (self.begin + offset for offset in entry["data_offsets"])
        tensor = torch.empty(math.prod(entry["shape"]), dtype=_types[entry["dtype"]])
        if end - start != tensor.nbytes or end > self.size:
            raise self._damaged(f"{name} does not lie where its header says")
        if tensor.nbytes:
            self.file.seek(start)
            if self.file.readinto(bytes_of(tensor)) != tensor.nbytes:
                raise self._damaged(f"{name} is cut short")
        return tensor.float()

    def _damaged(self, why):
        return Fault("damaged", f"{self.path} is not a whole safetensors file: {why}.")
