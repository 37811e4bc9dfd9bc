#!/usr/bin/env bash
# Evaluating a flag file with flagd-core and writing it back takes the default variant out of it.
#
# Expected: set_flags() reads the dictionary that it is given. What was loaded from a file can be written to a
#   file.
# Seen: openfeature-flagd-core 1.0.0 and 2.0.0 for Python rename a key in the *caller's* dictionary:
#   "defaultVariant" becomes "default_variant", and "source" and "selector" are removed. The same engine still
#   reads the result, for it takes the changed name as well, so nothing is noticed; whoever reads the written
#   file by the published names finds a flag without a default. set_flags() with the text of the file leaves
#   the text alone, of course.
# Hurts: the obvious little tool of a rollout: load the file, check with the engine that it does what one
#   thinks, raise the percentage, write it. To every other reader the written file has no default variant. The
#   schema finds that valid and gives it a meaning of its own (use the default in the code), so that users
#   outside the rule change sides in the middle of a migration, and no check refuses the file.
# Source of the expectation: the signature (a str or a dict, and nothing returned), and the names in flagd's
#   schema.
# Versions: openfeature-flagd-core 1.0.0 and 2.0.0.

set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/probe.py" <<'PY'
import copy, json
from importlib.metadata import version

from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext

print(f"openfeature-flagd-core {version('openfeature-flagd-core')}:")
loaded = json.loads(
    """{"flags": {"stack": {"state": "ENABLED", "variants": {"new": "new", "legacy": "legacy"},
  "defaultVariant": "legacy", "source": "flags.json",
  "targeting": {"fractional": [["new", 25], ["legacy", 75]]}}}}"""
)
before = copy.deepcopy(loaded)


def nobody(flags):
    """What somebody gets who has no targeting key, so that no rule applies."""
    core = FlagdCore()
    core.set_flags(flags)
    return core.resolve_string_value("stack", "the code's default", EvaluationContext()).value


assert nobody(loaded) == "legacy"
loaded["flags"]["stack"]["targeting"]["fractional"] = [["new", 50], ["legacy", 50]]
written = json.dumps(loaded)
print("   loaded :", json.dumps(before["flags"]["stack"]))
print("   written:", json.dumps(loaded["flags"]["stack"]))
gone = set(before["flags"]["stack"]) - set(loaded["flags"]["stack"])
added = set(loaded["flags"]["stack"]) - set(before["flags"]["stack"])
print(f"   gone: {sorted(gone)}, new: {sorted(added)}; the same engine reads it as {nobody(written)!r}")
assert gone == {"defaultVariant", "source"} and added == {"default_variant"}
assert nobody(written) == "legacy", "it hides from its own author"
PY

for core in 1.0.0 2.0.0; do
  python3 -m venv "$work/$core"
  "$work/$core/bin/pip" install --quiet --disable-pip-version-check "openfeature-flagd-core==$core"
  "$work/$core/bin/python" "$work/probe.py"
done
echo "as described: the caller's dictionary is changed"
