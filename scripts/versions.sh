#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Tests the engine with another Python of this machine, and so with another ansible-core (constraints.txt says which).
#
#   scripts/versions.sh [TESTS...]        OTHER_PYTHON=... chooses the interpreter
#
# libvirt's bindings are left out: they would have to be compiled, and what is tested here does not ask hypervisors.
set -euo pipefail
cd "$(dirname "$0")/.."
shopt -s nullglob

say() { echo "versions: $*" >&2; }

tell() { "$1" -ISc 'import sys, ensurepip, venv; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }

own=$(tell .venv/bin/python)
pyenv=${PYENV_ROOT:-$HOME/.pyenv}/versions
other="" short=""
for candidate in ${OTHER_PYTHON:-python3.14 python3.13 "$pyenv"/3.13*/bin/python3.13 python3.12 "$pyenv"/3.12*/bin/python3.12 /usr/bin/python3.11 "$pyenv"/3.11*/bin/python3.11}; do
  short=$(tell "$candidate") && [ "$short" != "$own" ] && other=$candidate && break
done
if [ -z "$other" ]; then
  say "####################################################################"
  say "# THERE IS NO OTHER PYTHON HERE: only the ansible-core of Python $own"
  say "# was tested. Name one with OTHER_PYTHON=... (3.11 or later)."
  say "####################################################################"
  exit
fi

folder=build/python$short
wanted="$other $(sha256sum pyproject.toml constraints.txt | sha256sum)"
if [ ! -e "$folder/ready" ] || [ "$(<"$folder/ready")" != "$wanted" ]; then
  say "making $folder with $other"
  rm -rf "$folder"
  "$other" -m venv "$folder"
  pip=(env -u PIP_TARGET -u PIP_PREFIX "$folder/bin/python" -m pip install --quiet --no-user --disable-pip-version-check --constraint constraints.txt)
  "${pip[@]}" hatchling
  "${pip[@]}" --no-build-isolation --editable . pytest pytest-xdist hypothesis jsonschema kubernetes-validate
  echo "$wanted" >"$folder/ready"
fi
say "Python $short with ansible-core $("$folder/bin/python" -c 'from importlib.metadata import version; print(version("ansible-core"))')"
[ $# != 0 ] || set -- tests/engine tests/hostile tests/record
exec "$folder/bin/pytest" -q -n 2 -p no:cacheprovider "$@"
