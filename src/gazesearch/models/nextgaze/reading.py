"""Maps of logits from keys, queries and what offsets say: the costly part, in little memory.

For a search with query q on keys of its pair, and fixations k at known cells,

    map_m = sum_c q_cm keys_c + sum_k window_km,    logits = sum_m read_m act_m(map_m)

where a window is the part of a table of offsets that has its origin at the fixation, act_0 lets
everything pass and the others are ReLU. The maps of all channels are never there for all searches
at once, neither forth nor, where they are computed again, back.

Axes: p pairs, b searches sorted by pair, c keys, m channels, k recent fixations, x cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from gazesearch.models.shapes import Float, Int

_CHUNK: Final = 2**18  # numbers of maps that are there at once, on a CPU: they stay in its cache
_CHUNK_ELSEWHERE: Final = 2**27


def logits_of(
    keys: Float[Tensor, "p c h w"],
    query: Float[Tensor, "b c m"],
    table: Float[Tensor, "k m h2 w2"],
    read: Float[Tensor, " m"],
    pair: Int[Tensor, " b"],
    cells: Int[Tensor, "b r"],
    counts: Int[Tensor, " b"],
) -> Float[Tensor, "b h w"]:
    """Logits of the map of each search.

    Args:
        keys: of each pair of an image and a task.
        query: of each search.
        table: at row h - 1 + dy and column w - 1 + dx what an offset of (dx, dy) adds.
        read: weight of each channel.
        pair: of each search.
        cells: of its last fixations, the last one first; at most k.
        counts: how many of them there are.
    """
    order = pair.argsort(stable=True)
    h, w = keys.shape[2:]
    places = torch.stack([h - 1 - cells // w, w - 1 - cells % w], dim=2)[order].tolist()
    windows = [few[:n] for few, n in zip(places, counts[order].tolist(), strict=True)]
    groups = torch.bincount(pair, minlength=len(keys)).tolist()
    sorted_: Tensor = _Read.apply(keys, query[order], table, read, groups, windows)
    return torch.empty_like(sorted_).index_copy(0, order, sorted_)


class _Read(torch.autograd.Function):
    """Keys, sorted queries, table and weights to logits."""

    @staticmethod
    def forward(
        ctx: Any,
        keys: Tensor,
        query: Tensor,
        table: Tensor,
        read: Tensor,
        groups: list[int],
        windows: list[list[list[int]]],
    ) -> Tensor:
        ctx.save_for_backward(keys, query, table, read)
        ctx.groups, ctx.windows = groups, windows
        logits = keys.new_empty(len(query), *keys.shape[2:])
        for pair, part in _chunks(groups, query, keys):
            maps = _maps(keys[pair], query[part], table, windows[part])
            maps[:, 1:].relu_()
            torch.matmul(read, maps.flatten(2), out=logits[part].flatten(1))
        return logits

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        keys, query, table, read = ctx.saved_tensors
        to_keys, to_query = torch.zeros_like(keys), torch.empty_like(query)
        to_table, to_read = torch.zeros_like(table), torch.zeros_like(read)
        h, w = keys.shape[2:]
        for pair, part in _chunks(ctx.groups, query, keys):
            maps = _maps(keys[pair], query[part], table, ctx.windows[part])
            maps[:, 1:].relu_()
            grad = grads[0][part].flatten(1)[:, :, None]  # (n, x, 1)
            to_read += (maps.flatten(2) @ grad).sum(dim=(0, 2))
            passed = maps.sign_()  # 1 where a ReLU let it pass
            passed[:, 0] = 1
            back = passed.mul_(read[:, None, None]).mul_(grads[0][part][:, None])
            flat = back.view(-1, h * w)  # (n*m, x)
            asked = query[part].transpose(1, 2).flatten(0, 1)  # (n*m, c)
            to_query[part] = (
                (flat @ keys[pair].flatten(1).T).unflatten(0, (len(back), -1)).transpose(1, 2)
            )
            to_keys[pair].flatten(1).addmm_(asked.T, flat)
            for one, few in zip(back, ctx.windows[part], strict=True):
                for k, (y, x) in enumerate(few):
                    to_table[k, :, y : y + h, x : x + w] += one
        return to_keys, to_query, to_table, to_read, None, None


def _maps(keys: Tensor, query: Tensor, table: Tensor, windows: list[list[list[int]]]) -> Tensor:
    """Maps of all channels before they are read, (n, m, h, w)."""
    h, w = keys.shape[1:]
    flat = query.transpose(1, 2).flatten(0, 1) @ keys.flatten(1)
    maps = flat.view(len(query), -1, h, w)
    for one, few in zip(maps, windows, strict=True):
        for k, (y, x) in enumerate(few):
            one += table[k, :, y : y + h, x : x + w]
    return maps


def _chunks(groups: list[int], query: Tensor, keys: Tensor) -> Iterator[tuple[int, slice]]:
    """Pair and searches of each part that is computed at once."""
    most = _CHUNK if query.device.type == "cpu" else _CHUNK_ELSEWHERE
    size = max(1, most // (query.shape[2] * keys.shape[2] * keys.shape[3]))
    start = 0
    for pair, count in enumerate(groups):
        for first in range(start, start + count, size):
            yield pair, slice(first, min(first + size, start + count))
        start += count
