"""Makes fractional_vectors.json: what both generations of openfeature-flagd-core say of keys.

python3 -m venv v2 && v2/bin/pip install openfeature-flagd-core==1.0.0
python3 -m venv v3 && v3/bin/pip install openfeature-flagd-core==2.0.0
(v2/bin/python fractional_vectors.py v2; v3/bin/python fractional_vectors.py v3) > fractional_vectors.json
"""
import json
import random
import sys

from openfeature.contrib.tools.flagd.core.targeting.custom_ops import fractional

random.seed(7)
letters = "abcdefghijklmnopqrstuvwxyz0123456789:-_ é€𝄞"
lengths = [1, 2, 3, 4, 5, 22, 23, 24, 25, 255, 256, 257, 1000, 65535, 65536] + [random.randint(1, 60) for _ in range(45)]
for length in lengths:
    # Long ones are told by a letter that is repeated.
    key = random.choice("abc") * length if length > 60 else "".join(random.choice(letters) for _ in range(length))
    data = {"targetingKey": key, "$flagd": {"flagKey": "cache-stack"}}
    for bucketing, first in [("default", None), ("key", key), ("salt", "salt-2" + key)]:
        said = {}
        for percent in (1, 10, 25, 33, 50, 75, 99):
            weights = [["new", percent], ["legacy", 100 - percent]]
            said[percent] = fractional(data, *([] if first is None else [first]), *weights)
        news = [percent for percent, variant in said.items() if variant == "new"]
        shown = {"letter": key[0], "count": length} if length > 60 else {"text": key}
        print(json.dumps({"hash": sys.argv[1], "key": shown, "bucketing": bucketing, "new_at": news}, ensure_ascii=False))
