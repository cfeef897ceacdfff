"""`python -m bench.scoring [NAME …]`: compare the scores with published and measured figures.

Exits with 1 when a row that something holds is not met, with 2 when data is absent.
"""

import argparse
import sys
import time
from pathlib import Path

from bench.__main__ import into_page
from bench.report import Report
from bench.scoring import attacks, better, bombs, early, exchange, guarding, streams, verified
from bench.scoring.data import FOLDER, missing

BENCHES = {
    "leave-one-out": (streams.leave_one_out, streams.NEEDS),
    "attacks": (attacks.attacks, attacks.NEEDS),
    "guards": (guarding.guarding, guarding.NEEDS),
    "bombs": (bombs.bombs, bombs.NEEDS),
    "early": (early.early, early.NEEDS),
    "exchange": (exchange.exchange, exchange.NEEDS),
    "verified": (verified.verified, verified.NEEDS),
    "better": (better.better, better.NEEDS),
    "stream": (streams.stream, streams.NEEDS),
}


def main() -> int:
    """Run what is asked for, print it, and put it into a page."""
    parser = argparse.ArgumentParser(prog="python -m bench.scoring", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"{', '.join(BENCHES)}; all when none is given"
    )
    parser.add_argument("--doc", type=Path, metavar="FILE", help="put the figures into this page")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(BENCHES):
        parser.error(f"no bench {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}")
    reports, absent = list[Report](), set[str]()
    for name in arguments.names or BENCHES:
        run, needs = BENCHES[name]
        if without := missing(*needs):
            absent.update(without)
            continue
        began = time.monotonic()
        print(f"… {name}", file=sys.stderr, flush=True)
        reports.append(run())
        print(reports[-1].markdown(), flush=True)
        print(f"… {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    if absent:
        print(f"Not there, so left out: {', '.join(sorted(absent))} in {FOLDER}.")
        return 2
    if arguments.doc:
        figures = "\n".join(report.markdown() for report in reports)
        arguments.doc.write_text(into_page(arguments.doc.read_text(), figures))
    return 1 if any(report.raw["missed"] for report in reports) else 0


if __name__ == "__main__":
    sys.exit(main())
