"""Writes the UCI digits that scikit-learn ships as a plain CSV file: 64 pixels (0-16) and the digit, per line."""
import gzip
import os
import sys

import sklearn

SOURCE = os.path.join(os.path.dirname(sklearn.__file__), "datasets", "data", "digits.csv.gz")

target = sys.argv[1]
with gzip.open(SOURCE, "rb") as packed:
    data = packed.read()
with open(target + ".new", "wb") as out:
    out.write(data)
os.replace(target + ".new", target)
print(f"{target}: {len(data.splitlines())} digits")
