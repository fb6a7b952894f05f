"""What the benches that go in rounds share: min, median and ratios, where rows are written, and how a run ends."""
import contextlib
import json
import os
import random
import signal
import statistics
import sys
import time

from setups import CORE, HERE, Failed


def figures(rounds, floors=None, digits=3):
    """Of the rounds' values; ratio: the median of the rounds' ratios to `floors`."""
    row = {"min": min(rounds), "median": statistics.median(rounds), "max": max(rounds)}
    if floors:
        row["ratio"] = statistics.median(v / f for v, f in zip(rounds, floors))
    return {key: round(value, digits) for key, value in row.items()}


def turns(number, stand):
    """Their order in a round, another one each time: what a set-up leaves behind for the next one (timers, caches) is
    not always to the same one's cost."""
    return random.Random(number).sample(stand, len(stand))


def run(count, one_round):
    """What one_round(number) returns, `count` times after one that is thrown away."""
    rounds = []
    for number in range(count + 1):
        begin = time.monotonic()
        rounds.append(one_round(number))
        print(f"round {number}{'' if number else ' (thrown away)'}: {time.monotonic() - begin:.1f} s, load average "
              f"{os.getloadavg()[0]:.1f}", flush=True)
    return rounds[1:]


def save(name, rows):
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    (results / f"{name}.json").write_text(json.dumps(rows, indent=1) + "\n")


def stop(number, _frame):
    """The first signal ends the run, whatever follows does not disturb the end."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    sys.exit(f"{os.path.basename(sys.argv[0])}: {signal.Signals(number).name}")


def bench(main):
    """Runs main(stack) to its end: what stands on the stack goes whatever happens."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, stop)
    os.sched_setaffinity(0, (os.sched_getaffinity(0) - {CORE}) or {CORE})  # agents inherit it
    try:
        with contextlib.ExitStack() as stack:
            main(stack)
    except Failed as failure:
        sys.exit(f"{os.path.basename(sys.argv[0])}: {failure}")
