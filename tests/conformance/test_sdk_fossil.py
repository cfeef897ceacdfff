"""The official JavaScript client's own decoder makes of our patches what was patched."""

import json
import random
import subprocess

from renown.protocol.codec import JSON
from renown.protocol.fossil import delta
from tests.conformance.javascript import HERE, install, node

SCRIPT = """
import { Centrifuge } from "centrifuge";
import { Centrifuge as Binary } from "centrifuge/build/protobuf";

// No address is ever opened: only the decoders are asked.
const text = new Centrifuge("ws://127.0.0.1:1")._codec;
const binary = new Binary("ws://127.0.0.1:1")._codec;
let input = "";
for await (const chunk of process.stdin) input += chunk;
const results = JSON.parse(input).map(({ base, patch, said }) => {
  const before = new Uint8Array(Buffer.from(base, "hex"));
  const bytes = new Uint8Array(Buffer.from(patch, "hex"));
  const made = binary.applyDeltaIfNeeded({ delta: true, data: bytes }, before).newData;
  const value = text.applyDeltaIfNeeded({ delta: true, data: JSON.parse(said) }, before).newData;
  return { made: Buffer.from(made).toString("hex"), value };
});
process.stdout.write(JSON.stringify(results));
"""


def standing(chance: random.Random, version: int) -> dict[str, object]:
    scores = {name: round(chance.random(), 4) for name in ("quality", "speed", "价格", "прием", "🏆")}
    return {"subject": "seller:42", "version": version, "scores": scores, "note": "né " * chance.randrange(9)}


def test_our_patches_are_read() -> None:
    install()
    chance = random.Random(7)
    cases: list[dict[str, str]] = []
    targets: list[bytes] = []
    for version in range(500):
        pair = (standing(chance, version), standing(chance, version + 1))
        base, target = (json.dumps(each, ensure_ascii=False).encode() for each in pair)
        patch = delta(base, target)
        if patch is not None:
            cases.append({"base": base.hex(), "patch": patch.hex(), "said": JSON.text(patch).decode()})
            targets.append(target)
    assert len(cases) > 400
    ran = subprocess.run(
        [node(), "--input-type=module", "-e", SCRIPT],
        input=json.dumps(cases).encode(),
        stdout=subprocess.PIPE,
        cwd=HERE,
        check=True,
        timeout=60,
    )
    results = json.loads(ran.stdout)
    assert [bytes.fromhex(result["made"]) for result in results] == targets
    assert [result["value"] for result in results] == [json.loads(target) for target in targets]
