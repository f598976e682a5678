#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes .venv, this checkout's private environment, ready to use, and says what it installs.
#
#   scripts/bootstrap.sh run|dev|fuzz|real        PYTHON=... chooses the interpreter
#
# Needs Python 3.11 or later. Debian packages are installed where root or passwordless sudo is there; otherwise
# the one line to run is printed, and the exit code is 2. Does nothing, quickly, when all is in place.
set -euo pipefail
cd "$(dirname "$0")/.."

level=${1:-run}
case $level in # the one place that says what each level needs, from pip and from Debian
  run) levels=(run) extras="" packages=() ;;
  dev) levels=(run dev) extras="[dev]" packages=() ;;
  fuzz) levels=(run dev fuzz) extras="[dev,fuzz]" packages=() ;;
  real)
    levels=(run dev real) extras="[dev,openstack,real]"
    packages=(openssl podman buildah runc netavark aardvark-dns iptables catatonit mmdebstrap)
    packages+=(mariadb-server-core mariadb-client-core chromium)
    ;;
  *) echo "usage: scripts/bootstrap.sh run|dev|fuzz|real" >&2 && exit 2 ;;
esac

say() { echo "bootstrap: $*" >&2; }

stop() {
  say "$@"
  exit 2
}

# Debian's own Python comes first, because Debian's libvirt bindings fit it.
find_python() {
  local candidate
  for candidate in ${PYTHON:-/usr/bin/python3 python3 python3.13 python3.12 python3.11}; do
    "$candidate" -ISc 'import sys
if sys.version_info < (3, 11): sys.exit(1)
print(sys.version.split()[0], sys.executable)' 2>/dev/null && return
  done
  stop "no Python 3.11 or later among: ${PYTHON:-python3, python3.11 to python3.13}. Name one with PYTHON=..."
}

found=$(find_python)
read -r version python <<<"$found"
base="$PWD $python $version"
wanted="$base $(sha256sum pyproject.toml constraints.txt scripts/bootstrap.sh)"

is_ready() { [ -e ".venv/ready-$level" ] && [ "$(<".venv/ready-$level")" = "$wanted" ]; }

is_ready && exit
exec 9<scripts/bootstrap.sh && flock 9 # two at once would spoil each other's work
is_ready && exit
begun=$SECONDS

ask() { "$1" -c "import sysconfig; print($2)"; }
short=${version%.*}
suffix=$(ask "$python" 'sysconfig.get_config_var("EXT_SUFFIX")')
bindings=/usr/lib/python3/dist-packages

# Debian's libvirt bindings are compiled for Debian's Python; for another one they are built from source.
fits_bindings() { [ -x /usr/bin/python3 ] && [ "$(ask /usr/bin/python3 'sysconfig.get_config_var("EXT_SUFFIX")')" = "$suffix" ]; }

list_missing() {
  local package
  "$python" -c 'import ensurepip, venv' 2>/dev/null || echo "python$short-venv"
  if fits_bindings; then
    [ -e "$bindings/libvirtmod$suffix" ] || echo python3-libvirt
  else
    command -v cc >/dev/null || echo gcc libc6-dev
    command -v pkg-config >/dev/null || echo pkg-config
    pkg-config --exists libvirt 2>/dev/null || echo libvirt-dev
    [ -e "$(ask "$python" 'sysconfig.get_path("include")')/Python.h" ] || echo "python$short-dev"
  fi
  for package in "${packages[@]}"; do
    dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
  done
}

apt_get() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 "$@" </dev/null >/dev/null
}

install_packages() {
  local as_root=() install=(install -y --no-install-recommends "$@")
  command -v apt-get >/dev/null || stop "this system has no apt-get. Install what these Debian packages hold: $*"
  if [ "$(id -u)" != 0 ]; then
    as_root=(sudo)
    sudo -n true 2>/dev/null || stop "Debian packages are missing, and this needs root. Run the next line as root, then try again.
apt-get update && apt-get ${install[*]}"
  fi
  say "installing Debian packages: $*"
  apt_get "${install[@]}" 2>/dev/null && return # else the package lists are absent or old
  apt_get update
  apt_get "${install[@]}"
}

install_python_packages() {
  local pip=(env -u PIP_TARGET -u PIP_PREFIX .venv/bin/python -m pip install --quiet --no-user --disable-pip-version-check
    --constraint constraints.txt)
  say "installing into .venv, with pip and the versions of constraints.txt: hybrid-migrate$extras and what it needs"
  "${pip[@]}" hatchling
  "${pip[@]}" --no-build-isolation --editable ".$extras"
  if fits_bindings; then
    ln -sf "$bindings"/libvirt* "$(ask .venv/bin/python 'sysconfig.get_path("purelib")')/"
  else
    "${pip[@]}" libvirt-python
  fi
}

mapfile -t missing < <(list_missing | tr ' ' '\n')
[ ${#missing[@]} = 0 ] || install_packages "${missing[@]}"

if [ ! -e .venv/base ] || [ "$(<.venv/base)" != "$base" ]; then
  say "making a private environment, .venv, with Python $version ($python)"
  rm -rf .venv
  "$python" -m venv .venv
  echo "$base" >.venv/base
fi
install_python_packages
for level in "${levels[@]}"; do echo "$wanted" >".venv/ready-$level"; done
say "ready, after $((SECONDS - begun)) s"
