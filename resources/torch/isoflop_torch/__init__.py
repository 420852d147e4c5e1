"""Trains one run of an Isoflop lab with torch.distributed: the file, the records and the checkpoints are the lab's own.

docs/torch.md says how it is started. Needs PyTorch 2.6 or newer and nothing else.
"""
