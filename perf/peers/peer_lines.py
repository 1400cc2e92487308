"""How a Python peer talks with `pta bench`: what it is made of is said first, then lines on standard input are answered on standard output.

    ready VERSION ...
    check CASE           what the case's check() says
    time CASE SECONDS    "UNITS SECONDS": passes for at least SECONDS, and the processor seconds they took
"""

import sys
import time


def answer(versions, make):
    """Answers until the input ends. make(case) gives an object with check(), which says "ok UNITS SUM" or "wrong ...", and run(), a pass that returns its units."""
    print("ready", *versions, flush=True)
    works = {}
    for line in sys.stdin:
        verb, name, *rest = line.split()
        if verb == "check":
            works[name] = make(name)
            print(works[name].check(), flush=True)
            continue
        units, start, processor = 0, time.perf_counter(), time.process_time()
        while units == 0 or time.perf_counter() - start < float(rest[0]):
            units += works[name].run()
        print(f"{units} {time.process_time() - processor!r}", flush=True)
