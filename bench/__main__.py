"""`python -m bench [NAME …]`: run the benches, print their reports as Markdown."""

import argparse
import importlib
import json
import sys
import time
from pathlib import Path

from bench.machine import describe, steal_and_load
from bench.options import Options
from bench.report import Report

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
BENCHES = (
    "fanout",
    "memory",
    "connects",
    "idle",
    "deaf",
    "drain",
    "latency",
    "intake",
    "rooms",
    "forms",
    "maps",
    "folding",
)
LONG = ("jitter", "million")
"""Run when they are named only."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"{', '.join(BENCHES)}; these when none is given. Also {', '.join(LONG)}",
    )
    parser.add_argument("--turn", type=float, default=Options.turn, help="seconds of one turn in the fan-out")
    parser.add_argument(
        "--rounds",
        type=int,
        default=Options.rounds,
        help="turns of each in the fan-out; of the intake, up to 3",
    )
    parser.add_argument(
        "--seconds", type=float, default=Options.seconds, help="length of the other measurements"
    )
    parser.add_argument(
        "--subscribers", type=int, nargs="+", default=Options.subscribers, help="fan-out's numbers"
    )
    parser.add_argument(
        "--only", nargs="+", default=(), help="fan-out's contestants: sendloop, renowngateway, …"
    )
    parser.add_argument("--connections", type=int, default=Options.connections, help="of the memory bench")
    parser.add_argument(
        "--doc", type=Path, metavar="FILE", help="put the figures into this page, such as docs/performance.md"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - {*BENCHES, *LONG}
    if unknown:
        parser.error(f"no bench {', '.join(sorted(unknown))}; there are {', '.join((*BENCHES, *LONG))}")
    return arguments


def into_page(page: str, figures: str) -> str:
    """Return the page with everything between its two marks replaced; raise ValueError without marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page has no {BEGIN} … {END}")
    return f"{before}{begin}\n\n{figures.strip()}\n\n{end}{after}"


def _run(name: str, options: Options) -> Report:
    stolen, _ = steal_and_load()
    began = time.monotonic()
    report: Report = importlib.import_module(f"bench.{name}").run(options)
    lost, load = steal_and_load()
    took = time.monotonic() - began
    report.notes.append(
        f"Took {took:.0f} s; one-minute load at the end {load:.1f}; "
        f"{lost - stolen:.1f} s stolen by the hypervisor."
    )
    return report


def main() -> int:
    """Run what is asked for; 1 when a goal was not met."""
    arguments = _arguments()
    options = Options(
        turn=arguments.turn,
        rounds=arguments.rounds,
        seconds=arguments.seconds,
        connections=arguments.connections,
        subscribers=tuple(arguments.subscribers),
        only=tuple(name.lower() for name in arguments.only),
    )
    machine = describe()
    caption = f"`python -m bench {' '.join(sys.argv[1:])}`".replace(" `", "`")
    caption += ": " + "; ".join(f"{key} {value}" for key, value in machine.items()) + "."
    print(caption, end="\n\n", flush=True)
    reports = list[Report]()
    for name in arguments.names or BENCHES:
        print(f"… {name}", file=sys.stderr, flush=True)
        reports.append(_run(name, options))
        print(reports[-1].markdown(), flush=True)
    if arguments.doc:
        figures = "\n".join([caption + "\n", *(report.markdown() for report in reports)])
        arguments.doc.write_text(into_page(arguments.doc.read_text(), figures))
    if arguments.json:
        results = {"machine": machine, "benches": [report.json() for report in reports]}
        arguments.json.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    return 0 if all(goal.met for report in reports for goal in report.goals) else 1


if __name__ == "__main__":
    sys.exit(main())
