#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Writes constraints.txt anew: the newest versions that pyproject.toml allows, for every Python it supports.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/bootstrap.sh run
.venv/bin/python -m pip install --quiet uv
{
  echo "# The exact versions that a checkout installs, for every supported Python. Written by scripts/pin.sh."
  .venv/bin/uv pip compile --quiet --universal --upgrade --all-extras --python-version 3.11 \
    --no-annotate --no-header pyproject.toml
} >constraints.txt.new
mv constraints.txt.new constraints.txt
echo "Wrote constraints.txt with $(grep -c == constraints.txt) pins."
