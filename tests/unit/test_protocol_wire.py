"""The generated classes are those of the .proto files, which are the protocol's."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from centrifuge.protocol import client_pb2 as official

from renown.protocol.wire import client_pb2

SOURCE = Path(__file__).parents[2] / "src"
WIRE = SOURCE / "renown" / "protocol" / "wire"


@pytest.mark.parametrize("name", ["client", "standing"])
def test_what_is_checked_in_is_what_is_generated(name: str, tmp_path: Path) -> None:
    compiler = [sys.executable, "-W", "ignore", "-m", "grpc_tools.protoc", f"-I{SOURCE}"]
    outputs = [f"--python_out={tmp_path}", f"--pyi_out={tmp_path}"]
    subprocess.run([*compiler, *outputs, WIRE / f"{name}.proto"], check=True, timeout=60)
    made = tmp_path / WIRE.relative_to(SOURCE)
    for suffix in ("py", "pyi"):
        file = f"{name}_pb2.{suffix}"
        assert (made / file).read_text() == (WIRE / file).read_text(), "run `make proto`"


def test_numbers_and_types_are_those_of_the_official_client() -> None:
    def fields(descriptor: Any) -> dict[str, tuple[int, int, bool]]:
        return {field.name: (field.number, field.type, field.is_repeated) for field in descriptor.fields}

    ours: Any = client_pb2.DESCRIPTOR.message_types_by_name
    theirs: Any = official.DESCRIPTOR.message_types_by_name
    assert set(theirs) <= set(ours)
    assert len(ours) == 43
    for name, message in theirs.items():
        # That client is older than some fields.
        assert fields(message).items() <= fields(ours[name]).items(), name
