#!/usr/bin/env bash
# A weight of 25.0 in a flag file sends nobody to the new variant, silently; the schema finds it valid.
#
# Expected: JSON has one kind of number, 25.0 is 25, and JSON Schema says in so many words that 25.0 is an
#   integer. A file that the schema accepts is evaluated, or refused aloud.
# Seen: openfeature-flagd-core 1.0.0 and 2.0.0 for Python: one weight of a fractional rule with a point in it,
#   be it the other variant's, and the whole rule counts for nothing. set_flags() takes the file, every
#   evaluation gives the default variant with the reason DEFAULT and no error, and the log has a line at level
#   debug only. The jsonschema package accepts the same weight for the type that the flag schema gives it
#   (integer, or an operation).
# Hurts: percentages that are calculated (total * 0.25), or written by YAML, Terraform, jq or a language
#   without integers. With "legacy" as the default, a rollout at 50 % falls back to 0 with the next edit of
#   the file, or all users change sides if the default is "new". To a proxy that reads the file in a stricter
#   or a laxer way, the same file means something else than to the services beside it.
# Source of the expectation: JSON Schema validation (a number with a zero fraction is an integer); flagd's own
#   schema for targeting, which asks for {"type": "integer", "minimum": 0} there.
# Versions: openfeature-flagd-core 1.0.0 and 2.0.0, jsonschema 4.25.1.

set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/probe.py" <<'PY'
import json
from collections import Counter
from importlib.metadata import version

import jsonschema
from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext

print(f"openfeature-flagd-core {version('openfeature-flagd-core')}, jsonschema {version('jsonschema')}:")
FILE = """{"flags": {"stack": {"state": "ENABLED", "variants": {"new": "new", "legacy": "legacy"},
  "defaultVariant": "legacy", "targeting": {"fractional": [["new", %s], ["legacy", %s]]}}}}"""


def evaluate(new, legacy):
    core = FlagdCore()
    core.set_flags(FILE % (new, legacy))
    details = [core.resolve_string_value("stack", "?", EvaluationContext(f"user:{n}")) for n in range(1000)]
    found = Counter((d.value, getattr(d.reason, "value", str(d.reason)), str(d.error_code)) for d in details)
    for weight in (new, legacy):
        jsonschema.validate(json.loads(weight), {"type": "integer", "minimum": 0})
    print(f"   new {new:5} legacy {legacy:5} -> {dict(found)}")
    return found


whole = evaluate("25", "75")
assert 200 < whole["new", "TARGETING_MATCH", "None"] < 300 and len(whole) == 2
for weights in (("25.0", "75.0"), ("25.0", "75"), ("25", "75.0"), ("1e2", "0")):
    assert evaluate(*weights) == Counter({("legacy", "DEFAULT", "None"): 1000}), weights
PY

for core in 1.0.0 2.0.0; do
  python3 -m venv "$work/$core"
  "$work/$core/bin/pip" install --quiet --disable-pip-version-check \
    "openfeature-flagd-core==$core" jsonschema==4.25.1
  "$work/$core/bin/python" "$work/probe.py"
done
echo "as described: valid for the schema, and no rule any more for the engine"
