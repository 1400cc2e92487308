"""Trains a tiny language model on a store that pta align wrote; any causal model that gives logits [B, L, V] may take its place.

    torchrun --nproc_per_node 2 train.py aligned.store --documents 4 --save weights.pt    # or: python train.py ... for one process
"""
import argparse
import itertools
import os

import torch
import torch.distributed as dist
from ptakernels.torch import AlignedDataset, Collate, fusion_loss
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler


class TinyModel(torch.nn.Module):
    def __init__(self, tokens, length, width=32):
        super().__init__()
        self.tokens, self.places = torch.nn.Embedding(tokens, width), torch.nn.Embedding(length, width)
        self.qkv, self.head = torch.nn.Linear(width, 3 * width, bias=False), torch.nn.Linear(width, tokens)

    def forward(self, batch):
        hidden = self.tokens(batch.input_ids) + self.places(batch.positions)
        query, key, value = self.qkv(hidden).chunk(3, -1)
        scores = (query @ key.transpose(1, 2)).masked_fill(~batch.attention()[:, 0], float("-inf"))
        return self.head(torch.tanh(hidden + scores.softmax(-1) @ value))


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("store"), parser.add_argument("--save", required=True)
for name, default, kind in (("documents", 8, int), ("length", 256, int), ("accumulate", 2, int), ("steps", 4, int), ("rate", 1e-2, float), ("weight", 0.35, float)):
    parser.add_argument(f"--{name}", default=default, type=kind)
options = parser.parse_args()
rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
if world > 1:
    dist.init_process_group("gloo")  # nccl on GPUs
torch.manual_seed(0)
data = AlignedDataset(options.store)
sampler = DistributedSampler(data, world, rank, shuffle=False, drop_last=True)
loader = DataLoader(data, options.documents, sampler=sampler, collate_fn=Collate(options.length), drop_last=True)
model = TinyModel(data.store.tokenizer.tokens, options.length)
model = DistributedDataParallel(model) if world > 1 else model
optimizer = torch.optim.AdamW(model.parameters(), options.rate)
if not len(loader):
    parser.error(f"{options.store} has fewer than {world} * {options.documents} documents")
batches = itertools.chain.from_iterable(itertools.repeat(loader))
for step in range(options.steps):
    micro = list(itertools.islice(batches, options.accumulate))
    counts = sum(batch.counts() for batch in micro)
    dist.all_reduce(counts) if world > 1 else None  # the means are over the whole step, on all processes
    loss = torch.zeros((), dtype=torch.float64)
    for batch in micro:
        share = fusion_loss(model(batch), *batch.targets).total(options.weight, counts)
        (world * share).backward()  # DistributedDataParallel averages what is to be added
        loss += share.detach()
    dist.all_reduce(loss) if world > 1 else None
    optimizer.step()
    optimizer.zero_grad()
    print(f"step {step}: loss {loss.item():.6f}") if rank == 0 else None
torch.save([p.detach() for p in model.parameters()], options.save) if rank == 0 else None
