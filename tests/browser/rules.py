"""Servers whose settings say what a viewer of standings should see."""

from pathlib import Path

from tests.running import RunningServer

__all__ = ["ruled"]


def ruled(
    folder: Path, *, ping: float = 25.0, more: str = "", namespace: str = "standing", **shown: str
) -> RunningServer:
    """Return a server with this rule for a namespace; `more` goes into its settings as it is."""
    config = folder / "renown.toml"
    lines = [f'{name} = "{word}"' for name, word in shown.items()]
    rule = "\n".join([f"[gateway.channels.{namespace}.shown]", *lines])
    config.write_text(f"[gateway]\nping_interval = {ping}\n{rule}\n{more}")
    return RunningServer(folder / "data", "--config", str(config))
