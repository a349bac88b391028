"""Times PyTorch's embedding, embedding_bag and a search on the device of this machine. Prints one JSON object: seconds a call, by name."""

import json
import sys
import time

import torch

rows, width, batch, bag, repeats = (int(argument) for argument in sys.argv[1:6])
nearest_rows, nearest_width, queries, top = (int(argument) for argument in sys.argv[6:10])
device = torch.device("cuda")
torch.backends.cuda.matmul.allow_tf32 = False
generator = torch.Generator(device=device).manual_seed(1)


def seconds(run):
    run()
    torch.cuda.synchronize()
    began = time.perf_counter()
    for _ in range(repeats):
        run()
    torch.cuda.synchronize()
    return (time.perf_counter() - began) / repeats


def zipf(count):
    # Ranks by the inverse of the continuous distribution with exponent 1.05, as the program beside this file draws them.
    uniform = torch.rand(count, device=device, generator=generator, dtype=torch.float64)
    power = 1 - 1.05
    rank = ((rows**power - 1) * uniform + 1) ** (1 / power)
    return (rank.long() - 1).clamp_(0, rows - 1)


def search():
    # Squared distances order rows as distances do; the queries' own squares change no order.
    return torch.topk(2 * questions @ table2.T - squares, top, dim=1)


table = torch.empty(rows, width, device=device)
uniform = torch.randint(rows, (batch * bag,), device=device, generator=generator)
skewed = zipf(batch * bag)
offsets = torch.arange(0, batch * bag, bag, device=device)
times = {
    "gather uniform": seconds(lambda: torch.nn.functional.embedding(uniform, table)),
    "gather zipf": seconds(lambda: torch.nn.functional.embedding(skewed, table)),
    "bag": seconds(lambda: torch.nn.functional.embedding_bag(uniform, table, offsets, mode="sum")),
}
del table
table2 = torch.randn(nearest_rows, nearest_width, device=device, generator=generator)
questions = torch.randn(queries, nearest_width, device=device, generator=generator)
squares = (table2 * table2).sum(1)
repeats = max(repeats // 10, 3)
times["nearest"] = seconds(search)
times["version"] = torch.__version__
print(json.dumps(times))
