"""What the measurements run on: cores, CPU clocks and memory of other processes."""

import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "Cores",
    "busy_seconds",
    "cores",
    "cpu_seconds",
    "describe",
    "family",
    "resident_bytes",
    "steal_and_load",
]


@dataclass(frozen=True)
class Cores:
    """Which core does what, so that nobody measured shares one with the load."""

    server: int
    load: tuple[int, ...]
    driver: int

    def free_for_load(self) -> str:
        """The load generator's cores as its `--cpus` argument."""
        return ",".join(map(str, self.load))


def cores() -> Cores:
    """Give the server the first core, the driver the last, and the load generator those between.

    Raises RuntimeError on fewer than two cores: then every figure would measure the load generator as well.
    """
    have = sorted(os.sched_getaffinity(0))
    if len(have) < 2:
        raise RuntimeError("the benches need at least two cores: one for the server, one for the load")
    return Cores(server=have[0], load=tuple(have[1:-1] or have[1:]), driver=have[-1])


def cpu_seconds(*pids: int) -> float:
    """CPU time of whole processes so far, in seconds, with the kernel's nanosecond clock of each."""
    return sum(time.clock_gettime((~pid << 3) | 2) for pid in pids)


def busy_seconds(core: int) -> float:
    """How long a core has worked since boot, for whomever."""
    for line in Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name == f"cpu{core}":
            user, nice, system, _, _, irq, softirq, *_ = map(int, ticks)
            return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")
    raise RuntimeError(f"there is no core {core}")


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += family(int(child))
    return found


def resident_bytes(*pids: int) -> int:
    """Resident memory of processes, in bytes."""
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)
    return pages * os.sysconf("SC_PAGESIZE")


def steal_and_load() -> tuple[float, float]:
    """Seconds stolen by the hypervisor since boot over all cores, and the one-minute load."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return int(fields[8]) / os.sysconf("SC_CLK_TCK"), os.getloadavg()[0]


def describe() -> dict[str, str]:
    """The machine in the words of a table's caption."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return {
        "on": f"{len(os.sched_getaffinity(0))} × {model}",
        "Linux": platform.release(),
        "Python": platform.python_version(),
        "one-minute load before it": f"{os.getloadavg()[0]:.2f}",
        "at": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
    }
